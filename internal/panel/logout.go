package panel

import (
	"context"
	"errors"
	"net/http"
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
	m, ok := p.logoutOn(page)
	if !ok {
		return errors.New("no form or link on verify matches routes.logout")
	}
	return answered(v.send(ctx, m))
}

func (p *Panel) logoutOn(page *Answer) (message, bool) {
	doc := page.document()
	var m message
	doc.Find("form").EachWithBreak(func(_ int, s *goquery.Selection) bool {
		f := readForm(doc, s)
		target, err := p.formTarget(f.action, page)
		if err != nil || p.profile.Match(f.method, target).Kind != Logout {
			return true
		}
		m = message{method: f.method, target: target}
		if f.method == http.MethodPost {
			m.body, m.contentType = f.encode(page), "application/x-www-form-urlencoded"
		}
		return false
	})
	if m.target != "" {
		return m, true
	}
	doc.Find("a[href]").EachWithBreak(func(_ int, s *goquery.Selection) bool {
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
