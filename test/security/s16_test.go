package security

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// byCollation makes the panel find users as MySQL's collations do: without regard to case, accents, trailing spaces and
// normal form. folded reads what was typed as that database would.
func byCollation(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost || r.URL.Path != "/login" {
		return false
	}
	body, err := io.ReadAll(r.Body)
	values, err2 := url.ParseQuery(string(body))
	if err != nil || err2 != nil {
		http.Error(w, "no form", http.StatusInternalServerError)
		return true
	}
	values.Set("email", folded(values.Get("email")))
	text := values.Encode()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	r.Header.Set("Content-Length", fmt.Sprint(len(text)))
	return false
}

func folded(typed string) string {
	var b strings.Builder
	for _, c := range norm.NFKD.String(strings.ToLower(strings.TrimSpace(typed))) {
		if c >= ' ' && c < 0x7f {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// spellings are what a panel with such a database takes for name@example.test.
func spellings(email string) []string {
	name, host, _ := strings.Cut(email, "@")
	return []string{
		strings.ToUpper(email), strings.ToUpper(name[:1]) + name[1:] + "@" + host, name + "@" + strings.ToUpper(host),
		" " + email, email + " ", "\t" + email + "\n", email + "\u00a0", email + "\u3000",
		norm.NFC.String(strings.Replace(email, "u", "u\u0301", 1)), strings.Replace(email, "u", "u\u0301", 1), // ú in both normal forms
		strings.Replace(email, "s", "ſ", 1), strings.Replace(email, "u", "ｕ", 1), // long s, full width
		strings.Replace(email, "e", "\u200be", 1), strings.Replace(email, "e", "e\u00ad", 1), // zero width, soft hyphen
		strings.Replace(email, "@", "\uff20", 1), strings.Replace(email, ".", "\u2024", 1),
	}
}

// However a name is typed, whoever the panel lets in is asked for the factor of that very person.
func TestS16_SpellingsAreNoWayRound(t *testing.T) {
	whole := theOffice(t)
	url := between(t, whole, byCollation, nil)
	for name, panel := range map[string]string{
		"with identity":    panelAt(url),
		"without identity": strings.Replace(panelAt(url), identity, "", 1),
	} {
		t.Run(name, func(t *testing.T) {
			o := whole.Branch(t, "panel", panel)
			c := o.Enrolled(t)
			in := 0
			for _, typed := range spellings(c.Email) {
				e := c.Elsewhere()
				e.Email = typed
				page := e.Password(harness.LaravelPassword)
				switch {
				case page.Location() == office.Verify:
					in++
					e.Code(e.Phone.Wrong(t)) // the factor of somebody else would be no factor: see below
				case page.Status == http.StatusUnauthorized, page.Status == http.StatusServiceUnavailable, page.Status == http.StatusForbidden:
				default:
					t.Errorf("%q: %d %q", typed, page.Status, page.Location())
				}
				if _, ok := e.InPanel(); ok {
					t.Errorf("%q: in the panel without a code", typed)
				}
			}
			if in < 5 {
				t.Errorf("only %d of %d spellings reached the code page", in, len(spellings(c.Email)))
			}
			if n := metric(t, o.Gateway, `ispgate_accounts{second_factor="none"}`); n != 0 {
				t.Errorf("%v accounts without a factor came of the spellings", n)
			}
		})
	}
}

const identity = "\n  identity: {kind: id, id: {css: 'meta[name=user-id]', attr: content}, name: {css: '#email'}, role: {css: '#role'}},"

// misbehaviour is a panel that stops telling who is logged in. wrong says that the password is wrong as well.
type misbehaviour struct {
	name  string
	wrong bool
	does  func(w http.ResponseWriter, r *http.Request) bool
}

func html(w http.ResponseWriter, status int, text string) bool {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text)
	return true
}

// dashboardOf is a page as the panel shows it to user 1.
const dashboardOf = `<!doctype html><meta name="user-id" content="1"><h1>Welcome</h1><p id="email">admin@example.test</p><p id="role">super_admin</p>`

// guarded asks for the page that only a logged-in user gets.
func guarded(r *http.Request) bool { return r.URL.Path == "/dashboard" }

var misbehaviours = []misbehaviour{
	{"login path moved", false, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/login" {
			return html(w, http.StatusNotFound, "<h1>Not found</h1>")
		}
		return false
	}},
	{"login page without a form", false, func(w http.ResponseWriter, r *http.Request) bool {
		return r.URL.Path == "/login" && r.Method == "GET" && html(w, 200, "<h1>Log in</h1><div id=app></div>")
	}},
	{"two login forms", false, func(w http.ResponseWriter, r *http.Request) bool {
		const form = `<form method=post action=/login><input name=email><input type=password name=password></form>`
		return r.URL.Path == "/login" && r.Method == "GET" && html(w, 200, form+form)
	}},
	{"POST moved", false, func(w http.ResponseWriter, r *http.Request) bool {
		return r.URL.Path == "/login" && r.Method == "POST" && html(w, http.StatusMethodNotAllowed, "no")
	}},
	{"maintenance page", true, func(w http.ResponseWriter, r *http.Request) bool {
		return html(w, http.StatusServiceUnavailable, "<h1>Be right back</h1>")
	}},
	{"maintenance page that says 200", true, func(w http.ResponseWriter, r *http.Request) bool {
		return html(w, http.StatusOK, "<h1>Be right back</h1>")
	}},
	{"maintenance of the guarded page", true, func(w http.ResponseWriter, r *http.Request) bool {
		return guarded(r) && html(w, http.StatusOK, "<h1>Be right back</h1>")
	}},
	{"the guarded page for everyone", true, func(w http.ResponseWriter, r *http.Request) bool {
		return guarded(r) && html(w, http.StatusOK, dashboardOf)
	}},
	{"everything for everyone", true, func(w http.ResponseWriter, r *http.Request) bool {
		return r.URL.Path != "/login" && html(w, http.StatusOK, dashboardOf)
	}},
	{"a cache that answers browsers of one kind", true, func(w http.ResponseWriter, r *http.Request) bool {
		return guarded(r) && strings.Contains(r.UserAgent(), "Chrome/131") && html(w, http.StatusOK, dashboardOf)
	}},
	{"a cache that answers one language", true, func(w http.ResponseWriter, r *http.Request) bool {
		return guarded(r) && strings.HasPrefix(r.Header.Get("Accept-Language"), "en-US") && html(w, http.StatusOK, dashboardOf)
	}},
	{"the guarded page without its owner", false, func(w http.ResponseWriter, r *http.Request) bool {
		_, err := r.Cookie("laravel_session")
		return guarded(r) && err == nil && html(w, http.StatusOK, "<h1>Welcome</h1>")
	}},
	{"the guarded page with two owners", false, func(w http.ResponseWriter, r *http.Request) bool {
		_, err := r.Cookie("laravel_session")
		return guarded(r) && err == nil && html(w, http.StatusOK, dashboardOf+dashboardOf)
	}},
	{"the guarded page moved", false, func(w http.ResponseWriter, r *http.Request) bool {
		return guarded(r) && html(w, http.StatusNotFound, "<h1>Not found</h1>")
	}},
	{"the guarded page leads elsewhere", false, func(w http.ResponseWriter, r *http.Request) bool {
		if !guarded(r) {
			return false
		}
		w.Header().Set("Location", "/welcome")
		return html(w, http.StatusFound, "")
	}},
	{"the guarded page broken", false, func(w http.ResponseWriter, r *http.Request) bool {
		return guarded(r) && html(w, http.StatusInternalServerError, "oops")
	}},
	{"an empty 200", true, func(w http.ResponseWriter, r *http.Request) bool {
		return guarded(r) && html(w, http.StatusOK, "")
	}},
	{"204", true, func(w http.ResponseWriter, r *http.Request) bool {
		if guarded(r) {
			w.WriteHeader(http.StatusNoContent)
		}
		return guarded(r)
	}},
}

