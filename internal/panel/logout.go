package panel

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
)

const logoutTime = 5 * time.Second

// Logout ends a panel session as the profile's `logout` says, best effort, within 5 s. A session that is over already is no error.
func (p *Panel) Logout(ctx context.Context, c Client, jar *Jar) error {
	ctx, cancel := context.WithTimeout(ctx, logoutTime)
	defer cancel()
	v := p.visit(c, jar)
	switch p.profile.Logout {
	case "none":
		return nil
	case "auto":
		return p.logoutByPage(ctx, v)
	}
	method, target := splitRule(p.profile.Logout)
	return answered(v.send(ctx, message{method: method, target: target}))
}

// logoutByPage submits the form or follows the link of verify that matches routes.logout: its token is on the page (T12).
func (p *Panel) logoutByPage(ctx context.Context, v *visit) error {
	page, err := v.get(ctx, p.profile.Verify)
	if err != nil {
		return err
	}
	if p.profile.SignedOut(*page) {
		return nil
	}
	m, ok := p.logoutOn(ctx, page)
	if !ok {
		return errors.New("no form or link on verify matches routes.logout")
	}
	if err := answered(v.send(ctx, m)); err != nil || m.method != http.MethodGet {
		return err
	}
	return p.logoutByScript(ctx, v, page, m.target)
}

// logoutByScript: some panels only listen to what their script makes of the logout link, a POST with the page's token
// (phpMyAdmin). So when the session outlived the link, that is sent.
func (p *Panel) logoutByScript(ctx context.Context, v *visit, page *Answer, target string) error {
	again, err := v.get(ctx, p.profile.Verify)
	if err != nil || p.profile.SignedOut(*again) {
		return err
	}
	f := &form{}
	again.document().Find("input[type=hidden][name]").Each(func(_ int, c *goquery.Selection) {
		if tokenName.MatchString(c.AttrOr("name", "")) {
			f.set(c.AttrOr("name", ""), c.AttrOr("value", ""))
		}
	})
	m := message{method: http.MethodPost, target: target, body: f.encode(page), contentType: "application/x-www-form-urlencoded"}
	return answered(v.send(ctx, m))
}

// tokenName is what panels call the token that tells their own forms from others'.
var tokenName = regexp.MustCompile(`(?i)token|csrf|xsrf|nonce|authenticity`)

// logoutOn gives up when its time is over: what a page links to may have many readings.
func (p *Panel) logoutOn(ctx context.Context, page *Answer) (message, bool) {
	var m message
	for _, one := range pageForms(page.document()) {
		if ctx.Err() != nil {
			return m, false
		}
		f := readForm(one)
		target, err := p.formTarget(f.action, page)
		if err != nil || p.profile.Match(f.method, target).Kind != Logout {
			continue
		}
		m = message{method: f.method, target: target}
		if f.method == http.MethodPost {
			m.body, m.contentType = f.encode(page), "application/x-www-form-urlencoded"
		}
		return m, true
	}
	page.document().Find("a[href]").EachWithBreak(func(_ int, s *goquery.Selection) bool {
		if ctx.Err() != nil {
			return false
		}
		target, err := p.formTarget(strings.TrimSpace(s.AttrOr("href", "")), page)
		if err != nil || p.profile.Match(http.MethodGet, target).Kind != Logout {
			return true
		}
		m = message{method: http.MethodGet, target: target}
		return false
	})
	return m, m.target != ""
}

func answered(a *Answer, err error) error {
	if err == nil && a.Status >= http.StatusBadRequest {
		return errors.New("the panel refused the logout")
	}
	return err
}
