package authflow

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/users"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// passwords judges a password: the panel by its own login, or a users file.
type passwords interface {
	Login(ctx context.Context, in panel.Attempt) panel.Outcome
}

// judge is who judges here.
func (o Options) judge() passwords {
	switch {
	case o.Users == nil:
		return o.Panel
	case o.Profile.Loginless():
		return local{file: o.Users}
	}
	return breakGlass{panel: o.Panel, own: local{file: o.Users, realm: account.Emergency}}
}

// local judges by a users file. A right password opens no session anywhere else: there is no jar.
type local struct {
	file  *users.File
	realm string // what its names belong to; empty: the application
}

func (l local) Login(ctx context.Context, in panel.Attempt) panel.Outcome {
	person, err := l.file.Check(ctx, in.Username, in.Password)
	switch {
	case errors.Is(err, users.ErrBusy):
		return panel.Outcome{Verdict: panel.Throttled, Reason: err.Error(), Wait: 5 * time.Second}
	case err != nil:
		return panel.Outcome{Verdict: panel.BadCredentials, Reason: err.Error()}
	}
	who := panel.Identity{Name: person.Name, Role: person.Role}
	if l.realm != "" { // no panel has a name with a blank in it, so this one is nobody's there
		who = panel.Identity{ID: person.Name, Name: person.Name + " (" + l.realm + ")"}
	}
	return panel.Outcome{Verdict: panel.OK, Reason: "users file", Who: who, Local: person.Line, Realm: l.realm}
}

// breakGlass asks the panel and, only where that is out of order, the emergency file.
type breakGlass struct {
	panel passwords
	own   local
}

func (b breakGlass) Login(ctx context.Context, in panel.Attempt) panel.Outcome {
	out := b.panel.Login(ctx, in)
	if !outOfOrder(out.Verdict) {
		return out
	}
	if own := b.own.Login(ctx, in); own.Verdict == panel.OK {
		return own
	}
	return out // what everybody is told meanwhile
}

// outOfOrder: the panel cannot be asked, or not believed.
func outOfOrder(v panel.Verdict) bool { return v == panel.Unavailable || v == panel.FormChanged }

// wrong reports whether a password was compared and was not right: only such a try counts. While the emergency file is asked, that
// is every one, whatever its name: who is in it must not show.
func (f *Flow) wrong(v panel.Verdict) bool {
	return v == panel.BadCredentials || f.Users != nil && outOfOrder(v)
}

// arriveLocal is the end of a login that the panel was not asked about: there is nothing to hand over, and nothing that could have
// ended meanwhile.
func (f *Flow) arriveLocal(w http.ResponseWriter, r *http.Request, s session.Session) error {
	fresh := !web.Reads(r.Method)
	if !account.InEmergency(s.Person) {
		return f.leave(w, r, s, fresh)
	}
	target := f.destination(r, s, fresh)
	if fresh && s.Note.Used == "recovery" {
		return f.sayUsed(w, r, s, web.LoginURL(target))
	}
	f.Site.Show(w, r, http.StatusOK, templates.Notice{Heading: templates.Say(templates.EmergencyHeading), Text: templates.Say(templates.EmergencyText),
		ContinueURL: target, More: templates.Say(templates.EmergencyLogout), MoreURL: web.URL("logout")})
	return nil
}
