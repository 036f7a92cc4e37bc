package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	waiting    = "was:" // before the key of an account that waits for its owner since a Rekey
	longestKey = 255    // bytes of the column
	rekeyTime  = time.Minute
)

// Rekeying is what Rekey did, or would do. Old and New are equal where nothing has changed.
type Rekeying struct {
	Old, New string    // fingerprints
	Accounts []Account // all of them, as they were
}

// Waits counts the accounts that somebody without a second factor might walk round until they are matched: those that have one,
// and those that are to enrol with a ticket.
func (r Rekeying) Waits() (n int) {
	for _, a := range r.Accounts {
		if a.State != None && !a.Emergency() {
			n++
		}
	}
	return n
}

// Rekey settles a changed fingerprint, or with dry only says what it would do. Keys of before mean nothing any more, so every
// account of the panel waits, with its factor, for whoever the panel calls by the name pinned to it: that login takes the account over, and is
// asked for its code (Meet). Until none of those with a factor waits, nobody else is let in without a ticket. All sessions end. A
// gateway that still runs with the old configuration admits nobody new. It returns the errors of Open but ErrFingerprint, and
// ErrTampered.
func Rekey(ctx context.Context, opt Options, by string, dry bool) (out Rekeying, err error) {
	if err := opt.check(); err != nil {
		return Rekeying{}, err
	}
	db, err := dial(ctx, opt.URL)
	if err != nil {
		return Rekeying{}, err
	}
	s := newStore(opt, db)
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.recognise(ctx); err != nil {
		return Rekeying{}, err
	}
	if dry {
		return s.rekeying(ctx, s.reading())
	}
	if err := s.db.migrate(ctx); err != nil {
		return Rekeying{}, err
	}
	s.openTrail()
	ctx, cancel := context.WithTimeout(ctx, rekeyTime)
	defer cancel()
	err = s.once(ctx, func(ctx context.Context, q queries) error {
		if err := s.lockRoll(ctx, q); err != nil {
			return err
		}
		if out, err = s.rekeying(ctx, q); err != nil || out.Old == out.New {
			return err
		}
		return s.rekey(ctx, q)
	})
	if err != nil {
		return Rekeying{}, fmt.Errorf("rekey: %w", err)
	}
	if out.Old != out.New {
		s.Audit(ctx, Event{Kind: "rekeyed", Detail: by})
	}
	return out, nil
}

func (s *Store) rekeying(ctx context.Context, q queries) (out Rekeying, err error) {
	out.New = s.opt.Fingerprint
	if out.Old, err = s.readMeta(ctx, q, metaFingerprint, s.install); err != nil || out.Old == out.New {
		return out, err
	}
	records, err := s.everyPanel(ctx, q)
	for _, r := range records {
		out.Accounts = append(out.Accounts, r.Account)
	}
	return out, err
}

// everyPanel reads the accounts of whatever panel id they were made under.
func (s *Store) everyPanel(ctx context.Context, q queries) (out []record, err error) {
	var panels []string
	err = q.each(ctx, func(scan scanner) error {
		panels = append(panels, "")
		return scan(&panels[len(panels)-1])
	}, `SELECT DISTINCT panel FROM accounts ORDER BY panel`)
	if err != nil {
		return nil, fmt.Errorf("list panels: %w", err)
	}
	for _, panel := range panels {
		rows, err := s.readList(ctx, q, panel)
		if err != nil {
			return nil, fmt.Errorf("list accounts: %w", err)
		}
		for _, l := range rows {
			if err := s.verifyRecord(&l.record, l.sealed); err != nil {
				return nil, err
			}
			out = append(out, l.record)
		}
	}
	return out, nil
}

// rekey runs while the roll is locked.
func (s *Store) rekey(ctx context.Context, q queries) error {
	records, err := s.everyPanel(ctx, q)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := s.moveSpellings(ctx, q, r); err != nil {
			return err
		}
		r.panel = s.opt.Panel
		if !r.Emergency() { // a realm of its own: its names mean what they meant
			r.Key = waitingKey(r.Account)
		}
		r.Generation++
		if err := s.overwrite(ctx, q, &r); err != nil {
			return err
		}
		if err := s.announce(ctx, q, Revocation{Account: r.ID, Generation: r.Generation}); err != nil {
			return err
		}
	}
	if err := s.writeRoll(ctx, q); err != nil {
		return err
	}
	_, err = q.exec(ctx, `UPDATE meta SET value = ?, mac = ? WHERE name = ?`,
		s.opt.Fingerprint, s.metaMAC(metaFingerprint, s.opt.Fingerprint), metaFingerprint)
	return err
}

// moveSpellings takes the typed names that an account remembers to the panel id of now.
func (s *Store) moveSpellings(ctx context.Context, q queries, r record) error {
	if r.panel == s.opt.Panel {
		return nil
	}
	var names []string
	err := q.each(ctx, func(scan scanner) error {
		names = append(names, "")
		return scan(&names[len(names)-1])
	}, `SELECT spelling FROM spellings WHERE panel = ? AND account = ?`, r.panel, r.ID)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := s.typed(ctx, q, r.panel, name); err != nil {
			return err
		}
		_, err := q.exec(ctx, `UPDATE spellings SET panel = ?, mac = ? WHERE panel = ? AND spelling = ?`,
			s.opt.Panel, s.opt.Ring.MAC("spelling", s.install, s.opt.Panel, name, r.ID), r.panel, name)
		if err != nil {
			return err
		}
	}
	return nil
}

// waitingKey is no key that a panel's word can make; what it was stays readable where it fits.
func waitingKey(a Account) string {
	switch {
	case waits(a.Key):
		return a.Key
	case len(waiting+a.Key) > longestKey:
		return waiting + a.ID
	}
	return waiting + a.Key
}

func waits(key string) bool { return strings.HasPrefix(key, waiting) }

// newcomer is the state of somebody whose factor, if there is one, would not be found: while accounts with a factor wait for their
// owners, a password alone lets nobody in (S16).
func (s *Store) newcomer(ctx context.Context, q queries) (State, error) {
	var n int
	err := q.row(ctx, `SELECT COUNT(*) FROM accounts WHERE panel = ? AND state <> ? AND panel_key LIKE ?`, s.opt.Panel, string(None), waiting+"%").Scan(&n)
	if err != nil {
		return "", fmt.Errorf("count accounts that wait: %w", err)
	}
	if n == 0 {
		return None, nil
	}
	s.opt.Log.Warn("somebody new enrols with a ticket, because accounts wait for their owners since users rekey: "+
		"see users list; users rename and users delete settle those whose owners will not come", "waiting", n)
	return Reset, nil
}

// match gives an account that waits to whoever the panel calls by its name.
func (s *Store) match(ctx context.Context, holder record, who Identity) (Account, error) {
	var found Account
	err := s.alter(ctx, "match an account", holder.ID, func(ctx context.Context, q queries, r *record) (err error) {
		if err := s.checkFingerprint(ctx, q); err != nil {
			return err
		}
		switch {
		case r.Key == who.Key(): // somebody was faster
		case !waits(r.Key) || r.Name != who.Name:
			return taken(who, *r)
		default:
			r.Key = who.Key()
			if r.State == None {
				r.State, err = s.newcomer(ctx, q)
			}
		}
		found = r.Account
		return err
	})
	if err != nil {
		return Account{}, fmt.Errorf("meet: %w", err)
	}
	s.Audit(ctx, Event{Kind: "matched", Account: found.ID, Name: found.Name})
	return found, nil
}
