package account

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"
)

const (
	maxBrowsers   = 50   // of an account; beyond it the one unseen longest is forgotten
	browserLife   = year // after the last login there
	browserID     = 16   // bytes
	browserSecret = 32   // bytes: 256 bit (S44)
	longestAgent  = 256
)

// Browser is one in which an account entered a code. The zero value is none.
type Browser struct {
	ID           string
	Created      time.Time // when the account first entered a code there
	Seen         time.Time // the latest login there, of whichever account
	TrustedUntil time.Time // zero or past: the code is asked
	Address      string    // of the latest login
	UserAgent    string
}

// Sight is what is written down of a login in a browser, for lists.
type Sight struct{ Address, UserAgent string }

// PoolOf is where the wrong codes of a recognised browser are counted; an empty id is no such browser's.
func PoolOf(browser string) Pool {
	if browser == "" {
		return Unknown
	}
	return Pool(browser)
}

// device is a browser as SQL has it, and what the token that was shown is worth.
type device struct {
	Browser
	genuine bool // the token is this browser's
	hangs   bool // and the account once entered a code there, with the factor that it has now
	factor  string
}

// Recognise returns the browser that a token names, if the account entered a code there with the factor that it has now; else
// the zero Browser. It is no proof of anything: before the password it may choose a throttle's counter, after it the pool, and
// whether the code is skipped (S44). What it asks the database does not depend on whether the account exists (S28). Errors:
// ErrTampered, and the database's.
func (s *Store) Recognise(ctx context.Context, account, token string) (Browser, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d, err := s.device(ctx, s.reading(), account, token)
	if err != nil || !d.hangs {
		return Browser{}, err
	}
	r, err := s.load(ctx, s.reading(), "a.id", account)
	if err != nil {
		return Browser{}, fmt.Errorf("recognise: %w", err)
	}
	if r.State != Active || r.factors != d.factor {
		return Browser{}, nil
	}
	return d.Browser, nil
}

// device reads the browser of a token. The MACs bind token, browser, account, factor and the end of trust to one another: a row
// that was copied, or changed by hand, recognises nobody (S19).
func (s *Store) device(ctx context.Context, q queries, account, token string) (device, error) {
	id, secret, ok := parseDevice(token)
	if !ok {
		return device{}, nil
	}
	d := device{Browser: Browser{ID: id}}
	var mac, link []byte
	var factor sql.NullString
	var seen int64
	var until, created sql.NullInt64
	err := q.row(ctx, `SELECT b.mac, b.address, b.user_agent, b.seen_at, l.factor, l.trusted_until, l.created_at, l.mac
		FROM browsers b LEFT JOIN browser_accounts l ON l.browser = b.id AND l.account = ? WHERE b.id = ?`, account, id).
		Scan(&mac, &d.Address, &d.UserAgent, &seen, &factor, &until, &created, &link)
	if errors.Is(err, sql.ErrNoRows) {
		return device{}, nil
	}
	if err != nil {
		return device{}, fmt.Errorf("read the browser: %w", err)
	}
	if s.opt.Ring.CheckMAC(mac, "browser", s.install, id, secret) != nil || seen <= s.opt.Now().Add(-browserLife).UnixMilli() {
		return device{}, nil
	}
	d.genuine, d.factor = true, factor.String
	d.hangs = factor.Valid && s.opt.Ring.CheckMAC(link, "browser account", s.linkParts(id, account, d.factor, until.Int64)...) == nil
	d.Seen, d.Created, d.TrustedUntil = time.UnixMilli(seen), time.UnixMilli(created.Int64), trustEnd(until.Int64)
	return d, nil
}

