package account

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func recognised(t *testing.T, w *world) {
	alice, bob := w.enabled(t, "alice"), w.enabled(t, "bob")
	id, token := w.addBrowser(t, alice, "", 0)
	b := w.recognise(t, alice.ID, token)
	want(t, "alice's browser", b, Browser{ID: id, Created: w.clock.now(), Seen: w.clock.now(), Address: "192.0.2.1", UserAgent: "Firefox"})
	want(t, "bob in it", w.recognise(t, bob.ID, token), Browser{})
	want(t, "nobody in it", w.recognise(t, "", token), Browser{})
	for _, wrong := range []string{"", "x", token[:63], token + "A", string(token[0]^1) + token[1:], token[:63] + string(token[63]^1), strings.Repeat("A", 64), token + "=", "\x00" + token[1:]} {
		want(t, fmt.Sprintf("token %q", wrong), w.recognise(t, alice.ID, wrong), Browser{})
	}
	other, otherToken := w.addBrowser(t, alice, "", 0)
	want(t, "another browser is another one", other != id && otherToken != token, true)
	first := w.clock.now()
	w.clock.advance(time.Hour)
	again, same := w.addBrowser(t, alice, token, time.Hour)
	want(t, "the same browser keeps its token", again == id && same == token, true)
	b = w.recognise(t, alice.ID, token)
	want(t, "trusted for an hour", b.TrustedUntil, w.clock.now().Add(time.Hour))
	want(t, "known since", b.Created, first)
	want(t, "not the other one", w.recognise(t, alice.ID, otherToken).TrustedUntil, time.Time{})
	w.addBrowser(t, alice, token, 0)
	want(t, "a code without the box", w.recognise(t, alice.ID, token).TrustedUntil, time.Time{})
	if err := w.Revoke(t.Context(), alice.ID); err != nil {
		t.Fatal(err)
	}
	want(t, "ended sessions are another matter", w.recognise(t, alice.ID, token).ID, id)
	var raw []byte
	if err := w.db.queries().row(t.Context(), `SELECT mac FROM browsers WHERE id = ?`, id).Scan(&raw); err != nil || len(raw) != 36 {
		t.Errorf("in SQL: %d bytes, %v", len(raw), err)
	}
	if _, secret, _ := parseDevice(token); strings.Contains(string(raw), secret[:4]) {
		t.Error("the token is there in clear")
	}
}

// browsersVoid: whatever changes the factor ends recognition and trust (S24, S44).
func browsersVoid(t *testing.T, w *world) {
	for what, change := range map[string]func(person) error{
		"disable":    func(p person) error { return w.Disable(t.Context(), p.ID, "c") },
		"reset":      func(p person) error { return w.Reset(t.Context(), p.ID) },
		"regenerate": func(p person) error { _, err := w.Regenerate(t.Context(), p.ID); return err },
		"forget":     func(p person) error { return w.forgetAll(t, p) },
		"enabled again": func(p person) error {
			if err := w.Disable(t.Context(), p.ID, "c"); err != nil {
				return err
			}
			w.sql(t, `INSERT INTO browser_accounts SELECT * FROM kept WHERE account = '`+p.ID+`'`) // by somebody who can write
			w.enabled(t, p.Name)
			w.sql(t, `INSERT INTO browser_accounts SELECT * FROM kept WHERE account = '`+p.ID+`'`)
			return nil
		},
	} {
		p := w.enabled(t, "user of "+what)
		_, token := w.addBrowser(t, p, "", time.Hour)
		w.sql(t, `CREATE TABLE kept AS SELECT * FROM browser_accounts`)
		if err := change(p); err != nil {
			t.Fatal(what, err)
		}
		want(t, what, w.recognise(t, p.ID, token), Browser{})
		if list, err := w.Browsers(t.Context(), p.ID); err != nil || len(list) != 0 {
			t.Errorf("%s: %v, %v", what, list, err)
		}
		w.sql(t, `DROP TABLE kept`)
	}
}

func (w *world) forgetAll(t *testing.T, p person) error {
	list, err := w.Browsers(t.Context(), p.ID)
	for _, b := range list {
		forgot, err := w.ForgetBrowser(t.Context(), p.ID, b.ID)
		if err != nil {
			return err
		}
		want(t, "forgot", forgot, true)
		forgot, err = w.ForgetBrowser(t.Context(), p.ID, b.ID)
		want(t, "forgot again", forgot || err != nil, false)
	}
	for _, odd := range []string{"", "\x00", "\xff", strings.Repeat("f", 5000)} {
		if forgot, err := w.ForgetBrowser(t.Context(), p.ID, odd); forgot || err != nil {
			t.Errorf("%.20q: %v, %v", odd, forgot, err)
		}
	}
	return err
}

