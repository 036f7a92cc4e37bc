package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrIdentity says that the panel's word for a person cannot be a key: empty, longer than 250 bytes, not UTF-8, or with
// control characters.
var ErrIdentity = errors.New("the panel's word for the person cannot be used")

const longestName = 250

// Meet finds the account behind a right password, or makes it: state none, the name pinned as the panel says it now. It
// is found by Identity.Key alone; a later change of the name changes nothing here. It returns *Conflict when the name is
// pinned to another key (S16), ErrTampered, or ErrIdentity. After a Rekey an account of that name that waits is taken over, and
// somebody new may have to enrol with a ticket.
func (s *Store) Meet(ctx context.Context, who Identity) (Account, error) {
	if err := who.check(); err != nil {
		return Account{}, err
	}
	r, err := s.find(ctx, "a.panel_key", who.Key())
	if errors.Is(err, ErrNotFound) {
		return s.admit(ctx, who)
	}
	if err != nil {
		return Account{}, fmt.Errorf("meet: %w", err)
	}
	if r.Name == who.Name {
		return r.Account, nil
	}
	holder, err := s.find(ctx, "a.name", who.Name)
	if errors.Is(err, ErrNotFound) {
		return r.Account, nil // renamed in the panel: the pinned name stays until `users rename`
	}
	if err != nil {
		return Account{}, fmt.Errorf("meet: %w", err)
	}
	return Account{}, conflict(who, holder, "rename", " NEW-NAME")
}

func (i Identity) check() error {
	for _, word := range []string{i.Name, i.Key()} {
		if word == "" || len(word) > longestName+len("name:") || !utf8.ValidString(word) || strings.ContainsFunc(word, control) {
			return ErrIdentity
		}
	}
	if len(i.Name) > longestName {
		return ErrIdentity
	}
	return nil
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// taken is the conflict of a name that belongs to another account. Whoever has a second factor may only have been renamed in the
// panel: to delete that account would let its owner in without one.
func taken(who Identity, holder record) *Conflict {
	if holder.State == None {
		return conflict(who, holder, "delete", "")
	}
	c := conflict(who, holder, "rename", " NEW-NAME")
	c.Command += " (if that person is gone: " + conflict(who, holder, "delete", "").Command + ")"
	return c
}

func conflict(who Identity, holder record, verb, rest string) *Conflict {
	return &Conflict{Name: who.Name, Pinned: holder.Key, Command: "ispgate users " + verb + " " + shellQuote(holder.Key) + rest}
}

// shellQuote keeps a name that the panel gave us one word in the operator's shell.
func shellQuote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// admit makes the account of somebody new. Two at once: the second finds the row of the first.
func (s *Store) admit(ctx context.Context, who Identity) (Account, error) {
	holder, err := s.find(ctx, "a.name", who.Name)
	switch {
	case err == nil && holder.Key == who.Key():
		return holder.Account, nil // made since we looked
	case err == nil && waits(holder.Key) && who.Realm == "":
		return s.match(ctx, holder, who)
	case err == nil:
		return Account{}, taken(who, holder)
	case !errors.Is(err, ErrNotFound):
		return Account{}, fmt.Errorf("meet: %w", err)
	}
	r := record{Account: Account{ID: randomID(), Key: who.Key(), Name: who.Name, State: None, Generation: 1}, panel: s.opt.Panel}
	err = s.change(ctx, "admit an account", func(ctx context.Context, q queries) error {
		if err := errors.Join(s.checkRoll(ctx, q), s.checkFingerprint(ctx, q)); err != nil {
			return err
		}
		if r.State, err = s.newcomer(ctx, q); err != nil {
			return err
		}
		return s.insertRecord(ctx, q, &r)
	})
	if err == nil {
		return r.Account, nil
	}
	if there, again := s.find(ctx, "a.panel_key", who.Key()); again == nil {
		return there.Account, nil
	}
	return Account{}, fmt.Errorf("meet: %w", err)
}

func (s *Store) insertRecord(ctx context.Context, q queries, r *record) error {
	_, err := q.exec(ctx, `INSERT INTO accounts (id, panel, panel_key, name, state, generation, enabled_at, factors, code_set, turn, created_at, mac)
		VALUES (?, ?, ?, ?, ?, ?, 0, '', '', 0, ?, ?)`, r.ID, r.panel, r.Key, r.Name, string(r.State), r.Generation, s.millis(),
		s.opt.Ring.MAC("account", s.recordParts(r)...))
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, `INSERT INTO spent_steps (account, last_step, spent_at) VALUES (?, 0, 0)`, r.ID)
	return err
}
