package account

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

const selectEntries = `SELECT chain, seq, prev, at, kind, account, name, address, session, request, detail, mac FROM audit `

func scanEntry(scan scanner) (Entry, error) {
	var e Entry
	var at int64
	err := scan(&e.Chain, &e.Seq, &e.prev, &at, &e.Kind, &e.Account, &e.Name, &e.Address, &e.Session, &e.Request, &e.Detail, &e.mac)
	e.At = time.UnixMilli(at)
	return e, err
}

// AuditEvents returns the newest rows of the trail, the latest first, at most limit.
func (s *Store) AuditEvents(ctx context.Context, limit int) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var out []Entry
	err := s.reading().each(ctx, func(scan scanner) error {
		e, err := scanEntry(scan)
		out = append(out, e)
		return err
	}, selectEntries+`ORDER BY at DESC, chain, seq DESC LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("read the audit trail: %w", err)
	}
	return out, nil
}

// VerifyAudit walks every chain. ok is false and broken says where, when a row was changed, inserted, or removed from the
// middle or the beginning. Rows cut off a chain's end, or a whole chain, show only against the heads in the log. It takes as
// long as the trail is long; ctx ends it.
func (s *Store) VerifyAudit(ctx context.Context) (ok bool, broken string, err error) {
	checkpoints, broken, err := s.checkpoints(ctx)
	if err != nil || broken != "" {
		return false, broken, err
	}
	var last Entry
	err = s.reading().each(ctx, func(scan scanner) error {
		e, err := scanEntry(scan)
		if err != nil || broken != "" {
			return err
		}
		if e.Chain != last.Chain {
			last = checkpoints[e.Chain] // the zero one for a chain that nothing was removed from
		}
		broken = s.brokenAt(last, e)
		last = e
		return nil
	}, selectEntries+`ORDER BY chain, seq`)
	if err != nil {
		return false, "", fmt.Errorf("verify the audit trail: %w", err)
	}
	return broken == "", broken, nil
}

func (s *Store) brokenAt(last, e Entry) string {
	at := fmt.Sprintf("chain %s, row %d", e.Chain, e.Seq)
	switch {
	case !s.opt.Ring.CheckMAC(e.mac, "audit", s.entryParts(e)...):
		return at + ": was changed, or not written by ispgate"
	case e.Seq != last.Seq+1 || !bytes.Equal(e.prev, last.mac):
		return fmt.Sprintf("%s: rows before it are missing", at)
	}
	return ""
}

// checkpoints are, for each chain, the last row that retention removed.
func (s *Store) checkpoints(ctx context.Context) (map[string]Entry, string, error) {
	out := map[string]Entry{}
	broken := ""
	err := s.reading().each(ctx, func(scan scanner) error {
		var e Entry
		var at int64
		var mac []byte
		if err := scan(&e.Chain, &e.Seq, &e.mac, &at, &mac); err != nil {
			return err
		}
		e.At = time.UnixMilli(at)
		if !s.opt.Ring.CheckMAC(mac, "audit checkpoint", s.checkpointParts(e)...) {
			broken = fmt.Sprintf("chain %s: its checkpoint was changed", e.Chain)
		}
		out[e.Chain] = e
		return nil
	}, `SELECT chain, seq, head, at, mac FROM audit_checkpoints`)
	if err != nil {
		return nil, "", fmt.Errorf("read audit checkpoints: %w", err)
	}
	return out, broken, nil
}
