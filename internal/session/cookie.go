package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/securecookie"

	"github.com/ispgate/ispgate/internal/keyring"
)

const (
	tagSize    = 8
	idSize     = 16
	secretSize = 32  // 256 bit (S32)
	cookieSize = 256 // the longest value that is looked at; a genuine one has 160 bytes
	digestSize = 15  // 120 bit, of which none is lost in base64
)

// token is what the cookie holds: tag names the Redis slot of the account, id the session, secret opens the record. The id is no
// secret; it is there so that a session can be ended while Redis does not answer (S33).
type token struct {
	tag    [tagSize]byte
	id     [idSize]byte
	secret []byte // nil: not stored
}

// newToken begins a session in the slot of an account.
func newToken(tag [tagSize]byte) token {
	t := token{tag: tag}
	rand.Read(t.id[:]) // never fails: crypto/rand crashes the program instead
	return t
}

// fresh is a new token of the same session.
func (t token) fresh() token {
	t.secret = make([]byte, secretSize)
	rand.Read(t.secret)
	return t
}

// session is the stable id.
func (t token) session() string { return hex.EncodeToString(t.id[:]) }

// digest is the name of the token in Redis, which never holds the secret itself. It only tells the tokens of an account apart:
// what is stored under it opens with the whole secret alone.
func (t token) digest() string {
	sum := sha256.Sum256(t.secret)
	return base64.RawURLEncoding.EncodeToString(sum[:digestSize])
}

// tags are the slots of an account, the first for what is new: other keys made other ones (S36), and so do other installations.
func (m *Manager) tags(account string) [][tagSize]byte {
	var all [][tagSize]byte
	for _, mac := range m.opt.Ring.MACs("account tag", m.opt.Installation, account) {
		all = append(all, [tagSize]byte(mac[len(mac)-sha256.Size:])) // without the id of the key
	}
	return all
}

type cookie struct {
	name   string
	secure bool
	codecs func() []securecookie.Codec // of the keys of now, the writing one first
}

func newCookie(ring *keyring.Ring, secure bool) cookie {
	c := cookie{name: "ispgate", secure: secure}
	if secure {
		c.name = "__Host-ispgate"
	}
	c.codecs = keyring.Following(ring, func(ring *keyring.Ring) (codecs []securecookie.Codec) {
		for _, key := range ring.Derive("cookie") {
			codec := securecookie.New(key, nil)
			codec.SetSerializer(securecookie.NopEncoder{})
			codec.MaxAge(0) // the record knows when it ends
			codec.MaxLength(cookieSize)
			codecs = append(codecs, codec)
		}
		return codecs
	})
	return c
}

// read returns the one genuine token of a request. Doubled, oversize and tampered cookies are no token (S32).
func (c cookie) read(r *http.Request) (token, bool) {
	value, ok := c.only(r)
	if !ok {
		return token{}, false
	}
	return c.decode(value)
}

func (c cookie) decode(value string) (token, bool) {
	var raw []byte
	if securecookie.DecodeMulti(c.name, value, &raw, c.codecs()...) != nil || len(raw) != tagSize+idSize+secretSize {
		return token{}, false
	}
	return token{[tagSize]byte(raw), [idSize]byte(raw[tagSize:]), raw[tagSize+idSize:]}, true
}

// only is the value of the one cookie of our name, as it was sent: net/http silently leaves out those with odd values.
func (c cookie) only(r *http.Request) (value string, ok bool) {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			name, v, _ := strings.Cut(pair, "=")
			if strings.TrimSpace(name) != c.name {
				continue
			}
			if ok {
				return "", false
			}
			value, ok = strings.TrimSpace(v), true
		}
	}
	return value, ok && value != "" && len(value) <= cookieSize
}

func (c cookie) set(h http.Header, t token) error {
	value, err := securecookie.EncodeMulti(c.name, slices.Concat(t.tag[:], t.id[:], t.secret), c.codecs()...)
	if err != nil {
		return err
	}
	c.write(h, value, 0)
	return nil
}

func (c cookie) clear(h http.Header) { c.write(h, "", -1) }

// write replaces what an earlier step of the same answer said of our cookie: the last word counts (RFC 6265 section 4.1.1).
func (c cookie) write(h http.Header, value string, maxAge int) {
	var others []string
	for _, line := range h["Set-Cookie"] {
		if !strings.HasPrefix(line, c.name+"=") {
			others = append(others, line)
		}
	}
	own := http.Cookie{Name: c.name, Value: value, MaxAge: maxAge, Path: "/", // #nosec G124 -- Secure but for http on loopback (design 3.4)
		Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	h["Set-Cookie"] = append(others, own.String())
}
