package account

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The budget of design 5. A pool allows `freely` wrong codes a day at once, then one after each wait, perDay in 24 hours
// and yearly in 365 days: an attacker who has the password but no device cookie wins with p < 1e-4 a year (S23).
const (
	freely    = 5
	firstWait = 30 * time.Second
	longest   = 15 * time.Minute
	perDay    = 10
	day       = 24 * time.Hour
	year      = 365 * day
)

// Notices are the numbers of wrong codes in a pool at which an administrator is told: two of a day, and one that stands for the
// last of a year, however many the skew allows.
func Notices() []int { return []int{noticeFirst, perDay, noticeYear} }

const (
	noticeFirst = 3
	noticeYear  = 30
)

// yearly is 30 at skew 1 and ⌊100/(2·skew+1)⌋ else: each comparison tries 2·skew+1 codes of a million.
func yearly(skew int) int {
	if skew == 1 {
		return 30
	}
	return 100 / (2*skew + 1)
}

// Pools for what is not compared with an active TOTP factor. A caller's pool never has these names.
const (
	enrolling  Pool = "enrolling"
	recovering Pool = "recovering"
)

// standing is where a pool is: unrefunded tries, those under way included.
type standing struct {
	today, thisYear int
	last            int64 // Unix ms of the latest one
	extra           int   // codes that an administrator granted
	turn            int64 // number of this transaction
}

// lockPool begins every budget transaction: the UPDATE makes the others wait, so that what is read after it stays true.
func (s *Store) lockPool(ctx context.Context, q queries, account string, pool Pool) error {
	n, err := q.exec(ctx, `UPDATE budgets SET turn = turn + 1 WHERE account = ? AND pool = ?`, account, string(pool))
	if err != nil || n == 1 {
		return err
	}
	if _, err := q.exec(ctx, `INSERT INTO budgets (account, pool, turn, extra) VALUES (?, ?, 1, 0)`, account, string(pool)); err != nil {
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	return nil
}

func (s *Store) standing(ctx context.Context, q queries, account string, pool Pool) (standing, error) {
	var st standing
	err := q.row(ctx, `SELECT turn, extra FROM budgets WHERE account = ? AND pool = ?`, account, string(pool)).Scan(&st.turn, &st.extra)
	if err != nil {
		return standing{}, err
	}
	now := s.opt.Now()
	err = q.row(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN at > ? THEN 1 ELSE 0 END), 0), COALESCE(MAX(at), 0)
		FROM failures WHERE account = ? AND pool = ? AND refunded = 0 AND at > ?`,
		now.Add(-day).UnixMilli(), account, string(pool), now.Add(-year).UnixMilli()).Scan(&st.thisYear, &st.today, &st.last)
	return st, err
}

// refusal is what keeps the pool from comparing one more code now; ok when nothing does.
func (st standing) refusal(now time.Time, skew int) (refused Result, ok bool) {
	if st.left(skew) <= 0 {
		return Result{Closed: true}, false
	}
	if wait := st.wait(now); wait > 0 {
		return Result{Wait: wait}, false
	}
	return Result{}, true
}

// left is how many more codes the day and the year allow.
func (st standing) left(skew int) int {
	return min(perDay-st.today, yearly(skew)-st.thisYear)
}

// wait counts from the last failure: 30 s after the fifth of a day, doubling to 15 minutes.
func (st standing) wait(now time.Time) time.Duration {
	if st.today < freely {
		return 0
	}
	pause := min(firstWait<<min(st.today-freely, freely), longest)
	return min(time.UnixMilli(st.last).Add(pause).Sub(now), pause) // a clock set back must not lengthen it
}

// Unlock grants the account one extra challenge of 5 codes in the pool of unknown browsers, and in each of its recognised ones,
// whatever their day, year or wait.
func (s *Store) Unlock(ctx context.Context, account string) error {
	if _, err := s.Get(ctx, account); err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	return s.change(ctx, "unlock", func(ctx context.Context, q queries) error {
		if err := s.lockPool(ctx, q, account, Unknown); err != nil {
			return err
		}
		_, err := q.exec(ctx, `UPDATE budgets SET extra = ? WHERE account = ? AND pool NOT IN (?, ?)`,
			codesPerChallenge, account, string(enrolling), string(recovering))
		return err
	})
}

// notice is how many wrong codes an administrator should hear of, where this failure is the third or the tenth of a day or the
// last of a year: somebody who knows the password is guessing codes.
func (st standing) notice(skew int) int {
	switch {
	case st.thisYear == yearly(skew):
		return noticeYear
	case st.today == noticeFirst, st.today == perDay:
		return st.today
	}
	return 0
}

func checkPool(pool Pool) error {
	if pool == "" || pool == enrolling || pool == recovering || len(pool) > 64 {
		return errors.New("no such pool")
	}
	return nil
}
