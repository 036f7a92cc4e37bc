package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ispgate/ispgate/internal/session"
)

// TestS15_PasswordInAHeader: HTTP Basic on a public route would begin a panel session, too, where the panel takes it: inside a session
// it does not get there. Visitors' do, and tokens.
func TestS15_PasswordInAHeader(t *testing.T) {
	h := builtWith(t, namingProfile, hello)
	for header, login := range map[string]bool{"Basic Ym9zczpib3Nz": true, " bAsIc\tYm9zczpib3Nz": true, "Digest username=boss": true, "Negotiate x": true, "Bearer x": false, "Basically": false} {
		for _, account := range []string{"7", ""} {
			h.desk.session.Account = account
			w := ask(h.proxied(), http.MethodGet, "/pay/1", "", "Authorization", header)
			if got := h.last().Header.Get("Authorization") != ""; w.Code != http.StatusOK || got != (account == "" || !login) {
				t.Errorf("%s, account %q: %d, passed %v", header, account, w.Code, got)
			}
		}
	}
}

// TestS15_UnmarkedEnds: where a login inside cannot be written down, its answer stays here and the session ends.
func TestS15_UnmarkedEnds(t *testing.T) {
	h, _, do := shifted(t)
	h.desk.unwritable = true
	if w := do("POST navigate", "/pay/reset", "token=1"); w.Code == http.StatusOK || len(w.Result().Cookies()) > 0 || h.desk.ended != 1 {
		t.Errorf("%d, cookies %v, ended %d", w.Code, w.Result().Cookies(), h.desk.ended)
	}
}

// TestS15_BodyDuringALogin: a request that began before a login inside the session does not end as whoever was logged in.
func TestS15_BodyDuringALogin(t *testing.T) {
	who, asked := "17", 0
	var whole []string
	h := builtWith(t, namingProfile, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			whole = append(whole, string(body))
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		naming(&who, &asked)(w, r)
	})
	h.desk.session.Created, h.desk.keeps = h.now(), true
	in := h.desk.session
	marked := func(mark string) func() { return func() { h.desk.session.Note.IdentityDue = mark } }
	for name, c := range map[string]struct {
		first string
		what  func()
		code  int
	}{
		"a login": {"a=1", marked(session.LoginMark(h.now())), http.StatusUnauthorized}, "log in as": {"a=1", marked(session.SwitchMark(h.now())), http.StatusOK},
		"a login under way": {"a=1", marked(session.SentMark(h.now())), http.StatusUnauthorized}, "a login beside its own": {"password=x", marked(session.LoginMark(h.now())), http.StatusUnauthorized},
		"its own": {"password=x", func() {}, http.StatusOK}, "nothing": {"a=1", func() {}, http.StatusOK}, "a logout": {"a=1", func() { h.desk.session = session.Session{} }, http.StatusUnauthorized},
		"another session": {"a=1", func() { h.desk.session.ID = "id-2" }, http.StatusUnauthorized}, "a step down": {"a=1", func() { h.desk.session.Stage = session.Password }, http.StatusUnauthorized},
		"a store that is away": {"a=1", func() { h.desk.err = session.ErrStore }, http.StatusOK},
	} {
		h.desk.session, h.desk.err, whole = in, nil, nil
		r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader(c.first), later(c.what), strings.NewReader("&b=2")))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RequestURI, r.Host, r.ContentLength = "/page", "panel.example.net", int64(len(c.first+"&b=2"))
		r.Header.Set("Cookie", h.sealedCookie("laravel_session=1"))
		w := httptest.NewRecorder()
		h.proxied().ServeHTTP(w, r)
		if w.Code != c.code || slices.Contains(whole, c.first+"&b=2") != (c.code == http.StatusOK) {
			t.Errorf("%s: %d, the panel had %q", name, w.Code, whole)
		}
	}
}

// later is a reader that has nothing, and does something when it is asked.
type later func()

func (l later) Read([]byte) (int, error) {
	l()
	return 0, io.EOF
}

// TestS15_AMarkIsKnownEverywhere: a password waits until every node has read the mark anew.
func TestS15_AMarkIsKnownEverywhere(t *testing.T) {
	who, asked := "17", 0
	h := builtWith(t, namingProfile, naming(&who, &asked))
	h.spread = session.RecentLife
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		pass := func() *passing {
			return &passing{Context: t.Context(), request: httptest.NewRequest(http.MethodPost, "/pay/1", nil), verdict: Verdict{Session: h.desk.session}}
		}
		one := pass()
		if err := errors.Join(h.markLogin(one), h.markLogin(one)); err != nil || len(h.desk.noted) != 1 || time.Since(began) != session.RecentLife {
			t.Errorf("%v after %v, notes %v", err, time.Since(began), h.desk.noted)
		}
		h.desk.unwritable, began = true, time.Now()
		if err := h.markLogin(pass()); !errors.Is(err, session.ErrStore) || time.Since(began) != 0 {
			t.Errorf("unwritable: %v after %v", err, time.Since(began))
		}
	})
}
