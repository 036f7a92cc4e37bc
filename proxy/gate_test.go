package proxy

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
)

func at(stage session.Stage) session.Session {
	s := full()
	s.Stage = stage
	return s
}

func noCode() session.Session {
	s := full()
	s.CodeAt = time.Time{}
	return s
}

func TestS12_GateDecisions(t *testing.T) {
	h := built(t, hello)
	down := errors.Join(session.ErrStore, errors.New("dial"))
	cases := []struct {
		name, method, target string
		session              session.Session
		err                  error
		want                 Decision
		step                 string
	}{
		{"stranger", "GET", "/dashboard", session.Session{}, nil, NeedLogin, ""},
		{"stranger at a public page", "GET", "/pay/1", session.Session{}, nil, Allow, ""},
		{"stranger at a public form", "POST", "/pay/1", session.Session{}, nil, Allow, ""},
		{"stranger, method that is not public", "POST", "/hook", session.Session{}, nil, NeedLogin, ""},
		{"stranger, public path in another spelling", "GET", "/pay%2f1", session.Session{}, nil, NeedLogin, ""},
		{"stranger at the panel's logout", "POST", "/logout", session.Session{}, nil, NeedLogin, ""},
		{"stranger at a denied page", "GET", "/api/auth/login", session.Session{}, nil, Forbidden, ""},
		{"before the code", "GET", "/dashboard", at(session.Password), nil, NeedStep, "step-password"},
		{"before the code, public", "GET", "/pay/1", at(session.Password), nil, Allow, ""},
		{"before the code, denied", "GET", "/api/auth/login", at(session.Password), nil, Forbidden, ""},
		{"before the code, two-factor page", "GET", "/settings/2fa", at(session.Password), nil, NeedStep, "step-password"},
		{"before the code, logout", "POST", "/logout", at(session.Password), nil, NeedStep, "step-password"},
		{"enrolling", "GET", "/dashboard", at(session.Enrolling), nil, NeedStep, "step-enrolling"},
		{"logged in", "GET", "/dashboard", full(), nil, Allow, ""},
		{"logged in, odd target", "GET", "//x/%2e%2e/|", full(), nil, Allow, ""},
		{"logged in, public", "GET", "/pay/1", full(), nil, Allow, ""},
		{"logged in, login", "GET", "/login", full(), nil, NeedLogin, ""},
		{"logged in, login disguised", "POST", "/x/..//LOGIN/;a=b", full(), nil, NeedLogin, ""},
		{"logged in, login through the front controller", "POST", "/index.php/login", full(), nil, NeedLogin, ""},
		{"logged in, denied", "POST", "/api/auth/login/", full(), nil, Forbidden, ""},
		{"logged in, logout", "POST", "/logout", full(), nil, Allow, ""},
		{"logged in, two-factor page", "GET", "/settings/2fa", full(), nil, NeedStep, "two-factor"},
		{"log in as, with a code", "POST", "/login-as/3", full(), nil, Allow, ""},
		{"log in as, without", "POST", "/login-as/3", noCode(), nil, Forbidden, ""},
		{"store down", "GET", "/dashboard", session.Session{}, down, Unavailable, ""},
		{"store down, public", "GET", "/pay/1", session.Session{}, down, Unavailable, ""},
		{"store down, a session beside the error", "GET", "/dashboard", full(), down, Unavailable, ""},
		{"store down, login", "GET", "/login", full(), down, NeedLogin, ""},
		{"a stage nobody knows", "GET", "/dashboard", at(session.Stage(9)), nil, NeedStep, "step-anonymous"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h.desk.session, h.desk.err, h.counted = c.session, c.err, nil
			r := httptest.NewRequest(c.method, "/", nil)
			v := h.gate.Decide(r.Context(), r, Asked{Method: c.method, Target: c.target})
			if v.Decision != c.want || v.Step != c.step {
				t.Errorf("%s, step %q; want %s, %q", v.Decision, v.Step, c.want, c.step)
			}
			if v.Decision == Allow && v.Session.Account != "" && c.session.Stage != session.Full {
				t.Errorf("a visitor passes with the session of stage %s", c.session.Stage)
			}
			if len(h.counted) != 1 || h.counted[0].Decision != v.Decision {
				t.Errorf("counted %d times", len(h.counted))
			}
		})
	}
}

