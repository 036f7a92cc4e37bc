package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Verify compares a TOTP code with the account's active factors: reserve one try (committed) → match → spend the step →
// refund. A code that is malformed, or right but spent, costs its try like a wrong one (S20, S25). It returns ErrState
// unless the account is active.
func (s *Store) Verify(ctx context.Context, t Try) (Result, error) {
	if err := checkTry(t.Challenge, t.Pool); err != nil {
		return Result{}, fmt.Errorf("verify: %w", err)
	}
	r, err := s.find(ctx, "a.id", t.Account)
	if err != nil {
		return Result{}, fmt.Errorf("verify: %w", err)
	}
	if r.State != Active {
		return Result{}, fmt.Errorf("verify: %w", ErrState)
	}
	res, reserved, err := s.reserve(ctx, t)
	if err != nil || !reserved {
		return res, err
	}
	step, ok := s.compare(t.Code, r.secrets)
	if !ok {
		return res, nil
	}
	won, err := s.settle(ctx, t, &r, func(ctx context.Context, q queries) (bool, error) {
		return s.spend(ctx, q, t.Account, step)
	})
	if err != nil {
		return res, err
	}
	if !won {
		return s.lost(ctx, t, t.Pool, res), nil
	}
	return Result{OK: true, Step: step, CodesLeft: r.CodesLeft}, nil
}

// over is what to say to a try of a challenge that takes none.
func (c slot) over() Result {
	if c.tries == wonTries {
		return Result{Won: true}
	}
	return Result{Over: true}
}

// lost is what to say to a right code that was used up meanwhile: by this very challenge, or by another.
func (s *Store) lost(ctx context.Context, t Try, pool Pool, res Result) Result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if c, err := s.findSlot(ctx, s.reading(), t.Account, pool, t.Challenge, challengeLife); err == nil && c.tries == wonTries {
		return Result{Won: true}
	}
	return res
}

func (s *Store) compare(typed string, secrets []Secret) (int64, bool) {
	code, ok := parseCode(typed)
	if !ok {
		return 0, false
	}
	s.compared()
	var step int64
	matched := false
	for _, secret := range secrets {
		if at, ok := secret.matchStep(code, s.opt.Now(), s.opt.Skew); ok {
			step, matched = max(step, at), true
		}
	}
	return step, matched
}

// reserve takes one try of the challenge and of its pool before anything is compared, so that parallel tries cannot all
// pass the same count (S22). The result is what to say if the code is wrong.
func (s *Store) reserve(ctx context.Context, t Try) (res Result, reserved bool, err error) {
	err = s.change(ctx, "reserve a try", func(ctx context.Context, q queries) error {
		res, reserved = Result{}, false
		if err := s.lockPool(ctx, q, t.Account, t.Pool); err != nil {
			return err
		}
		st, err := s.standing(ctx, q, t.Account, t.Pool)
		if err != nil {
			return err
		}
		c, err := s.findSlot(ctx, q, t.Account, t.Pool, t.Challenge, challengeLife)
		if errors.Is(err, sql.ErrNoRows) || err == nil && c.tries >= codesPerChallenge {
			res = c.over()
			return errNothing
		}
		if err != nil {
			return err
		}
		refused, ok := st.refusal(s.opt.Now(), s.opt.Skew)
		if !ok && st.extra == 0 {
			refused.Left = codesPerChallenge - c.tries
			res = refused
			return errNothing
		}
		if !ok {
			st.extra--
		}
		res, reserved = st.afterFailure(c, s.opt.Skew), true
		return s.writeTry(ctx, q, t, st, c)
	})
	if err != nil {
		return Result{}, false, err
	}
	return res, reserved, nil
}

// afterFailure is the pool and the challenge once this try has failed.
func (st standing) afterFailure(c slot, skew int) Result {
	st.today++
	st.thisYear++
	left := codesPerChallenge - c.tries - 1
	pool := max(st.left(skew), st.extra)
	return Result{Left: max(min(left, pool), 0), Over: left <= 0, Closed: pool <= 0, Notice: st.notice(skew)}
}

func (s *Store) writeTry(ctx context.Context, q queries, t Try, st standing, c slot) error {
	if _, err := q.exec(ctx, `INSERT INTO failures (account, pool, turn, challenge, at, refunded) VALUES (?, ?, ?, ?, ?, 0)`,
		t.Account, string(t.Pool), st.turn, c.turn, s.millis()); err != nil {
		return err
	}
	if _, err := q.exec(ctx, `UPDATE budgets SET extra = ? WHERE account = ? AND pool = ?`, st.extra, t.Account, string(t.Pool)); err != nil {
		return err
	}
	return s.countTry(ctx, q, t.Account, t.Pool, t.Challenge)
}

// countTry leaves the mark of a challenge that was won since it was found: who wins holds the lock of another pool.
func (s *Store) countTry(ctx context.Context, q queries, account string, pool Pool, id string) error {
	_, err := q.exec(ctx, `UPDATE challenges SET tries = tries + 1 WHERE account = ? AND pool = ? AND id = ? AND tries < ?`,
		account, string(pool), id, codesPerChallenge)
	return err
}

// settle ends a challenge whose code was right: the code is used up by use, the challenge's own failures are refunded, its
// slots freed. won is false when the code was used before, or the account changed while it was compared.
func (s *Store) settle(ctx context.Context, t Try, r *record, use func(context.Context, queries) (bool, error)) (won bool, err error) {
	err = s.change(ctx, "settle the challenge", func(ctx context.Context, q queries) error {
		won = false
		if err := s.lockPool(ctx, q, t.Account, t.Pool); err != nil {
			return err
		}
		var state State
		var generation int64
		err := q.row(ctx, `SELECT state, generation FROM accounts WHERE id = ?`, t.Account).Scan(&state, &generation)
		if err != nil {
			return err
		}
		if state != Active || generation != r.Generation {
			return errNothing
		}
		if won, err = use(ctx, q); err != nil {
			return err
		}
		if !won {
			return errNothing
		}
		return s.refund(ctx, q, t)
	})
	return won && err == nil, err
}

// spend uses up step and all before it, in every session, node and factor: one conditional UPDATE decides (S20, S21).
func (s *Store) spend(ctx context.Context, q queries, account string, step int64) (bool, error) {
	n, err := q.exec(ctx, `UPDATE spent_steps SET last_step = ?, spent_at = ? WHERE account = ? AND last_step < ?`,
		step, s.millis(), account, step)
	return n == 1, err
}

func (s *Store) refund(ctx context.Context, q queries, t Try) error {
	_, err := q.exec(ctx, `UPDATE failures SET refunded = 1 WHERE account = ? AND pool = ? AND challenge IN
		(SELECT turn FROM challenges WHERE account = ? AND pool = ? AND id = ?)`,
		t.Account, string(t.Pool), t.Account, string(t.Pool), t.Challenge)
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, `UPDATE challenges SET tries = ? WHERE account = ? AND id = ?`, wonTries, t.Account, t.Challenge)
	return err
}
