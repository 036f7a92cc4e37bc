package panel

import (
	"net/http"
	"strings"
	"testing"
)

const fakeProfile = "base: laravel\nverify: /dashboard\n"

func (f *fake) panel(t testing.TB, profile string) *Panel {
	return panelAt(t, profileOf(t, profile), f.URL, "https://panel.example.net")
}

func rightAttempt() Attempt {
	return Attempt{Client: Client{UserAgent: "Browser/1", Language: "bn", Encoding: "gzip, br", Addr: addr("192.0.2.9")}, Username: fakeUser, Password: fakePassword}
}

const identityOfPage = `identity: {id: {css: '#me', attr: data-id}, name: {css: '#me'}, role: {css: .role}}`

// TestS16_Verdicts: what every kind of panel makes of a login. Whatever is not known to be a success is none.
func TestS16_Verdicts(t *testing.T) {
	strangers := func(w http.ResponseWriter, r *http.Request) bool { return false }
	cached := plays("GET /dashboard", 200, "<p>the dashboard of somebody</p>")
	loginForm := `<form method=post action=/login><input name=email type=email><input name=password type=password></form>`
	type panelPlay = func(w http.ResponseWriter, r *http.Request) bool
	cases := []struct {
		name, profile string
		play          panelPlay
		edit          func(*Attempt)
		want          Verdict
		reason        string
	}{
		{"right", "", strangers, nil, OK, "verify"},
		{"right, blanks around the name", "", strangers, func(a *Attempt) { a.Username = " Admin@demo.isp " }, BadCredentials, ""}, // the fake is exact about case
		{"wrong password", "", strangers, func(a *Attempt) { a.Password = "no" }, BadCredentials, "outcome.failed"},
		{"wrong password, panel in another language", "outcome: {failed: [], throttled: []}", strangers, func(a *Attempt) { a.Password = "no" }, BadCredentials, "signed out after the login"},
		{"unknown user", "", strangers, func(a *Attempt) { a.Username = "nobody@demo.isp" }, BadCredentials, "outcome.failed"},
		{"a name that is none", "", strangers, func(a *Attempt) { a.Username = "admin" }, BadCredentials, "does not match"},
		{"no password", "", strangers, func(a *Attempt) { a.Password = "" }, BadCredentials, "0 bytes"},
		{"password of 1025 bytes", "", strangers, func(a *Attempt) { a.Password = strings.Repeat("x", 1025) }, BadCredentials, "1025 bytes"},

		{"maintenance, 503", "", plays("GET *", 503, "Back soon"), nil, Unavailable, "answered 503"},
		{"maintenance, 200", "", plays("GET *", 200, "<p>Back soon</p>"), nil, FormChanged, "0 login forms"},
		{"broken while it looks at the password", "", plays("POST /login", 500, ""), nil, Unavailable, "POST /login: the panel answered 500"},
		{"broken at verify", "", plays("GET /dashboard", 502, ""), nil, Unavailable, "GET /dashboard: the panel answered 502"},
		{"answer over 1 MiB", "", plays("GET /login", 200, loginForm+strings.Repeat(" ", maxBody)), nil, Unavailable, "over 1 MiB"},
		{"hangs up", "", func(w http.ResponseWriter, r *http.Request) bool { panic(http.ErrAbortHandler) }, nil, Unavailable, ""},

		{"login path moved, 404", "", plays("* /login", 404, "not here"), nil, FormChanged, "status 404"},
		{"login path moved, 302", "", func(w http.ResponseWriter, r *http.Request) bool {
			return plays("GET /login", 302, "", "Location", "/sign-in")(w, r) || plays("GET /sign-in", 200, loginForm)(w, r) || plays("POST /login", 302, "", "Location", "/sign-in")(w, r) ||
				plays("GET /dashboard", 302, "", "Location", "/sign-in")(w, r)
		}, nil, FormChanged, "neither signed in nor signed out"},
		{"form posts into the void", "", plays("POST /login", 404, ""), nil, FormChanged, "POST /login: the panel answered 404"},
		{"two login forms", "", plays("GET /login", 200, loginForm+loginForm), nil, FormChanged, "2 login forms"},
		{"captcha", "", plays("GET /login", 200, strings.Replace(loginForm, "<input", "<div class=g-recaptcha></div><input", 1)), nil, FormChanged, "captcha"},
		{"login page is JSON", "", plays("GET /login", 200, "{}", "Content-Type", "application/json"), nil, FormChanged, ""},

		{"cached page for everybody", "", cached, nil, FormChanged, "control failed"},
		{"cached page for everybody, wrong password", "outcome: {failed: [], throttled: []}", cached, func(a *Attempt) { a.Password = "no" }, FormChanged, "control failed"},
		{"200 for everyone", "", plays("*", 200, loginForm), nil, FormChanged, "neither signed in"},
		{"200 without a form for everyone", "", func(w http.ResponseWriter, r *http.Request) bool {
			return plays("GET /login", 200, loginForm)(w, r) || plays("*", 200, "<p>Welcome</p>")(w, r)
		}, nil, FormChanged, "control failed"},
		{"open for this browser's user agent", "outcome: {failed: [], throttled: []}", func(w http.ResponseWriter, r *http.Request) bool {
			return r.UserAgent() == "Browser/1" && cached(w, r)
		}, func(a *Attempt) { a.Password = "no" }, FormChanged, "control failed"},
		{"open for this browser's language", "outcome: {failed: [], throttled: []}", func(w http.ResponseWriter, r *http.Request) bool {
			return r.Header.Get("Accept-Language") == "bn" && cached(w, r)
		}, func(a *Attempt) { a.Password = "no" }, FormChanged, "control failed"},
		{"verify is a download", "", plays("GET /dashboard", 200, "a,b", "Content-Type", "text/csv"), nil, FormChanged, "neither signed in"},
		{"verify is gone", "", plays("GET /dashboard", 404, "gone"), nil, FormChanged, "neither signed in"},

		{"stale once", "", atFirst(1, plays("POST /login", 419, "Page Expired")), nil, OK, ""},
		{"stale twice", "", plays("POST /login", 419, "Page Expired"), nil, FormChanged, "stale, twice"},
		{"stale by its text once", "", atFirst(1, plays("POST /login", 403, "CSRF verification failed")), nil, OK, ""},
		{"403 for another reason", "outcome: {failed: [{status: 403}]}", plays("POST /login", 403, "your address is blocked"), nil, BadCredentials, "outcome.failed"},

		{"panel's limiter, text", "", atFirst(1, plays("POST /login", 200, "Too many login attempts. Please try again in 21 seconds.")), nil, Throttled, "outcome.throttled"},
		{"panel's limiter, 429", "", plays("POST /login", 429, "", "Retry-After", "21"), nil, Throttled, "outcome.throttled"},
		{"panel's limiter at the page", "", plays("GET /login", 429, "", "Retry-After", "21"), nil, Throttled, "on the login page"},
		{"a name like the limiter's text", "usernames: {pattern: '^.*$x|^[^\\n]+@x$'}\noutcome: {throttled: [{body: 'wait'}]}", plays("POST /login", 200, "wait@x is not known"), func(a *Attempt) { a.Username = "wait@x" }, BadCredentials, ""},

		{"its own second step", "", plays("POST /login", 302, "", "Location", "/two-factor-challenge"), nil, Challenge, "outcome.challenge"},
		{"its own second step, but verify is open", "", func(w http.ResponseWriter, r *http.Request) bool {
			return plays("POST /login", 302, "", "Location", "/two-factor-challenge")(w, r) || cached(w, r)
		}, nil, FormChanged, "control failed"},
		{"throttled comes before challenge", "outcome: {throttled: [{status: 302}]}", plays("POST /login", 302, "", "Location", "/two-factor-challenge"), nil, Throttled, ""},
		{"no ok rule matches", "outcome: {ok: [{location: '^/home'}]}", strangers, nil, BadCredentials, "outcome.ok"},
		{"an ok rule is no proof", "outcome: {ok: [{status: 302}], failed: [], throttled: []}", strangers, func(a *Attempt) { a.Password = "no" }, BadCredentials, "signed out"},
		{"forced password change", "", plays("GET /dashboard", 302, "", "Location", "/change"), nil, FormChanged, "neither signed in"},
		{"forced password change, foreseen", "signed_in: [{status: 200}, {location: '^/change'}]", func(w http.ResponseWriter, r *http.Request) bool {
			return r.Header.Get("Cookie") != "" && plays("GET /dashboard", 302, "", "Location", "/change")(w, r)
		}, nil, OK, ""},
		{"success with 200", "", func(w http.ResponseWriter, r *http.Request) bool {
			return plays("POST /login", 200, "<p>Hello</p>", "Set-Cookie", "in=1")(w, r) || strings.Contains(r.Header.Get("Cookie"), "in=1") && cached(w, r)
		}, nil, OK, ""},

		{"identity", identityOfPage, strangers, nil, OK, ""},
		{"identity in JSON", "identity: {page: /me, id: {json: user.id}, name: {json: user.emails.0}, role: {json: role}}", strangers, nil, OK, ""},
		{"role only", "identity: {role: {css: .role}}", strangers, nil, OK, ""},
		{"identity missing", "identity: {kind: email, name: {css: '#nobody'}}", strangers, nil, FormChanged, "identity.name stands on the page 0 times"},
		{"identity missing in JSON", "identity: {page: /me, kind: email, name: {json: user.mail}}", strangers, nil, FormChanged, "identity.name is not in the JSON"},
		{"identity malformed", "identity: {kind: email, name: {css: .role}}", strangers, nil, FormChanged, "is not an e-mail address"},
		{"identity without its attribute", "identity: {kind: email, name: {css: '#me', attr: title}}", strangers, nil, FormChanged, "no attribute"},
		{"identity doubled", "identity: {kind: email, name: {css: 'b, i'}}", strangers, nil, FormChanged, "2 times"},
		{"identity page signed out", "identity: {page: /me, kind: email, name: {json: a}}", plays("GET /me", 401, ""), nil, FormChanged, "identity.page is signed out"},
		{"identity page broken", "identity: {page: /me, kind: email, name: {json: a}}", plays("GET /me", 500, ""), nil, Unavailable, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, c.play)
			p := f.panel(t, fakeProfile+c.profile)
			in := rightAttempt()
			if c.edit != nil {
				c.edit(&in)
			}
			out := p.Login(t.Context(), in)
			if out.Verdict != c.want || !strings.Contains(out.Reason, c.reason) {
				t.Fatalf("%s (%s), want %s (%s)\n%s", out.Verdict, out.Reason, c.want, c.reason, strings.Join(f.lines(), "\n"))
			}
			if strings.Contains(out.Reason, in.Password) && in.Password != "" && in.Password != "no" {
				t.Errorf("the reason tells the password: %s", out.Reason)
			}
			if kept := out.Verdict == OK || out.Verdict == Challenge; kept != (out.Jar != nil) {
				t.Errorf("jar = %v", out.Jar)
			}
			if out.Verdict != OK && out.Who != (Identity{}) && out.Verdict != Challenge {
				t.Errorf("who = %+v", out.Who)
			}
		})
	}
}