// TestS37_FrontForgotToHandOver: a login or logout that a server in front asks about is refused in the gate, and counted
// once, as what it is.
func TestS37_FrontForgotToHandOver(t *testing.T) {
	h := built(t, hello)
	for _, s := range []session.Session{{}, at(session.Password), at(session.Enrolling), full()} {
		for _, c := range []Asked{{"GET", "/login", true}, {"POST", "/x/..//LOGIN/;a=b", true}, {"POST", "/logout", true}, {"POST", "/logout/", true}} {
			h.desk.session, h.desk.loads, h.counted = s, 0, nil
			r := httptest.NewRequest("GET", "/", nil)
			if v := h.gate.Decide(r.Context(), r, c); v.Decision != Forbidden || v.Malformed || v.Cause == nil {
				t.Errorf("stage %s, %s %s: %s, malformed %t", s.Stage, c.Method, c.Target, v.Decision, v.Malformed)
			}
			ask(h.handler(h.Auth), "GET", "/ispgate/auth", "", asked(c.Method, c.Target)...)
			if len(h.counted) != 2 || h.counted[1].Decision != Forbidden || h.desk.loads != 0 {
				t.Errorf("stage %s, %s %s: counted %v, %d look-ups", s.Stage, c.Method, c.Target, h.counted, h.desk.loads)
			}
			c.Front = false
			if v := h.gate.Decide(r.Context(), r, c); v.Decision == Forbidden {
				t.Errorf("stage %s, %s %s at our own door: %s", s.Stage, c.Method, c.Target, v.Decision)
			}
		}
	}
}

// TestS12_TheSecondStepOpensNothingElse: while the panel's own second step is open, only what no server reads as something else
// passes for it, or for the way out.
func TestS12_TheSecondStepOpensNothingElse(t *testing.T) {
	h := builtWith(t, strings.Replace(houseProfile, "routes:", "routes:\n  challenge: [/second-step]", 1), hello)
	h.desk.session.Note.Challenge = true
	r := httptest.NewRequest("GET", "/", nil)
	for target, want := range map[string]Decision{
		"/second-step": Allow, "/second-step/": Allow, "/logout": Allow,
		"/second-step/../users": NeedLogin, "/second-step/%2e%2e/users": NeedLogin, "/users/..//second-step": NeedLogin, "/second-step;x/../../users": NeedLogin,
		"/logout/../users": NeedLogin, "/users/%2e%2e/logout": NeedLogin, "/users": NeedLogin,
	} {
		if v := h.gate.Decide(r.Context(), r, Asked{Method: "POST", Target: target}); v.Decision != want {
			t.Errorf("POST %s: %s, want %s", target, v.Decision, want)
		}
	}
}

// TestZeroVerdictRefuses: whoever forgets to decide refuses, at both doors.
func TestZeroVerdictRefuses(t *testing.T) {
	if (Verdict{}).Decision != Forbidden || Decision(0).String() != "forbidden" {
		t.Error("the zero verdict does not refuse")
	}
	if panel.Kind(0) != panel.Protected || session.Stage(0) != session.Anonymous {
		t.Error("a zero route or stage does not ask for everything")
	}
	h := built(t, hello)
	for _, d := range []Decision{Forbidden, NeedLogin, NeedStep, Unavailable, Decision(99)} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil)
		h.refuse(w, r, Verdict{Decision: d})
		if w.Code < 300 || h.last() != nil {
			t.Errorf("decision %d: status %d", d, w.Code)
		}
	}
	for malformed, want := range map[bool]int{false: 403, true: 400} {
		w := httptest.NewRecorder()
		h.refuse(w, httptest.NewRequest("GET", "/x", nil), Verdict{Malformed: malformed})
		if w.Code != want {
			t.Errorf("malformed %t: status %d, want %d", malformed, w.Code, want)
		}
	}
}

// TestWhereAScriptLogsIn: a person who logs in because a script was refused comes back to the page that the script ran on.
func TestWhereAScriptLogsIn(t *testing.T) {
	h := built(t, hello)
	for _, c := range []struct {
		name, method, referer, want string
		session                     session.Session
	}{
		{"XHR", "GET", "https://panel.example.net/customers?page=2", "/ispgate/login?return_to=%2Fcustomers%3Fpage%3D2", session.Session{}},
		{"XHR that changes", "POST", "https://panel.example.net/customers", "/ispgate/login?return_to=%2Fcustomers", session.Session{}},
		{"no Referer", "GET", "", "/ispgate/login", session.Session{}},
		{"foreign Referer", "GET", "https://evil.example/x", "/ispgate/login", session.Session{}},
		{"from our own page", "GET", "https://panel.example.net/ispgate/two-factor", "/ispgate/login", session.Session{}},
		{"before the code", "GET", "https://panel.example.net/customers", "/ispgate/step-password", at(session.Password)},
	} {
		h.desk.session = c.session
		header := []string{"Accept", "application/json"}
		if c.referer != "" {
			header = append(header, "Referer", c.referer)
		}
		var said struct {
			LoginURL string `json:"login_url"`
		}
		w := ask(h.proxied(), c.method, "/api/rows?q=1", "", header...)
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != 401 || said.LoginURL != c.want {
			t.Errorf("%s: %d, login_url %q, %v; want %q", c.name, w.Code, said.LoginURL, err, c.want)
		}
	}
	h.desk.session = session.Session{}
	w := ask(h.proxied(), "POST", "/save", "a=b", "Accept", "text/html", "Referer", "https://panel.example.net/edit/7")
	if w.Code != 401 || !strings.Contains(w.Body.String(), "/ispgate/login?return_to=%2Fedit%2F7") {
		t.Errorf("a form's page does not lead back to where it was filled in: %d", w.Code)
	}
}

