package account

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

func exactlyThatSecret(t *testing.T, w *world) {
	a := w.meet(t, "alice")
	mine, other := w.secret(t), w.secret(t)
	try := Try{Account: a.ID, Challenge: "session", Code: w.code(t, other)}
	if codes, res, err := w.Enable(t.Context(), try, mine); err != nil || res.OK || codes != nil {
		t.Fatal("another secret's code:", res, err)
	}
	for _, bad := range []func() ([]string, Result, error){
		func() ([]string, Result, error) { return w.Enable(t.Context(), try, Secret{}) },
		func() ([]string, Result, error) {
			return w.Enable(t.Context(), Try{Account: a.ID, Code: w.code(t, mine)}, mine)
		},
	} {
		if codes, res, err := bad(); err == nil || res.OK || codes != nil {
			t.Error("no secret or no session:", res, err)
		}
	}
	try.Code = w.code(t, mine)
	codes, res, err := w.Enable(t.Context(), try, mine)
	if err != nil || !res.OK || len(codes) != 10 {
		t.Fatal(res, err)
	}
	seen := map[string]bool{}
	for _, code := range codes {
		if seen[code] || !regexp.MustCompile(`^[A-HJKMNP-Z2-9]{4}(-[A-HJKMNP-Z2-9]{4}){3}$`).MatchString(code) {
			t.Errorf("recovery code %q", code)
		}
		seen[code] = true
	}
	now := w.get(t, a.ID)
	want(t, "account", now, Account{ID: a.ID, Key: a.Key, Name: a.Name, State: Active, Generation: 2, Enabled: w.clock.now(), CodesLeft: 10})
	if _, _, err := w.Enable(t.Context(), try, other); !errors.Is(err, ErrState) {
		t.Error("enabled twice:", err)
	}
	w.clock.advance(time.Minute)
	p := person{Account: now, secret: other}
	want(t, "login with the other secret", w.login(t, p, "x").OK, false)
	p.secret = mine
	want(t, "login with the confirmed one", w.login(t, p, "x").OK, true)
}

func enableIsLimited(t *testing.T, w *world) {
	a := w.meet(t, "alice")
	secret := w.secret(t)
	try := Try{Account: a.ID, Challenge: "session", Code: w.wrong(t, secret)}
	for i := range 5 {
		_, res, err := w.Enable(t.Context(), try, secret)
		if err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprint("wrong ", i), res, Result{Left: 4 - i, Over: i == 4})
	}
	try.Code = w.code(t, secret)
	if _, res, err := w.Enable(t.Context(), try, secret); err != nil || !res.Over || res.OK {
		t.Error("the sixth try of a pending secret:", res, err)
	}
	fresh := w.secret(t)
	try.Code = w.code(t, fresh)
	if _, res, err := w.Enable(t.Context(), try, fresh); err != nil || !res.OK {
		t.Error("a new pending secret:", res, err)
	}
}

