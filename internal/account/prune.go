package account

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Prune removes what has no effect any more: audit rows older than retention (a checkpoint keeps their chains verifiable),
// failures older than the budget's year, revocations that no session can have lived through, since none lives longer than
// sessions, challenges and tickets past their time. It takes as long as ctx allows.
func (s *Store) Prune(ctx context.Context, retention, sessions time.Duration) error {
	now := s.opt.Now()
	for _, old := range []struct {
		text   string
		before time.Duration
	}{
		{`DELETE FROM failures WHERE at < ?`, year + day},
		{`DELETE FROM revocations WHERE at < ?`, sessions + day},
		{`DELETE FROM challenges WHERE opened_at < ?`, pendingLife},
		{`DELETE FROM tickets WHERE expires_at <= ?`, 0},
	} {
		err := s.changeSlowly(ctx, "prune", func(ctx context.Context, q queries) error {
			_, err := q.exec(ctx, old.text, now.Add(-old.before).UnixMilli())
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.pruneAudit(ctx, now.Add(-retention).UnixMilli())
}

// pruneAudit removes a prefix of each chain: everything up to its last row older than cutoff.
func (s *Store) pruneAudit(ctx context.Context, cutoff int64) error {
	var ends []Entry
	err := s.reading().each(ctx, func(scan scanner) error {
		var e Entry
		err := scan(&e.Chain, &e.Seq)
		ends = append(ends, e)
		return err
	}, `SELECT chain, MAX(seq) FROM audit WHERE at < ? GROUP BY chain`, cutoff)
	if err != nil {
		return fmt.Errorf("prune the audit trail: %w", err)
	}
	for _, end := range ends {
		if err := s.cutChain(ctx, end.Chain, end.Seq); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) cutChain(ctx context.Context, chain string, seq int64) error {
	return s.changeSlowly(ctx, "prune the audit trail", func(ctx context.Context, q queries) error {
		e := Entry{Chain: chain, Seq: seq, At: time.UnixMilli(s.millis())}
		if err := q.row(ctx, `SELECT mac FROM audit WHERE chain = ? AND seq = ?`, chain, seq).Scan(&e.mac); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM audit WHERE chain = ? AND seq <= ?`, chain, seq); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM audit_checkpoints WHERE chain = ?`, chain); err != nil {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO audit_checkpoints (chain, seq, head, at, mac) VALUES (?, ?, ?, ?, ?)`,
			chain, seq, e.mac, e.At.UnixMilli(), s.opt.Ring.MAC("audit checkpoint", s.checkpointParts(e)...))
		return err
	})
}

func (s *Store) checkpointParts(e Entry) []string {
	return []string{s.install, e.Chain, strconv.FormatInt(e.Seq, 10), string(e.mac), strconv.FormatInt(e.At.UnixMilli(), 10)}
}
