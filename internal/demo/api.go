package demo

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	apiLifetime  = time.Hour
	maxAPITokens = 1000
)

type apiToken struct {
	user  int
	until time.Time
}

// tokens are the API's bearer tokens. They have nothing to do with sessions: they outlive them.
type tokens struct {
	mu     sync.Mutex
	now    func() time.Time
	byText map[string]apiToken
}

func (t *tokens) issue(user int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for text, token := range t.byText {
		if now.After(token.until) || len(t.byText) >= maxAPITokens {
			delete(t.byText, text)
		}
	}
	text := randomText()
	t.byText[text] = apiToken{user, now.Add(apiLifetime)}
	return text
}

func (t *tokens) holds(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	token, ok := t.byText[text]
	return ok && t.now().Before(token.until)
}

// apiLogin gives a token for e-mail and password alone, form or JSON: a second door into the panel.
func (v *visit) apiLogin() {
	if !v.readBody(route{}) {
		return
	}
	email := v.trimmed("email")
	key := "api|" + strings.ToLower(email) + "|" + v.clientIP()
	if v.panel.limiter.wait(key) > 0 {
		v.json(http.StatusTooManyRequests, map[string]string{"message": "Too Many Attempts."})
		return
	}
	who, ok := v.panel.staff.check(email, v.input("password"))
	if !ok {
		v.panel.limiter.hit(key)
		v.json(http.StatusUnauthorized, map[string]string{"message": "These credentials do not match our records."})
		return
	}
	v.json(http.StatusOK, map[string]any{
		"access_token": v.panel.tokens.issue(who.ID), "token_type": "bearer", "expires_in": int(apiLifetime / time.Second),
	})
}

func (v *visit) apiCustomers() {
	text, bearer := strings.CutPrefix(v.r.Header.Get("Authorization"), "Bearer ")
	if !bearer || !v.panel.tokens.holds(text) {
		v.json(http.StatusUnauthorized, map[string]string{"message": "Unauthenticated."})
		return
	}
	v.json(http.StatusOK, v.customerListing())
}