// TestStrangersCostNothing: a login or denied target is answered without asking the store (S34).
func TestStrangersCostNothing(t *testing.T) {
	h := built(t, hello)
	for _, target := range []string{"/login", "/api/auth/login"} {
		r := httptest.NewRequest("GET", "/", nil)
		h.gate.Decide(r.Context(), r, Asked{Method: "GET", Target: target})
	}
	if h.desk.loads != 0 {
		t.Errorf("%d look-ups", h.desk.loads)
	}
}

// TestRefusals: what people and scripts see of each verdict.
func TestRefusals(t *testing.T) {
	h := built(t, hello)
	page, script := []string{"Accept", "text/html"}, []string{"Accept", "application/json"}
	cases := []struct {
		name, method, target string
		session              session.Session
		err                  error
		header               []string
		status               int
		location             string
	}{
		{"page", "GET", "/a?b=c%26d&e", session.Session{}, nil, page, 303, "/ispgate/login?return_to=%2Fa%3Fb%3Dc%2526d%26e"},
		{"page by HEAD", "HEAD", "/a", session.Session{}, nil, page, 303, "/ispgate/login?return_to=%2Fa"},
		{"page whose address cannot be returned to", "GET", "//evil", session.Session{}, nil, page, 303, "/ispgate/login"},
		{"form", "POST", "/a", session.Session{}, nil, page, 401, ""},
		{"script", "GET", "/a", session.Session{}, nil, script, 401, ""},
		{"next step", "GET", "/a", at(session.Password), nil, page, 303, "/ispgate/step-password"},
		{"next step, script", "GET", "/a", at(session.Password), nil, script, 401, ""},
		{"the panel's login", "GET", "/login?x=1", full(), nil, page, 303, "/ispgate/login"},
		{"the panel's login form", "POST", "/login", full(), nil, page, 303, "/ispgate/login"},
		{"the panel's login, script", "POST", "/login", full(), nil, script, 401, ""},
		{"the panel's two-factor page", "GET", "/settings/2fa", full(), nil, page, 303, "/ispgate/two-factor"},
		{"denied", "GET", "/api/auth/login", full(), nil, page, 403, ""},
		{"store down", "GET", "/a", session.Session{}, session.ErrStore, page, 503, ""},
		{"store down, script", "GET", "/a", session.Session{}, session.ErrStore, script, 503, ""},
		{"second name", "GET", "/a?b=%zz", full(), nil, append([]string{"Host", "old.example.net"}, page...), 308, "https://panel.example.net/a?b=%zz"},
		{"second name, form", "POST", "/a", full(), nil, append([]string{"Host", "old.example.net"}, page...), 421, ""},
		{"second name, script", "GET", "/a", full(), nil, append([]string{"Host", "old.example.net"}, script...), 421, ""},
		{"second name, public", "GET", "/pay/1", session.Session{}, nil, append([]string{"Host", "old.example.net"}, page...), 200, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h.desk.session, h.desk.err = c.session, c.err
			w := ask(h.proxied(), c.method, c.target, "", c.header...)
			if w.Code != c.status || w.Header().Get("Location") != c.location {
				t.Errorf("%d to %q; want %d to %q", w.Code, w.Header().Get("Location"), c.status, c.location)
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Errorf("a cookie: %q", w.Header().Get("Set-Cookie"))
			}
			if asked := h.last() != nil; asked != (c.status == 200) {
				t.Errorf("the panel was asked: %t", asked)
			}
			if c.status >= 400 && (w.Body.Len() == 0 || strings.Contains(w.Body.String(), "<h1></h1>") || strings.Contains(w.Body.String(), `"error":""`)) {
				t.Errorf("a page without words: %.300s", w.Body)
			}
		})
	}
}