func trustEnd(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func (s *Store) linkParts(browser, account, factor string, until int64) []string {
	return []string{s.install, browser, account, factor, strconv.FormatInt(until, 10)}
}

// AddBrowser writes down that the account has just entered a code in the browser that token names, in a new browser where it
// names none. trust > 0: the browser may skip the code for so long; else it may not, whatever it could before. It returns the
// browser's id and the token that it shall hold from now on: another one, unless this account hung on it before. So a token that
// somebody planted in this browser is worth nothing to him now. It returns ErrState unless the account is active.
func (s *Store) AddBrowser(ctx context.Context, account, token string, at Sight, trust time.Duration) (id, now string, err error) {
	err = s.change(ctx, "recognise the browser", func(ctx context.Context, q queries) error {
		r, err := s.lock(ctx, q, account)
		if err != nil {
			return err
		}
		if r.State != Active {
			return ErrState
		}
		d, err := s.device(ctx, q, account, token)
		if err != nil {
			return err
		}
		now = token
		if !d.hangs || d.factor != r.factors {
			if d.Browser, now, err = s.newToken(ctx, q, d); err != nil {
				return err
			}
		}
		id = d.ID
		if err := s.seen(ctx, q, id, at); err != nil {
			return err
		}
		return s.hang(ctx, q, r, d, trust)
	})
	if err != nil {
		return "", "", err
	}
	return id, now, nil
}

// newToken gives a genuine browser another secret, and everybody else a new browser.
func (s *Store) newToken(ctx context.Context, q queries, d device) (Browser, string, error) {
	secret := make([]byte, browserSecret)
	rand.Read(secret) // never fails: crypto/rand ends the program instead
	b := Browser{ID: d.ID, Created: s.opt.Now()}
	if !d.genuine {
		b.ID = randomID()
	}
	mac := s.opt.Ring.MAC("browser", s.install, b.ID, string(secret))
	n, err := q.exec(ctx, `UPDATE browsers SET mac = ? WHERE id = ?`, mac, b.ID)
	if err == nil && n == 0 {
		_, err = q.exec(ctx, `INSERT INTO browsers (id, mac, address, user_agent, created_at, seen_at) VALUES (?, ?, '', '', ?, 0)`, b.ID, mac, s.millis())
	}
	return b, deviceToken(b.ID, secret), err
}

// hang writes the account's line of a browser anew.
func (s *Store) hang(ctx context.Context, q queries, r record, d device, trust time.Duration) error {
	if _, err := q.exec(ctx, `DELETE FROM browser_accounts WHERE browser = ? AND account = ?`, d.ID, r.ID); err != nil {
		return err
	}
	var until int64
	if trust > 0 {
		until = s.opt.Now().Add(trust).UnixMilli()
	}
	_, err := q.exec(ctx, `INSERT INTO browser_accounts (browser, account, factor, trusted_until, created_at, mac) VALUES (?, ?, ?, ?, ?, ?)`,
		d.ID, r.ID, r.factors, until, d.Created.UnixMilli(), s.opt.Ring.MAC("browser account", s.linkParts(d.ID, r.ID, r.factors, until)...))
	if err != nil {
		return err
	}
	return s.crowd(ctx, q, r.ID)
}

// crowd keeps the newest of an account's browsers.
func (s *Store) crowd(ctx context.Context, q queries, account string) error {
	var old []string
	n := 0
	err := q.each(ctx, func(scan scanner) error {
		var id string
		if n++; n <= maxBrowsers {
			return scan(&id)
		}
		err := scan(&id)
		old = append(old, id)
		return err
	}, `SELECT l.browser FROM browser_accounts l JOIN browsers b ON b.id = l.browser WHERE l.account = ? ORDER BY b.seen_at DESC, b.id`, account)
	if err != nil {
		return err
	}
	for _, id := range old {
		if _, err := q.exec(ctx, `DELETE FROM browser_accounts WHERE browser = ? AND account = ?`, id, account); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) seen(ctx context.Context, q queries, browser string, at Sight) error {
	_, err := q.exec(ctx, `UPDATE browsers SET seen_at = ?, address = ?, user_agent = ? WHERE id = ?`,
		s.millis(), fit(at.Address, 64), fit(at.UserAgent, longestAgent), browser)
	return err
}

// SeeBrowser writes down a login in which the browser's code was skipped.
func (s *Store) SeeBrowser(ctx context.Context, browser string, at Sight) error {
	return s.change(ctx, "see the browser", func(ctx context.Context, q queries) error { return s.seen(ctx, q, browser, at) })
}

func deviceToken(id string, secret []byte) string {
	raw, _ := hex.DecodeString(id) // ours: always hex
	return base64.RawURLEncoding.EncodeToString(append(raw, secret...))
}

func parseDevice(token string) (id, secret string, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(browserID+browserSecret) {
		return "", "", false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return "", "", false
	}
	return hex.EncodeToString(raw[:browserID]), string(raw[browserID:]), true
}
