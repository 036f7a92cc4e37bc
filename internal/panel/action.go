package panel

import (
	"errors"
	"net/http"
	"strings"

	"golang.org/x/net/html/charset"
)

// theForm is the one login form of a page and the target that it posts to.
func (p *Panel) theForm(page *Answer) (*form, string, error) {
	if page.Status != http.StatusOK && page.Status != http.StatusUnauthorized || !page.isHTML() {
		return nil, "", rule(FormChanged, "GET %s: no login page, but status %d", pathOf(page.Target), page.Status)
	}
	forms := loginForms(page.document(), p.profile.Login)
	if len(forms) != 1 {
		return nil, "", rule(FormChanged, "GET %s: %d login forms on the page, not one", pathOf(page.Target), len(forms))
	}
	f := forms[0]
	action, err := p.actionOf(f, page)
	switch {
	case err != nil:
		return nil, "", err
	case f.captcha || renderedCaptcha.MatchString(decoded(page.Header, page.Body, maxBody)):
		return nil, "", rule(FormChanged, "the login form asks for a captcha, which a gateway cannot answer: switch it off for the panel behind the gateway")
	case f.method != http.MethodPost:
		return nil, "", rule(FormChanged, "the login form is sent with %s, which would put the password into a URL", f.method)
	}
	return f, action, nil
}

// actionOf is where the login form posts to: login.action, else its own action.
func (p *Panel) actionOf(f *form, page *Answer) (string, error) {
	if p.profile.Login.Action != "" {
		return p.profile.Login.Action, nil
	}
	target, err := p.formTarget(f.action, page)
	if err != nil {
		return "", rule(FormChanged, "the login form %v", err)
	}
	return target, nil
}

// formTarget is what an action or href on a page means, base href honoured. An empty one is the page itself, query included.
func (p *Panel) formTarget(action string, page *Answer) (string, error) {
	target := page.Target
	if action != "" {
		base := page.Target
		if href := page.baseHref(); href != "" {
			base = p.Location(base, href)
		}
		if !panelTarget(base) {
			return "", errors.New("stands under a base href of another host")
		}
		target = p.Location(base, action)
	}
	target, _, _ = strings.Cut(target, "#")
	if !panelTarget(target) {
		return "", errors.New("goes to another host, or is computed by a script")
	}
	return target, nil
}

// learn remembers what the login form's fields are called and what it posts to: that is a login as well (S15). Its query may carry a token, so a POST to the
// path is one whatever the query says, unless the panel answers everything at that path. A target that a session needs is not
// taken.
func (p *Profile) learn(f *form, action string) {
	p.fields.Store(&[2]string{f.user, f.password})
	texts := []string{literal(action)}
	if pathOf(action) != action {
		texts = []string{"POST " + pathOf(literal(action)), literal(action)}
	}
	for _, text := range texts {
		r, err := compile(LoginRoute, text)
		if err != nil || r.loose(http.MethodPost, read(p.Verify), noAddr) {
			continue
		}
		if p.MatchFrom(http.MethodPost, action, noAddr).Kind != LoginRoute {
			p.learned.Store(&r)
		}
		return
	}
}

// encode is what a browser would post, in the page's charset. In UTF-8 the bytes typed are the bytes sent (S30).
func (f *form) encode(page *Answer) []byte {
	enc, name, _ := charset.DetermineEncoding(page.Body, page.Header.Get("Content-Type"))
	if f.charset != "" {
		if e, n := charset.Lookup(f.charset); e != nil {
			enc, name = e, n
		}
	}
	return encodeFields(f.fields, enc, name)
}
