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

// TestS15_PasswordInAHeader: HTTP Basic on a public route begins a panel session, too, where the panel takes it.
func TestS15_PasswordInAHeader(t *testing.T) {
	for header, marked := range map[string]bool{"Basic Ym9zczpib3Nz": true, " bAsIc Ym9zczpib3Nz": true, "Digest username=boss": true, "Bearer x": false, "Basically": false} {
		h, _, _ := shifted(t)
		w := ask(h.proxied(), http.MethodGet, "/pay/1", "", "Cookie", h.sealedCookie("laravel_session=1"), "Authorization", header)
		if got := h.desk.session.Note.IdentityDue != ""; w.Code != http.StatusOK || got != marked {
			t.Errorf("%s: %d, marked %v, want %v", header, w.Code, got, marked)
		}
		if h.desk.session.Account = ""; header != "" {
			n := len(h.desk.noted)
			ask(h.proxied(), http.MethodGet, "/pay/1", "", "Authorization", header)
			if len(h.desk.noted) != n {
				t.Errorf("%s: a visitor was marked", header)
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
	for name, c := range map[string]struct {
		mark string
		code int
	}{"a login": {session.LoginMark(h.now()), http.StatusUnauthorized}, "log in as": {session.SwitchMark(h.now()), http.StatusOK}, "nothing": {"", http.StatusOK}} {
		h.desk.session.Note, whole = session.Note{}, nil
		r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("a=1"), later(func() { h.desk.session.Note.IdentityDue = c.mark }), strings.NewReader("&b=2")))
		r.RequestURI, r.Host, r.ContentLength = "/page", "panel.example.net", int64(len("a=1&b=2"))
		r.Header.Set("Cookie", h.sealedCookie("laravel_session=1"))
		w := httptest.NewRecorder()
		h.proxied().ServeHTTP(w, r)
		if w.Code != c.code || slices.Contains(whole, "a=1&b=2") != (c.code == http.StatusOK) {
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
		pass := &passing{Context: t.Context(), request: httptest.NewRequest(http.MethodPost, "/pay/1", nil), verdict: Verdict{Session: h.desk.session}}
		if err := h.markLogin(pass); err != nil || len(h.desk.noted) != 1 || time.Since(began) != session.RecentLife {
			t.Errorf("%v after %v, notes %v", err, time.Since(began), h.desk.noted)
		}
		h.desk.unwritable, began = true, time.Now()
		if err := h.markLogin(pass); !errors.Is(err, session.ErrStore) || time.Since(began) != 0 {
			t.Errorf("unwritable: %v after %v", err, time.Since(began))
		}
	})
}
