package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
)

const (
	changedRow  = "it was changed, or not written by ispgate"
	missingRows = "rows before it are missing"
	cutRows     = "the log names this row, and it is not there: the chain's end was removed, or all of it"
	otherRow    = "the log names another row of this number"
	noRows      = "there are accounts, and not one row: the trail was removed"
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

// Trail is what VerifyAudit found.
type Trail struct {
	Chains []Chain // in the order of their ids
	Breaks []Break // at most one for each chain: what follows it proves nothing
}

// Chain is one of the trail: whole as far as its last row, unless a Break names it.
type Chain struct {
	ID   string
	Rows int    // that are there
	Last int64  // the number of the last row
	Head []byte // its MAC, to be compared with "audit head" in the log
}

// Break is the first row of a chain that is not as ispgate wrote it. Row 0: the checkpoint of what retention removed, or without a
// chain the trail as a whole.
type Break struct {
	Chain string
	Row   int64
	What  string
}

// VerifyAudit walks every chain and finds the first row of each that was changed, inserted, or has rows missing before it. Rows
// cut off a chain's end, or a whole chain, show only against the heads that the log named: each must be there, unless retention
// removed it. It takes as long as the trail is long; ctx ends it.
func (s *Store) VerifyAudit(ctx context.Context, heads []Head) (Trail, error) {
	checkpoints, breaks, err := s.checkpoints(ctx)
	if err != nil {
		return Trail{}, err
	}
	out, named := Trail{Breaks: breaks}, rowsOf(heads)
	var last Entry
	err = s.reading().each(ctx, func(scan scanner) error {
		e, err := scanEntry(scan)
		if err != nil {
			return err
		}
		if n := len(out.Chains); n == 0 || e.Chain != out.Chains[n-1].ID {
			out.Chains = append(out.Chains, Chain{ID: e.Chain})
			last = checkpoints[e.Chain] // the zero one for a chain that nothing was removed from
		}
		c := &out.Chains[len(out.Chains)-1]
		c.Rows, c.Last, c.Head = c.Rows+1, e.Seq, e.mac
		if what := s.brokenAt(last, e); what != "" && !out.broken(e.Chain) {
			out.Breaks = append(out.Breaks, Break{e.Chain, e.Seq, what})
		}
		named.saw(e)
		last = e
		return nil
	}, selectEntries+`ORDER BY chain, seq`)
	if err != nil {
		return Trail{}, fmt.Errorf("verify the audit trail: %w", err)
	}
	named.compare(&out, heads, checkpoints)
	if len(out.Chains) == 0 && len(checkpoints) == 0 && len(out.Breaks) == 0 {
		if err := s.neverWritten(ctx, &out); err != nil {
			return Trail{}, fmt.Errorf("verify the audit trail: %w", err)
		}
	}
	return out, nil
}

// neverWritten: every account comes with a row of its first login.
func (s *Store) neverWritten(ctx context.Context, out *Trail) error {
	var accounts int
	err := s.reading().row(ctx, `SELECT COUNT(*) FROM accounts`).Scan(&accounts)
	if accounts > 0 {
		out.Breaks = append(out.Breaks, Break{What: noRows})
	}
	return err
}

func (t Trail) broken(chain string) bool {
	return slices.ContainsFunc(t.Breaks, func(b Break) bool { return b.Chain == chain })
}

func (s *Store) brokenAt(last, e Entry) string {
	err := s.opt.Ring.CheckMAC(e.mac, "audit", s.entryParts(e)...)
	switch {
	case errors.Is(err, keyring.ErrUnknownKey):
		return err.Error()
	case err != nil:
		return changedRow
	case e.Seq != last.Seq+1 || !bytes.Equal(e.prev, last.mac):
		return missingRows
	}
	return ""
}

// checkpoints are, for each chain, the last row that retention removed. One that is not ours counts as none.
func (s *Store) checkpoints(ctx context.Context) (map[string]Entry, []Break, error) {
	out := map[string]Entry{}
	var breaks []Break
	err := s.reading().each(ctx, func(scan scanner) error {
		var e Entry
		var at int64
		var mac []byte
		if err := scan(&e.Chain, &e.Seq, &e.mac, &at, &mac); err != nil {
			return err
		}
		e.At = time.UnixMilli(at)
		if err := s.opt.Ring.CheckMAC(mac, "audit checkpoint", s.checkpointParts(e)...); err != nil {
			breaks = append(breaks, Break{e.Chain, 0, fmt.Sprintf("the checkpoint of removed rows: %v", err)})
			return nil
		}
		out[e.Chain] = e
		return nil
	}, `SELECT chain, seq, head, at, mac FROM audit_checkpoints ORDER BY chain`)
	if err != nil {
		return nil, nil, fmt.Errorf("read audit checkpoints: %w", err)
	}
	return out, breaks, nil
}
