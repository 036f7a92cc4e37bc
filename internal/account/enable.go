package account

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// Enable confirms a pending secret with its current code and activates exactly that secret (S26). It writes the factor, ten
// recovery codes, which it returns in clear once, and state active; the generation rises, which ends the account's other
// sessions and trusted devices (the caller's own session advances with the generation that Get then says). t.Pool is not
// used: a wrong code here guesses nothing about an active factor. A pending secret gets five tries in a session, then
// Over: make a new one. It returns ErrState when a factor is active already. A ticket is demanded where t says so and in
// state reset (S18); BadTicket costs a try, too, and leaves the ticket as it is. Success voids the account's ticket, needed
// or not.
func (s *Store) Enable(ctx context.Context, t Try, pending Secret) ([]string, Result, error) {
	if t.Challenge == "" || pending.IsZero() {
		return nil, Result{}, errors.New("enable: no pending secret or no session")
	}
	r, err := s.find(ctx, "a.id", t.Account)
	if err != nil {
		return nil, Result{}, fmt.Errorf("enable: %w", err)
	}
	if r.State == Active {
		return nil, Result{}, fmt.Errorf("enable: %w", ErrState)
	}
	mac := s.opt.Ring.MAC("pending", s.install, t.Account, t.Challenge, string(pending.raw))
	res, counted, err := s.countSmall(ctx, t.Account, enrolling, hex.EncodeToString(mac))
	if err != nil || !counted {
		return nil, res, err
	}
	codes, step, err := s.enrol(ctx, r, t, pending)
	switch {
	case errors.Is(err, errTicket):
		res.BadTicket = true
		return nil, res, nil
	case errors.Is(err, errCode):
		return nil, res, nil
	case err != nil:
		return nil, Result{}, err
	}
	return codes, Result{OK: true, Step: step, CodesLeft: len(codes)}, nil
}

var errCode = errors.New("the code is wrong or spent")

// enrol looks at the ticket first: who has none learns nothing about the code.
func (s *Store) enrol(ctx context.Context, r record, t Try, pending Secret) ([]string, int64, error) {
	if err := s.checkTicket(ctx, s.reading(), &r, t); err != nil {
		return nil, 0, fmt.Errorf("enable: %w", err)
	}
	step, ok := s.compare(t.Code, []Secret{pending})
	if !ok {
		return nil, 0, errCode
	}
	codes, err := s.activate(ctx, r, t, pending, step)
	return codes, step, err
}

func (s *Store) activate(ctx context.Context, before record, t Try, pending Secret, step int64) (codes []string, err error) {
	err = s.alter(ctx, "enable", before.ID, func(ctx context.Context, q queries, r *record) error {
		if r.State == Active || r.Generation != before.Generation {
			return ErrState // somebody else was faster
		}
		if err := s.checkTicket(ctx, q, r, t); err != nil { // again, now that the account is locked: one ticket, one enrolment
			return err
		}
		won, err := s.spend(ctx, q, r.ID, step)
		if err != nil {
			return err
		}
		if !won {
			return errCode
		}
		factor := randomID()
		_, err = q.exec(ctx, `INSERT INTO factors (id, account, kind, secret, created_at) VALUES (?, ?, 'totp', ?, ?)`,
			factor, r.ID, s.secrets.Seal(pending.raw, s.install, r.ID, factor), s.millis())
		if err != nil {
			return err
		}
		if codes, err = s.newCodes(ctx, q, r); err != nil {
			return err
		}
		r.State, r.factors, r.Enabled = Active, factor, s.opt.Now()
		r.Generation++
		if err := s.dropTicket(ctx, q, r.ID); err != nil {
			return err
		}
		return s.dropDevices(ctx, q, r.ID)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}
