package panel

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// loginTime is how long a whole panel login may take: some panels throttle by sleeping 25 s (T3).
const loginTime = 60 * time.Second

// MaxPassword is the longest password that is tried, in bytes (S30).
const MaxPassword = 1024

// ruling ends a panel login with a verdict.
type ruling struct {
	verdict Verdict
	reason  string
	wait    time.Duration
}

func (r *ruling) Error() string { return r.reason }

func rule(v Verdict, format string, args ...any) error {
	return &ruling{verdict: v, reason: fmt.Sprintf(format, args...)}
}

// Login checks a password by filling in the panel's own form (design 4.2). It takes at most 60 s. Whatever is not known to
// be a success is none; an error on the way is Unavailable, which says nothing about the password.
func (p *Panel) Login(ctx context.Context, in Attempt) Outcome {
	begin := p.opt.Now()
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	a := &attempt{panel: p, in: in}
	out, err := a.run(ctx)
	if err != nil {
		out = outcomeOf(err)
	}
	p.opt.Observe(out.Verdict, p.opt.Now().Sub(begin))
	return out
}

func outcomeOf(err error) Outcome {
	var r *ruling
	if errors.As(err, &r) {
		return Outcome{Verdict: r.verdict, Reason: r.reason, Wait: r.wait}
	}
	return Outcome{Verdict: Unavailable, Reason: err.Error()}
}

// attempt is one panel login under way.
type attempt struct {
	panel *Panel
	in    Attempt
	name  string // the folded typed name; only without identity
	visit *visit
}

func (a *attempt) run(ctx context.Context) (Outcome, error) {
	p := a.panel
	if p.profile.Loginless() {
		return Outcome{}, rule(FormChanged, "the application has no login")
	}
	if !p.LoginsOpen() {
		return Outcome{}, rule(FormChanged, "logins are closed: control failed twice")
	}
	if err := a.readTyped(); err != nil {
		return Outcome{}, err
	}
	answer, err := a.submit(ctx)
	if err != nil {
		return Outcome{}, err
	}
	return a.judge(ctx, answer)
}

// readTyped refuses names and passwords that cannot be anybody's, without asking the panel.
func (a *attempt) readTyped() error {
	if n := len(a.in.Password); n == 0 || n > MaxPassword {
		return rule(BadCredentials, "password of %d bytes", n)
	}
	a.in.Username = strings.TrimSpace(a.in.Username)
	if a.in.Username == "" || len(a.in.Username) > 254 {
		return rule(BadCredentials, "user name of %d bytes", len(a.in.Username))
	}
	if !typeable(a.in.Username) {
		return rule(BadCredentials, "user name with control characters")
	}
	if a.panel.profile.Identity.Configured() {
		return nil
	}
	name, err := a.panel.profile.Fold(a.in.Username)
	if err != nil {
		return rule(BadCredentials, "the typed name does not match usernames.pattern")
	}
	a.name = name
	return nil
}

// submit posts the form; a stale one gets one fresh form and one repeat.
func (a *attempt) submit(ctx context.Context) (*Answer, error) {
	if a.panel.profile.Login.As == "basic" {
		return a.present(ctx)
	}
	for range 2 {
		a.visit = a.panel.visit(a.in.Client, &Jar{}) // a fresh jar per attempt
		m, err := a.fillIn(ctx)
		if err != nil {
			return nil, err
		}
		answer, err := a.visit.send(ctx, m)
		if err != nil {
			return nil, err
		}
		if !a.stale(answer) {
			return answer, nil
		}
	}
	return nil, rule(FormChanged, "the panel called a fresh form stale, twice")
}

// present shows the credentials of RFC 7617 to the guarded page: there is no form.
func (a *attempt) present(ctx context.Context) (*Answer, error) {
	if strings.Contains(a.in.Username, ":") {
		return nil, rule(BadCredentials, "user name with a colon, which HTTP Basic cannot carry")
	}
	credentials := base64.StdEncoding.EncodeToString([]byte(a.in.Username + ":" + a.in.Password))
	a.visit = a.panel.visit(a.in.Client, &Jar{authorization: "Basic " + credentials})
	return a.visit.get(ctx, a.panel.profile.Verify)
}

var tokenWords = regexp.MustCompile(`(?i)csrf|xsrf|session token|token mismatch|page expired`)

// stale: the panel did not look at the password, because of a token of its own.
func (a *attempt) stale(answer *Answer) bool {
	if a.panel.profile.anyOf(a.panel.profile.outcome.stale, answer) {
		return true
	}
	return answer.Status == http.StatusForbidden && answer.isText() && tokenWords.MatchString(answer.text().plain)
}

// fillIn opens the login page and makes the request that its form would send.
func (a *attempt) fillIn(ctx context.Context) (message, error) {
	l := a.panel.profile.Login
	page, err := a.visit.open(ctx, l.Page)
	if err != nil {
		return message{}, err
	}
	if r := a.panel.profile.first(a.panel.profile.outcome.throttled, page); r != nil {
		return message{}, &ruling{Throttled, r.text + " on the login page", r.seconds(page)}
	}
	taken, err := a.take(page)
	if err != nil {
		return message{}, err
	}
	m := message{method: http.MethodPost, submitted: []string{a.in.Password, a.in.Username}}
	if l.As == "json" {
		m.target, m.contentType = l.Action, "application/json"
		if m.target == "" {
			m.target = l.Page
		}
		m.header = http.Header{"Accept": {"application/json"}}
		m.body, err = a.jsonBody(taken)
		return m, err
	}
	f, action, err := a.panel.theForm(page)
	if err != nil {
		return message{}, err
	}
	a.panel.profile.learn(f, action)
	f.set(f.user, a.in.Username)
	f.set(f.password, a.in.Password)
	f.apply(l.Set)
	for name, value := range taken {
		f.set(name, value)
	}
	m.target, m.contentType, m.body = action, "application/x-www-form-urlencoded", f.encode(page)
	return m, nil
}

// take reads login.take from the page.
func (a *attempt) take(page *Answer) (map[string]string, error) {
	out := map[string]string{}
	for name, re := range a.panel.profile.Login.Take {
		m := re.FindStringSubmatch(decoded(page.Header, page.Body, maxBody))
		if m == nil {
			return nil, rule(FormChanged, "login.take.%s is not on the login page", name)
		}
		out[name] = m[1]
	}
	return out, nil
}

func (a *attempt) jsonBody(taken map[string]string) ([]byte, error) {
	l := a.panel.profile.Login
	fields := map[string]string{}
	for name, value := range l.Set {
		if value != nil {
			fields[name] = *value
		}
	}
	for name, value := range taken {
		fields[name] = value
	}
	fields[l.User], fields[l.Password] = a.in.Username, a.in.Password
	return json.Marshal(fields)
}
