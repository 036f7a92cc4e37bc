package account

import (
	"context"
	"fmt"
)

const (
	recoveryLetters = 16 // 79 bits
	recoverySet     = 10
)

// Recover uses up a recovery code, once, also when the TOTP pool is closed: it needs no slot of Challenge. A challenge gets
// five tries in five minutes and then Over; there is no day or year for recovery codes. At 79 bits none is needed: a
// million tries a second for a year find one of ten codes with p < 1e-9, while a limit over all challenges would let
// whoever has the password lock the owner out of his last way in. It returns ErrState unless the account is active.
func (s *Store) Recover(ctx context.Context, t Try) (Result, error) {
	if err := checkTry(t.Challenge, t.Pool); err != nil {
		return Result{}, fmt.Errorf("recover: %w", err)
	}
	r, err := s.find(ctx, "a.id", t.Account)
	if err != nil {
		return Result{}, fmt.Errorf("recover: %w", err)
	}
	if r.State != Active {
		return Result{}, fmt.Errorf("recover: %w", ErrState)
	}
	res, counted, err := s.countSmall(ctx, t.Account, recovering, t.Challenge)
	if err != nil || !counted {
		return res, err
	}
	code, ok := parseTyped(t.Code, recoveryLetters)
	if !ok {
		return res, nil
	}
	left := 0
	won, err := s.settle(ctx, t, &r, func(ctx context.Context, q queries) (won bool, err error) {
		if won, err = s.useRecoveryCode(ctx, q, &r, code); err != nil || !won {
			return won, err
		}
		err = q.row(ctx, `SELECT COUNT(*) FROM recovery_codes WHERE account = ? AND code_set = ? AND used_at = 0`, r.ID, r.codeSet).Scan(&left)
		return true, err
	})
	if err != nil {
		return res, err
	}
	if !won {
		return s.lost(ctx, t, recovering, res), nil
	}
	return Result{OK: true, CodesLeft: left}, nil
}

// countSmall reserves one of the five tries of a challenge outside the TOTP budget.
func (s *Store) countSmall(ctx context.Context, account string, pool Pool, id string) (res Result, counted bool, err error) {
	limit, life := recoverySlots, challengeLife
	if pool == enrolling {
		limit, life = slots, pendingLife
	}
	err = s.change(ctx, "reserve a try", func(ctx context.Context, q queries) error {
		res, counted = Result{}, false
		if err := s.lockPool(ctx, q, account, pool); err != nil {
			return err
		}
		st, err := s.standing(ctx, q, account, pool)
		if err != nil {
			return err
		}
		c, err := s.openSlot(ctx, q, account, pool, id, st.turn, limit, life)
		if err != nil {
			return err
		}
		if c.tries >= codesPerChallenge {
			res = c.over()
			return nil
		}
		left := codesPerChallenge - c.tries - 1
		res, counted = Result{Left: left, Over: left == 0}, true
		return s.countTry(ctx, q, account, pool, id)
	})
	if err != nil {
		return Result{}, false, err
	}
	return res, counted, nil
}

// useRecoveryCode: one conditional UPDATE decides who used it (S21). The MAC binds installation, account and set, so that a
// row copied from elsewhere or from an older set opens nothing.
func (s *Store) useRecoveryCode(ctx context.Context, q queries, r *record, code string) (bool, error) {
	for _, mac := range s.opt.Ring.MACs("recovery code", s.install, r.ID, r.codeSet, code) {
		n, err := q.exec(ctx, `UPDATE recovery_codes SET used_at = ? WHERE account = ? AND code_set = ? AND mac = ? AND used_at = 0`,
			s.millis(), r.ID, r.codeSet, mac)
		if err != nil || n == 1 {
			return n == 1, err
		}
	}
	return false, nil
}

// newCodes replaces the account's recovery codes and returns them in clear.
func (s *Store) newCodes(ctx context.Context, q queries, r *record) ([]string, error) {
	if err := s.dropCodes(ctx, q, r); err != nil {
		return nil, err
	}
	r.codeSet = randomID()
	codes := make([]string, recoverySet)
	for i := range codes {
		codes[i] = newTyped(recoveryLetters)
		plain, _ := parseTyped(codes[i], recoveryLetters)
		_, err := q.exec(ctx, `INSERT INTO recovery_codes (account, code_set, mac, created_at, used_at) VALUES (?, ?, ?, ?, 0)`,
			r.ID, r.codeSet, s.opt.Ring.MAC("recovery code", s.install, r.ID, r.codeSet, plain), s.millis())
		if err != nil {
			return nil, err
		}
	}
	return codes, nil
}

func (s *Store) dropCodes(ctx context.Context, q queries, r *record) error {
	r.codeSet = ""
	_, err := q.exec(ctx, `DELETE FROM recovery_codes WHERE account = ?`, r.ID)
	return err
}

// LooksLikeRecovery reports whether somebody typed a recovery code rather than a code of the app.
func LooksLikeRecovery(typed string) bool {
	_, ok := parseTyped(typed, recoveryLetters)
	return ok
}
