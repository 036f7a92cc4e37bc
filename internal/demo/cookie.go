package demo

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" // #nosec G505 -- Laravel names its cookie so; nothing is kept secret by it
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

const (
	sessionCookie = "ispbills_session"
	tokenCookie   = "XSRF-TOKEN" // #nosec G101 -- the name of a cookie

	sessionLifetime  = 120 * time.Minute              // Laravel's SESSION_LIFETIME
	rememberLifetime = 5 * 365 * 24 * time.Hour       // Laravel's "forever"
	guardClass       = `Illuminate\Auth\SessionGuard` // its SHA-1 names the remember cookie
)

func rememberCookie() string {
	sum := sha1.Sum([]byte(guardClass)) // #nosec G401 -- a name, not a secret
	return "remember_web_" + hex.EncodeToString(sum[:])
}

// box seals cookie values as Laravel's Encrypter does for AES-256-GCM: another text each time, bound to the cookie's name.
type box struct{ aead cipher.AEAD }

type sealed struct {
	IV    []byte `json:"iv"`
	Value []byte `json:"value"`
	MAC   string `json:"mac"`
	Tag   []byte `json:"tag"`
}

func (b box) seal(name, value string) string {
	nonce := make([]byte, b.aead.NonceSize())
	rand.Read(nonce)
	text := b.aead.Seal(nil, nonce, []byte(value), []byte(name))
	cut := len(text) - b.aead.Overhead()
	out, err := json.Marshal(sealed{IV: nonce, Value: text[:cut], Tag: text[cut:]})
	if err != nil {
		panic(err) // byte slices always marshal
	}
	return base64.StdEncoding.EncodeToString(out)
}

func (b box) open(name, text string) (string, bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	var s sealed
	if json.Unmarshal(raw, &s) != nil || len(s.IV) != b.aead.NonceSize() {
		return "", false
	}
	value, err := b.aead.Open(nil, s.IV, append(s.Value, s.Tag...), []byte(name))
	return string(value), err == nil
}

// cookie opens the first cookie of that name, URL-decoded as PHP does.
func (v *visit) cookie(name string) (string, bool) {
	c, err := v.r.Cookie(name)
	if err != nil {
		return "", false
	}
	text, err := url.QueryUnescape(c.Value)
	if err != nil {
		return "", false
	}
	return v.panel.box.open(name, text)
}

// setCookie seals value and queues it for the answer; a lifetime of 0 deletes the cookie.
func (v *visit) setCookie(name, value string, lifetime time.Duration, readable bool) {
	c := &http.Cookie{ // #nosec G124 -- the demo is a panel with the habits of its kind
		Name: name, Path: "/", SameSite: http.SameSiteLaxMode, HttpOnly: !readable,
		Secure: v.panel.options.Secure || v.scheme() == "https",
	}
	if lifetime == 0 {
		c.MaxAge, c.Expires = -1, time.Unix(1, 0)
	} else {
		c.Value = url.QueryEscape(v.panel.box.seal(name, value))
		c.MaxAge, c.Expires = int(lifetime/time.Second), v.panel.now().Add(lifetime)
	}
	http.SetCookie(v.w, c)
}

func randomText() string {
	raw := make([]byte, 20)
	rand.Read(raw)
	return hex.EncodeToString(raw)
}