// browsersBound: whoever can write to the database and has a browser and an account of his own gains nobody else's (S19).
func browsersBound(t *testing.T, w *world) {
	alice, mallory := w.enabled(t, "alice"), w.enabled(t, "mallory")
	hers, _ := w.addBrowser(t, alice, "", time.Hour)
	his, token := w.addBrowser(t, mallory, "", 0)
	for _, table := range []string{"browsers", "browser_accounts"} {
		w.sql(t, `CREATE TABLE good_`+table+` AS SELECT * FROM `+table)
	}
	quotedHis, quotedHers := `'`+his+`'`, `'`+hers+`'`
	for what, changes := range map[string][]string{
		"his line, made hers":             {`UPDATE browser_accounts SET account = '` + alice.ID + `' WHERE browser = ` + quotedHis},
		"her line, on his":                {`UPDATE browser_accounts SET browser = ` + quotedHis + ` WHERE browser = ` + quotedHers},
		"his secret, on hers":             {`DELETE FROM browsers`, `INSERT INTO browsers SELECT ` + quotedHers + `, mac, address, user_agent, created_at, seen_at FROM good_browsers WHERE id = ` + quotedHis},
		"his line, trusted":               {`UPDATE browser_accounts SET trusted_until = 9999999999999 WHERE browser = ` + quotedHis},
		"her factor, on his":              {`UPDATE browser_accounts SET factor = (SELECT factor FROM good_browser_accounts WHERE browser = ` + quotedHers + `) WHERE browser = ` + quotedHis},
		"the browser's MAC as the line's": {`UPDATE browser_accounts SET mac = (SELECT mac FROM good_browsers WHERE id = ` + quotedHis + `) WHERE browser = ` + quotedHis},
	} {
		for _, text := range changes {
			w.sql(t, text)
		}
		id, secret, _ := parseDevice(token)
		for _, tok := range []string{token, deviceToken(hers, []byte(secret)), deviceToken(id, []byte(secret))} {
			want(t, what+": alice", w.recognise(t, alice.ID, tok), Browser{})
			want(t, what+": trust", w.recognise(t, mallory.ID, tok).TrustedUntil, time.Time{})
		}
		for _, table := range []string{"browsers", "browser_accounts"} {
			w.sql(t, `DELETE FROM `+table)
			w.sql(t, `INSERT INTO `+table+` SELECT * FROM good_`+table)
		}
	}
	want(t, "mallory himself", w.recognise(t, mallory.ID, token).ID, his)
}

// plantedToken: mallory puts the token of a browser of his into alice's and waits for her to enter a code there.
func plantedToken(t *testing.T, w *world) {
	alice, mallory := w.enabled(t, "alice"), w.enabled(t, "mallory")
	his, planted := w.addBrowser(t, mallory, "", time.Hour)
	id, hers := w.addBrowser(t, alice, planted, time.Hour)
	want(t, "one browser", id, his)
	want(t, "another token", hers != planted, true)
	want(t, "what he knows", w.recognise(t, alice.ID, planted), Browser{})
	want(t, "her browser", w.recognise(t, alice.ID, hers).ID, id)
	want(t, "who was there before stays", w.recognise(t, mallory.ID, hers).TrustedUntil.IsZero(), false)
	if _, token := w.addBrowser(t, mallory, planted, 0); token == planted {
		t.Error("the planted token is taken again")
	}
	want(t, "her browser still", w.recognise(t, alice.ID, hers).ID, id)
}

func notWithoutAFactor(t *testing.T, w *world) {
	a := w.meet(t, "alice")
	if id, token, err := w.AddBrowser(t.Context(), a.ID, "", Sight{}, time.Hour); !errors.Is(err, ErrState) || id != "" || token != "" {
		t.Errorf("%q %q %v", id, token, err)
	}
	if _, _, err := w.AddBrowser(t.Context(), "nobody", "", Sight{}, time.Hour); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	p := w.enabled(t, "alice")
	_, token := w.addBrowser(t, p, "", time.Hour)
	w.sql(t, `UPDATE accounts SET state = 'none' WHERE id = ?`, p.ID)
	if b, err := w.Recognise(t.Context(), p.ID, token); !errors.Is(err, ErrTampered) || b != (Browser{}) {
		t.Errorf("a tampered account: %+v, %v", b, err)
	}
}

func browsersOfAnAccount(t *testing.T, w *world) {
	alice, bob := w.enabled(t, "alice"), w.enabled(t, "bob")
	_, first := w.addBrowser(t, alice, "", 0)
	_, shared := w.addBrowser(t, bob, first, 0)
	want(t, "alice follows", w.recognise(t, alice.ID, shared).ID != "", true)
	for range maxBrowsers {
		w.clock.advance(time.Second)
		w.addBrowser(t, alice, "", 0)
	}
	list, err := w.Browsers(t.Context(), alice.ID)
	if err != nil || len(list) != maxBrowsers {
		t.Errorf("%d browsers, %v", len(list), err)
	}
	for i := range len(list) - 1 {
		want(t, "the latest first", list[i].Seen.After(list[i+1].Seen), true)
	}
	want(t, "the one unseen longest", w.recognise(t, alice.ID, shared), Browser{})
	want(t, "bob's in it stays", w.recognise(t, bob.ID, shared).ID != "", true)
	long := strings.Repeat("\xff\x00ä", 500)
	id, token, err := w.AddBrowser(t.Context(), bob.ID, "", Sight{long, long}, 0)
	if b := w.recognise(t, bob.ID, token); err != nil || b.ID != id || len(b.UserAgent) > longestAgent || len(b.Address) > 64 {
		t.Errorf("long words: %+v, %v", b, err)
	}
}