// A panel that no longer tells signed-in from signed-out lets nobody in, and nobody is told that his password is wrong
// when it is right.
func TestS16_TheVerdictFailsClosed(t *testing.T) {
	whole := theOffice(t)
	var now atomic.Pointer[misbehaviour]
	o := whole.Branch(t, "panel", panelAt(between(t, whole, func(w http.ResponseWriter, r *http.Request) bool {
		m := now.Load()
		return m != nil && m.does(w, r)
	}, nil)))
	for _, m := range misbehaviours {
		t.Run(m.name, func(t *testing.T) {
			c := o.Clerk(t)
			now.Store(&m)
			defer now.Store(nil)
			for _, password := range []string{harness.LaravelPassword, "wrong"} {
				page := c.Password(password)
				if page.Location() != "" || page.Status == http.StatusOK {
					t.Errorf("password %q: %d %q, want a refusal", password, page.Status, page.Location())
				}
				if text := page.Text("main"); password == harness.LaravelPassword && strings.Contains(text, "is not right") && !m.wrong {
					t.Errorf("a right password is called wrong: %q", text)
				}
				if _, in := c.InPanel(); in {
					t.Errorf("password %q: in the panel", password)
				}
			}
			now.Store(nil)
			if _, in := c.InPanel(); in {
				t.Error("in the panel, once it is itself again")
			}
			c.LogIn() // and nobody is kept out by it
		})
	}
}

// Two controls in a row that fail close the logins, say so in a metric, and open them again when the panel is mended.
func TestS16_ControlAtTheStart(t *testing.T) {
	whole := theOffice(t)
	o := whole.Branch(t, "panel", panelAt(between(t, whole, func(w http.ResponseWriter, r *http.Request) bool {
		return guarded(r) && html(w, http.StatusOK, dashboardOf)
	}, nil)))
	c := o.Clerk(t)
	page := c.Password(harness.LaravelPassword).Want(http.StatusServiceUnavailable)
	if text := page.Text("main"); !strings.Contains(text, "Logging in is out of order. Your administrator has been told.") {
		t.Errorf("the page says %q", text)
	}
	line := o.Gateway.WaitLog("what control expected", func(line map[string]any) bool { return line["msg"] == "login is out of order" })
	if !strings.Contains(fmt.Sprint(line), "/dashboard") {
		t.Errorf("the log does not name the page: %v", line)
	}
}
