package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// pruneBatch is how many rows one transaction removes: a table that grew for years must not hold locks, or a connection,
// for longer than a login waits.
const pruneBatch = 1000

// Prune removes what has no effect any more: audit rows older than retention (a checkpoint keeps their chains verifiable),
// failures older than the budget's year, revocations that no session can have lived through, since none lives longer than
// sessions, challenges and tickets past their time, browsers that nobody uses. It takes as long as ctx allows, in small transactions.
func (s *Store) Prune(ctx context.Context, retention, sessions time.Duration) error {
	now := s.millis()
	var here int64 // by the database's clock, which alone tells the age of a revocation
	if err := s.reading().row(ctx, `SELECT `+s.db.kind.now).Scan(&here); err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	for _, old := range []struct {
		table, column string
		before        int64
	}{
		{"failures", "at", now - (year + day).Milliseconds()},
		{"revoked", "at", here - (sessions + day).Milliseconds()},
		{"challenges", "opened_at", now - pendingLife.Milliseconds()},
		{"tickets", "expires_at", now + 1},
		{"browsers", "seen_at", now - browserLife.Milliseconds() + 1},
	} {
		if err := s.sweep(ctx, old.table, old.column, old.before); err != nil {
			return fmt.Errorf("prune %s: %w", old.table, err)
		}
	}
	if err := s.pruneBrowsers(ctx); err != nil {
		return err
	}
	return s.pruneAudit(ctx, now-retention.Milliseconds())
}

// sweep removes the rows whose column is below before, oldest first.
func (s *Store) sweep(ctx context.Context, table, column string, before int64) error {
	for more := true; more; {
		last := before - 1
		err := s.reading().row(ctx, `SELECT `+column+` FROM `+table+` WHERE `+column+` < ? ORDER BY `+column+` LIMIT 1 OFFSET ?`,
			before, pruneBatch-1).Scan(&last)
		if more = err == nil; !more && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		err = s.change(ctx, "remove", func(ctx context.Context, q queries) error {
			_, err := q.exec(ctx, `DELETE FROM `+table+` WHERE `+column+` <= ?`, last)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pruneAudit removes a prefix of each chain: everything up to its last row older than cutoff.
func (s *Store) pruneAudit(ctx context.Context, cutoff int64) error {
	var ends []span
	err := s.reading().each(ctx, func(scan scanner) error {
		var e span
		err := scan(&e.chain, &e.first, &e.last)
		ends = append(ends, e)
		return err
	}, `SELECT o.chain, (SELECT MIN(a.seq) FROM audit a WHERE a.chain = o.chain), MAX(o.seq) FROM audit o WHERE o.at < ? GROUP BY o.chain`, cutoff)
	if err != nil {
		return fmt.Errorf("prune the audit trail: %w", err)
	}
	for _, end := range ends {
		for seq := end.first; seq <= end.last; seq += pruneBatch {
			if err := s.cutChain(ctx, end.chain, min(seq+pruneBatch-1, end.last)); err != nil {
				return err
			}
		}
	}
	return nil
}

// span is a piece of one audit chain.
type span struct {
	chain       string
	first, last int64
}

// cutChain removes a chain up to seq, and remembers where it goes on.
func (s *Store) cutChain(ctx context.Context, chain string, seq int64) error {
	return s.change(ctx, "prune the audit trail", func(ctx context.Context, q queries) error {
		e := Entry{Chain: chain, At: time.UnixMilli(s.millis())}
		err := q.row(ctx, `SELECT seq, mac FROM audit WHERE chain = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`, chain, seq).Scan(&e.Seq, &e.mac)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // a hole: verifying the chain tells of it
		}
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM audit WHERE chain = ? AND seq <= ?`, chain, seq); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM audit_checkpoints WHERE chain = ?`, chain); err != nil {
			return err
		}
		_, err = q.exec(ctx, `INSERT INTO audit_checkpoints (chain, seq, head, at, mac) VALUES (?, ?, ?, ?, ?)`,
			chain, e.Seq, e.mac, e.At.UnixMilli(), s.opt.Ring.MAC("audit checkpoint", s.checkpointParts(e)...))
		return err
	})
}

func (s *Store) checkpointParts(e Entry) []string {
	return []string{s.install, e.Chain, strconv.FormatInt(e.Seq, 10), string(e.mac), strconv.FormatInt(e.At.UnixMilli(), 10)}
}