// browsersAreForgotten after a year without a login, and their pools with them once those count nothing.
func browsersAreForgotten(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	id, token := w.addBrowser(t, p, "", 0)
	w.challenge(t, p.ID, "c", PoolOf(id))
	w.verify(t, p.ID, "c", PoolOf(id), w.wrong(t, p.secret))
	w.clock.advance(browserLife - time.Millisecond)
	if err := w.Prune(t.Context(), year, day); err != nil {
		t.Fatal(err)
	}
	want(t, "nearly a year later", w.recognise(t, p.ID, token).ID, id)
	if err := w.SeeBrowser(t.Context(), id, Sight{"192.0.2.2", "Chrome"}); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(browserLife - time.Millisecond)
	want(t, "seen meanwhile", w.recognise(t, p.ID, token).Address, "192.0.2.2")
	w.clock.advance(2 * day)
	want(t, "a year unseen", w.recognise(t, p.ID, token), Browser{})
	if err := w.Prune(t.Context(), year, day); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"browsers", "browser_accounts", "budgets WHERE pool = '" + id + "'"} {
		want(t, "rows of "+table, w.count(t, `SELECT COUNT(*) FROM `+table), 0)
	}
}

func whose(t *testing.T, w *world) {
	a, b := w.meet(t, "alice"), w.meet(t, "bob")
	if err := w.Remember(t.Context(), b, "alice@example.test"); err != nil {
		t.Fatal(err)
	}
	if err := w.Remember(t.Context(), b, "Bob"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ typed, folded, want string }{
		{"ALICE", "alice", a.ID}, {"Bob", "nobody", b.ID}, {"alice@example.test", "alice", b.ID}, {"x", "y", ""}, {"", "", ""},
		{"\x00\xff", "alice", a.ID}, {"Bob", "\x00", b.ID}, {"\xff", "\xff", ""},
	} {
		if id, err := w.Whose(t.Context(), c.typed, c.folded); err != nil || id != c.want {
			t.Errorf("%+v: %q, %v", c, id, err)
		}
	}
}

// unlockInEveryPool: the owner's own browser is closed as well.
func unlockInEveryPool(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for i := range 10 {
		w.challenge(t, p.ID, fmt.Sprint("c", i), "browser")
		w.verify(t, p.ID, fmt.Sprint("c", i), "browser", w.wrong(t, p.secret))
		w.clock.advance(longest)
	}
	want(t, "closed", w.challenge(t, p.ID, "x", "browser").Closed, true)
	if err := w.Unlock(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	want(t, "unlocked", w.challenge(t, p.ID, "x", "browser"), Result{OK: true, Left: 5})
	want(t, "a code", w.verify(t, p.ID, "x", "browser", w.code(t, p.secret)).OK, true)
}

// notices come once each, at the third and tenth wrong code of a day and the last of a year.
func notices(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	var said []int
	for n := 1; n <= 30; n++ {
		id := fmt.Sprint("c", n)
		w.challenge(t, p.ID, id, Unknown)
		if res := w.verify(t, p.ID, id, Unknown, w.wrong(t, p.secret)); res.Notice > 0 {
			said = append(said, n, res.Notice)
		}
		w.clock.advance(longest)
		if n%10 == 0 {
			w.clock.advance(day)
		}
	}
	want(t, "failure and notice", fmt.Sprint(said), fmt.Sprint([]int{3, 3, 10, 10, 13, 3, 20, 10, 23, 3, 30, 30}))
	q := w.enabled(t, "bob")
	w.challenge(t, q.ID, "own", Unknown)
	for range 2 {
		w.verify(t, q.ID, "own", Unknown, w.wrong(t, q.secret))
	}
	want(t, "the third was right", w.verify(t, q.ID, "own", Unknown, w.code(t, q.secret)).Notice, 0)
}

func noticesAtOnce(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for i := range 3 {
		w.challenge(t, p.ID, fmt.Sprint("c", i), Unknown)
	}
	wrong := w.wrong(t, p.secret)
	said := atOnce(t, 30, func(i int) (Result, error) {
		res, err := w.Verify(t.Context(), Try{Account: p.ID, Pool: Unknown, Challenge: fmt.Sprint("c", i%3), Code: wrong})
		res.OK = res.Notice == 3
		return res, err
	})
	want(t, "notices", said, 1)
}
