package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	slots             = 3 // open challenges in a pool
	recoverySlots     = 100
	codesPerChallenge = 5
	challengeLife     = 5 * time.Minute
	pendingLife       = 20 * time.Minute // of a secret that is being enrolled
)

// slot is one open challenge.
type slot struct {
	turn  int64 // its number in the pool: the failures that a success refunds
	tries int
}

// wonTries marks a challenge that ended in success: whoever sends its form again is told so, and is not taken for somebody
// who used it up (S32). Challenge takes the mark away, in every pool, also when it says Closed: a recovery code may follow.
const wonTries = 1 << 20

// Challenge opens a slot for a challenge: OK; or Closed, and no slot; or Over, when its five codes are used up and its five
// minutes not yet over. A wait is not its business: Verify refuses codes that come too early. It is called after a right
// password, and in a full session before a confirmation. One that is open stays as it is. When the pool has three already,
// its oldest is evicted, never another pool's.
func (s *Store) Challenge(ctx context.Context, account, challenge string, pool Pool) (Result, error) {
	if err := checkTry(challenge, pool); err != nil {
		return Result{}, fmt.Errorf("challenge: %w", err)
	}
	if _, err := s.Get(ctx, account); err != nil {
		return Result{}, fmt.Errorf("challenge: %w", err)
	}
	var res Result
	err := s.change(ctx, "open a challenge", func(ctx context.Context, q queries) error {
		if err := s.lockPool(ctx, q, account, pool); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM challenges WHERE account = ? AND id = ? AND tries = ?`, account, challenge, wonTries); err != nil {
			return err
		}
		st, err := s.standing(ctx, q, account, pool)
		if err != nil {
			return err
		}
		if refused, _ := st.refusal(s.opt.Now(), s.opt.Skew); refused.Closed && st.extra == 0 {
			res = refused
			return nil
		}
		c, err := s.openSlot(ctx, q, account, pool, challenge, st.turn, slots, challengeLife)
		if err != nil {
			return err
		}
		left := codesPerChallenge - c.tries
		res = Result{OK: left > 0, Over: left <= 0, Left: min(left, max(st.left(s.opt.Skew), st.extra))}
		return nil
	})
	return res, err
}

func checkTry(challenge string, pool Pool) error {
	if challenge == "" || len(challenge) > 128 {
		return errors.New("a challenge's id has 1 to 128 bytes")
	}
	return checkPool(pool)
}

// openSlot finds the challenge or opens it, evicting the oldest beyond limit. The pool is locked.
func (s *Store) openSlot(ctx context.Context, q queries, account string, pool Pool, id string, turn int64, limit int, life time.Duration) (slot, error) {
	if _, err := q.exec(ctx, `DELETE FROM challenges WHERE account = ? AND pool = ? AND opened_at <= ?`,
		account, string(pool), s.opt.Now().Add(-life).UnixMilli()); err != nil {
		return slot{}, err
	}
	c, err := s.findSlot(ctx, q, account, pool, id, life)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		return c, err
	}
	if err := s.evict(ctx, q, account, pool, limit-1); err != nil {
		return slot{}, err
	}
	_, err = q.exec(ctx, `INSERT INTO challenges (account, pool, id, turn, opened_at, tries) VALUES (?, ?, ?, ?, ?, 0)`,
		account, string(pool), id, turn, s.millis())
	return slot{turn: turn}, err
}

// findSlot returns sql.ErrNoRows when the challenge was never opened, evicted, ended, or is past its time.
func (s *Store) findSlot(ctx context.Context, q queries, account string, pool Pool, id string, life time.Duration) (slot, error) {
	var c slot
	err := q.row(ctx, `SELECT turn, tries FROM challenges WHERE account = ? AND pool = ? AND id = ? AND opened_at > ?`,
		account, string(pool), id, s.opt.Now().Add(-life).UnixMilli()).Scan(&c.turn, &c.tries)
	return c, err
}

// evict leaves the newest `keep` of the challenges that still have a code, and as many of those used up, which take no slot (S34).
// Of those won there are never more than codes that were right.
func (s *Store) evict(ctx context.Context, q queries, account string, pool Pool, keep int) error {
	var old []int64
	n := map[bool]int{}
	err := q.each(ctx, func(scan scanner) error {
		var turn int64
		var tries int
		if err := scan(&turn, &tries); err != nil {
			return err
		}
		used := tries >= codesPerChallenge
		if n[used]++; n[used] > keep {
			old = append(old, turn)
		}
		return nil
	}, `SELECT turn, tries FROM challenges WHERE account = ? AND pool = ? AND tries < ? ORDER BY turn DESC`, account, string(pool), wonTries)
	if err != nil {
		return err
	}
	for _, turn := range old {
		if _, err := q.exec(ctx, `DELETE FROM challenges WHERE account = ? AND pool = ? AND turn = ?`, account, string(pool), turn); err != nil {
			return err
		}
	}
	return nil
}

// EndChallenge frees the slots of a challenge in every pool. It refunds nothing.
func (s *Store) EndChallenge(ctx context.Context, account, challenge string) error {
	return s.change(ctx, "end the challenge", func(ctx context.Context, q queries) error {
		_, err := q.exec(ctx, `DELETE FROM challenges WHERE account = ? AND id = ?`, account, challenge)
		return err
	})
}