func endsTheOthers(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	device := func() {
		w.sql(t, `INSERT INTO browser_accounts (browser, account, factor, trusted_until, created_at, mac)
			VALUES ('b', '`+p.ID+`', 'f', 0, 0, (SELECT mac FROM meta WHERE name = 'installation'))`)
	}
	_, turn, err := w.Revoked(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ended := func(what string, state State, generation int64) {
		t.Helper()
		a := w.get(t, p.ID)
		want(t, what+": state", a.State, state)
		want(t, what+": generation", a.Generation, generation)
		if g, err := w.Generation(t.Context(), p.ID); err != nil || g != generation {
			t.Errorf("%s: generation %d, %v", what, g, err)
		}
		rows, last, err := w.Revoked(t.Context(), turn)
		turn = last
		if err != nil || len(rows) != 1 || rows[0].Generation != generation || rows[0].Account != p.ID || rows[0].Session != "" {
			t.Errorf("%s: revocations %+v, %v", what, rows, err)
		}
		want(t, what+": devices", w.sql(t, `DELETE FROM browser_accounts`), 0)
		w.clock.advance(time.Second)
	}
	device()
	codes, err := w.Regenerate(t.Context(), p.ID)
	if err != nil || len(codes) != 10 {
		t.Fatal(err)
	}
	ended("regenerate", Active, 3)
	want(t, "an old code", w.recover(t, p.ID, "c", p.codes[0]).OK, false)
	want(t, "a new code", w.recover(t, p.ID, "c", codes[0]).OK, true)
	device()
	if err := w.Disable(t.Context(), p.ID, "c"); err != nil {
		t.Fatal(err)
	}
	ended("disable", None, 4)
	refusedWithoutFactor(t, w, p, codes[1])
	device()
	if err := w.Reset(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	ended("reset", Reset, 5)
	want(t, "factors left", w.sql(t, `DELETE FROM factors`), 0)
	want(t, "codes left", w.sql(t, `DELETE FROM recovery_codes`), 0)
	secret, ticket := w.secret(t), w.ticket(t, p.ID)
	device()
	if _, res, err := w.Enable(t.Context(), Try{Account: p.ID, Challenge: "s", Code: w.code(t, secret), Ticket: ticket}, secret); err != nil || !res.OK {
		t.Fatal("enable after a reset:", res, err)
	}
	ended("enable", Active, 6)
}

func refusedWithoutFactor(t *testing.T, w *world, p person, recovery string) {
	t.Helper()
	for what, err := range map[string]error{
		"disable":    w.Disable(t.Context(), p.ID, "c"),
		"regenerate": func() error { _, err := w.Regenerate(t.Context(), p.ID); return err }(),
		"verify": func() error {
			_, err := w.Verify(t.Context(), Try{Account: p.ID, Pool: Unknown, Challenge: "c", Code: w.code(t, p.secret)})
			return err
		}(),
		"recover": func() error {
			_, err := w.Recover(t.Context(), Try{Account: p.ID, Pool: Unknown, Challenge: "c", Code: recovery})
			return err
		}(),
	} {
		if !errors.Is(err, ErrState) {
			t.Errorf("%s without a factor: %v", what, err)
		}
	}
}

func recoveryCodes(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	want(t, "first use", w.recover(t, p.ID, "a", p.codes[0]), Result{OK: true, CodesLeft: 9})
	want(t, "second use", w.recover(t, p.ID, "b", p.codes[0]).OK, false)
	typed := " " + regexp.MustCompile("-").ReplaceAllString(p.codes[1], " ")
	want(t, "typed with spaces", w.recover(t, p.ID, "b", typed).OK, true)
	want(t, "a confirmation in the same session", w.challenge(t, p.ID, "b", Unknown).OK, true)
	want(t, "typed small", w.recover(t, p.ID, "b", strings.ToLower(p.codes[2])), Result{OK: true, CodesLeft: 7})
	for i, code := range []string{"", "AAAA-AAAA-AAAA-AAAA", p.codes[3][:18], p.codes[3] + "A", "123456"} {
		want(t, fmt.Sprintf("wrong %q", code), w.recover(t, p.ID, "c", code), Result{Left: 4 - i, Over: i == 4})
	}
	want(t, "a right code in a used-up challenge", w.recover(t, p.ID, "c", p.codes[3]), Result{Over: true})
	want(t, "in the next challenge", w.recover(t, p.ID, "d", p.codes[3]).OK, true)
	want(t, "left", w.get(t, p.ID).CodesLeft, 6)
	want(t, "a TOTP code is no recovery code", w.recover(t, p.ID, "e", w.code(t, p.secret)).OK, false)
}

func recoveryWhenClosed(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for i := 0; i < 10; i++ {
		id := fmt.Sprint("c", i)
		w.challenge(t, p.ID, id, Unknown)
		w.verify(t, p.ID, id, Unknown, w.wrong(t, p.secret))
		w.clock.advance(longest)
	}
	want(t, "closed", w.challenge(t, p.ID, "owner", Unknown), Result{Closed: true})
	want(t, "recovery", w.recover(t, p.ID, "owner", p.codes[0]).OK, true)
	want(t, "still closed", w.challenge(t, p.ID, "next", Unknown), Result{Closed: true})
}

// recoveryIsNotCrowdedOut: the budget is empty, and between every two steps of the owner somebody who has the password opens more
// challenges than are kept, from anywhere, with wrong codes of both kinds. No step of the owner's notices, and no more rows are left.
func recoveryIsNotCrowdedOut(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	w.closed(t, p)
	n := 0
	attack := func(sessions int) {
		t.Helper()
		for range sessions {
			n++
			id := fmt.Sprint("attacker ", n)
			want(t, "the attacker", w.recover(t, p.ID, id, "AAAA-AAAA-AAAA-AAAA"), Result{Left: 4})
		}
		want(t, "his challenge", w.challenge(t, p.ID, fmt.Sprint("attacker ", n), Unknown), Result{Closed: true})
		want(t, "his code", w.verify(t, p.ID, fmt.Sprint("attacker ", n), Unknown, w.wrong(t, p.secret)), Result{Over: true})
		w.sql(t, `UPDATE challenges SET tries = 5 WHERE pool = 'recovering' AND tries = 1 AND id <> 'owner'`) // as if he had used each up
	}
	attack(5)
	want(t, "the password opens recovery alone", w.challenge(t, p.ID, "owner", Unknown), Result{Closed: true})
	attack(5)
	want(t, "a typing error", w.recover(t, p.ID, "owner", "AAAA-AAAA-AAAA-AAAA").Left, 4)
	attack(recoverySlots + 5)
	want(t, "another", w.recover(t, p.ID, "owner", p.codes[0][1:]).Over, false)
	attack(recoverySlots + 5)
	want(t, "the owner", w.recover(t, p.ID, "owner", p.codes[0]).OK, true)
	attack(5)
	want(t, "from somewhere else", w.recover(t, p.ID, "owner elsewhere", p.codes[1]).OK, true)
	if rows := w.count(t, `SELECT COUNT(*) FROM challenges WHERE pool = 'recovering'`); rows > 2*recoverySlots+2 {
		t.Errorf("%d rows are left", rows)
	}
}
