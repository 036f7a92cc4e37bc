package account

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Browsers lists those in which the account is recognised, the latest login first. Rows that do not verify recognise nobody and
// are left out. It returns ErrNotFound or ErrTampered.
func (s *Store) Browsers(ctx context.Context, account string) ([]Browser, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := s.load(ctx, s.reading(), "a.id", account)
	if err != nil {
		return nil, fmt.Errorf("list browsers: %w", err)
	}
	var all []Browser
	err = s.reading().each(ctx, func(scan scanner) error {
		var b Browser
		var factor string
		var until, created, seen int64
		var mac []byte
		if err := scan(&b.ID, &b.Address, &b.UserAgent, &seen, &factor, &until, &created, &mac); err != nil {
			return err
		}
		b.Seen, b.Created, b.TrustedUntil = time.UnixMilli(seen), time.UnixMilli(created), trustEnd(until)
		if r.State == Active && factor == r.factors && s.opt.Ring.CheckMAC(mac, "browser account", s.linkParts(b.ID, r.ID, factor, until)...) == nil {
			all = append(all, b)
		}
		return nil
	}, `SELECT b.id, b.address, b.user_agent, b.seen_at, l.factor, l.trusted_until, l.created_at, l.mac
		FROM browser_accounts l JOIN browsers b ON b.id = l.browser WHERE l.account = ? AND b.seen_at > ? ORDER BY b.seen_at DESC, b.id`,
		account, s.opt.Now().Add(-browserLife).UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("list browsers: %w", err)
	}
	return all, nil
}

// ForgetBrowser takes recognition and trust of one browser away from the account; the other accounts on it keep theirs. False:
// there was none.
func (s *Store) ForgetBrowser(ctx context.Context, account, browser string) (forgot bool, err error) {
	if raw, err := hex.DecodeString(browser); err != nil || len(raw) != browserID {
		return false, nil
	}
	err = s.change(ctx, "forget the browser", func(ctx context.Context, q queries) error {
		n, err := q.exec(ctx, `DELETE FROM browser_accounts WHERE browser = ? AND account = ?`, browser, account)
		forgot = n == 1
		return err
	})
	return forgot, err
}

// Whose guesses which account a typed name means: the one that this spelling led to, else the one with the folded name; empty:
// nobody's. It verifies nothing and is for counting tries: one query, whether there is such an account or not (S28).
func (s *Store) Whose(ctx context.Context, spelling, folded string) (account string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if spelling, folded = askable(spelling), askable(folded); spelling+folded == "" {
		return "", nil
	}
	err = s.reading().each(ctx, func(scan scanner) error {
		var id string
		var nth int
		err := scan(&id, &nth)
		if account == "" {
			account = id
		}
		return err
	}, `SELECT account, 1 AS nth FROM spellings WHERE panel = ? AND spelling = ? UNION ALL
		SELECT id, 2 FROM accounts WHERE panel = ? AND name = ? ORDER BY nth`, s.opt.Panel, spelling, s.opt.Panel, folded)
	if err != nil {
		return "", fmt.Errorf("whose name: %w", err)
	}
	return account, nil
}

// askable is a typed name as far as a name can have it: PostgreSQL refuses to look for any other bytes.
func askable(typed string) string {
	if len(typed) > longestName || !utf8.ValidString(typed) || strings.ContainsFunc(typed, control) {
		return ""
	}
	return typed
}

// pruneBrowsers removes the lines of browsers that are gone, browsers on which no account hangs, and the budgets of pools that are
// nobody's any more. A pool keeps its number while it has failures.
func (s *Store) pruneBrowsers(ctx context.Context) error {
	for _, text := range []string{
		`DELETE FROM browser_accounts WHERE NOT EXISTS (SELECT 1 FROM browsers b WHERE b.id = browser_accounts.browser)`,
		`DELETE FROM browsers WHERE NOT EXISTS (SELECT 1 FROM browser_accounts l WHERE l.browser = browsers.id)`,
		`DELETE FROM budgets WHERE pool NOT IN ('unknown', 'enrolling', 'recovering')
			AND NOT EXISTS (SELECT 1 FROM browser_accounts l WHERE l.account = budgets.account AND l.browser = budgets.pool)
			AND NOT EXISTS (SELECT 1 FROM failures f WHERE f.account = budgets.account AND f.pool = budgets.pool)
			AND NOT EXISTS (SELECT 1 FROM challenges c WHERE c.account = budgets.account AND c.pool = budgets.pool)`,
	} {
		err := s.change(ctx, "prune browsers", func(ctx context.Context, q queries) error {
			_, err := q.exec(ctx, text)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
