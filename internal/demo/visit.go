package demo

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const maxForm = 1 << 20 // bytes of an ordinary form

// visit is one request in the panel's web group, with the session it belongs to.
type visit struct {
	panel   *Panel
	w       http.ResponseWriter
	r       *http.Request
	path    string // as the route table reads it
	id      string // the {id} of the route
	sid     string
	session session
	user    member // zero: nobody
	flash   flash  // left by the request before
	body    url.Values
	parts   *multipart.Reader // for routes that stream
}

func (v *visit) openSession() {
	id, _ := v.cookie(sessionCookie)
	v.sid, v.session, v.flash = v.panel.sessions.open(id)
	if v.session.user == 0 {
		v.recall()
	}
	v.user, _ = v.panel.staff.byID(v.session.user)
}

// recall logs in whoever holds a good remember-me cookie.
func (v *visit) recall() {
	value, _ := v.cookie(rememberCookie())
	text, token, _ := strings.Cut(value, "|")
	id, err := strconv.Atoi(text)
	if err == nil && v.panel.staff.remembered(id, token) {
		v.renew(func(s *session) { s.user = id })
	}
}

func (v *visit) change(edit func(*session)) { v.session = v.panel.sessions.change(v.sid, edit) }

func (v *visit) renew(edit func(*session)) {
	v.sid, v.session = v.panel.sessions.renew(v.sid, edit)
	v.user, _ = v.panel.staff.byID(v.session.user)
}

// readBody reads a form or a JSON object; a multipart body of a streaming route only as far as its token.
func (v *visit) readBody(route route) bool {
	v.body = url.Values{}
	if v.r.Method != http.MethodPost {
		return true
	}
	kind, _, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	var err error
	switch {
	case route.stream:
		err = v.readFirstPart()
	case kind == "application/json":
		v.readJSON(http.MaxBytesReader(v.w, v.r.Body, maxForm))
	default:
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
		if err = v.r.ParseMultipartForm(maxForm); err == http.ErrNotMultipart {
			err = nil
		}
		if v.r.PostForm != nil {
			v.body = v.r.PostForm
		}
	}
	if err != nil {
		v.fail(http.StatusBadRequest, "Bad Request")
		return false
	}
	return true
}

func (v *visit) readJSON(body io.Reader) {
	var fields map[string]any
	if json.NewDecoder(body).Decode(&fields) != nil {
		return
	}
	for name, value := range fields {
		switch value := value.(type) {
		case string:
			v.body.Set(name, value)
		case bool:
			v.body.Set(name, strconv.FormatBool(value))
		}
	}
}

func (v *visit) readFirstPart() error {
	parts, err := v.r.MultipartReader()
	if err != nil {
		return err
	}
	v.parts = parts
	if v.headerToken() != "" {
		return nil
	}
	part, err := parts.NextPart()
	if err != nil {
		return err
	}
	if part.FormName() == "_token" {
		value, err := io.ReadAll(io.LimitReader(part, 1024))
		v.body.Set("_token", string(value))
		return err
	}
	return nil // no token: 419 follows
}

// input is a field of the body, else of the query; of several the last, as in PHP.
func (v *visit) input(name string) string {
	for _, values := range []url.Values{v.body, v.r.URL.Query()} {
		if all := values[name]; len(all) > 0 {
			return all[len(all)-1]
		}
	}
	return ""
}

// trimmed is an input after Laravel's TrimStrings, which spares passwords.
func (v *visit) trimmed(name string) string { return strings.Trim(v.input(name), " \t\n\r\x00\x0b") }

func (v *visit) headerToken() string {
	if token := v.r.Header.Get("X-CSRF-TOKEN"); token != "" {
		return token
	}
	text := v.r.Header.Get("X-XSRF-TOKEN")
	if decoded, err := url.QueryUnescape(text); err == nil && strings.Contains(text, "%") {
		text = decoded
	}
	token, _ := v.panel.box.open(tokenCookie, text)
	return token
}

// tokenHolds checks the form token of anything that is not GET; the page it sends otherwise has Laravel's status 419.
func (v *visit) tokenHolds(route route) bool {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead || route.door == machines {
		return true
	}
	given := v.input("_token")
	if given == "" {
		given = v.headerToken()
	}
	if subtle.ConstantTimeCompare([]byte(given), []byte(v.session.token)) == 1 {
		return true
	}
	if v.wantsJSON() {
		v.json(419, map[string]string{"message": "CSRF token mismatch."})
		return false
	}
	v.sendCookies()
	v.fail(419, "Page Expired")
	return false
}

func (v *visit) mayEnter(door door) bool {
	switch {
	case door == anyone || door == machines, door == members && v.user.ID != 0, door == guests && v.user.ID == 0:
		return true
	case door == guests:
		v.redirect("/dashboard")
	case v.wantsJSON():
		v.json(http.StatusUnauthorized, map[string]string{"message": "Unauthenticated."})
	default:
		if v.r.Method == http.MethodGet {
			v.change(func(s *session) { s.intended = v.r.URL.RequestURI() })
		}
		v.redirect("/login")
	}
	return false
}

func (v *visit) wantsJSON() bool {
	first, _, _ := strings.Cut(v.r.Header.Get("Accept"), ",")
	return v.r.Header.Get("X-Requested-With") == "XMLHttpRequest" || strings.Contains(first, "/json") || strings.Contains(first, "+json")
}

func (v *visit) scheme() string {
	first, _, _ := strings.Cut(v.r.Header.Get("X-Forwarded-Proto"), ",")
	if first = strings.ToLower(strings.TrimSpace(first)); first == "http" || first == "https" {
		return first
	}
	if v.r.TLS != nil {
		return "https"
	}
	return "http"
}

// origin is where the panel believes to be: it trusts every proxy, as TrustProxies '*' does.
func (v *visit) origin() string {
	host, _, _ := strings.Cut(v.r.Header.Get("X-Forwarded-Host"), ",")
	if host = strings.TrimSpace(host); host == "" {
		host = v.r.Host
	}
	return v.scheme() + "://" + host
}

// clientIP is the last address in X-Forwarded-For: the one that the trusted proxy saw.
func (v *visit) clientIP() string {
	list := strings.Split(strings.Join(v.r.Header.Values("X-Forwarded-For"), ","), ",")
	if address, err := netip.ParseAddr(strings.TrimSpace(list[len(list)-1])); err == nil {
		return address.String()
	}
	host, _, _ := net.SplitHostPort(v.r.RemoteAddr)
	return host
}
