package demo

import (
	"fmt"
	"net/http"
	"net/mail"
	"strings"
)

func (v *visit) root() { v.redirect("/dashboard") }

func (v *visit) showLogin() { v.plain("login", "Log in", nil) }

// login does what Breeze's LoginRequest does, in its order: fields, limiter, credentials, a new session id.
func (v *visit) login() {
	email, password := v.trimmed("email"), v.input("password")
	if faults := loginFaults(email, password); faults != nil {
		v.refuseLogin(email, faults...)
		return
	}
	key := strings.ToLower(email) + "|" + v.clientIP()
	if seconds := v.panel.limiter.wait(key); seconds > 0 {
		v.refuseLogin(email, fmt.Sprintf("Too many login attempts. Please try again in %d seconds.", seconds))
		return
	}
	who, ok := v.panel.staff.check(email, password)
	if !ok {
		v.panel.limiter.hit(key)
		v.refuseLogin(email, "These credentials do not match our records.")
		return
	}
	v.panel.limiter.forget(key)
	target := "/dashboard"
	if v.session.intended != "" {
		target = v.session.intended
	}
	v.renew(func(s *session) { s.user, s.own, s.intended = who.ID, 0, "" })
	if ticked(v.input("remember")) {
		v.remember(who.ID)
	}
	v.panel.log.Info("login", "user", who.ID)
	v.redirect(target)
}

func loginFaults(email, password string) (faults []string) {
	if email == "" {
		faults = append(faults, "The email field is required.")
	} else if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		faults = append(faults, "The email must be a valid email address.")
	}
	if password == "" {
		faults = append(faults, "The password field is required.")
	}
	return faults
}

func (v *visit) refuseLogin(email string, faults ...string) {
	v.back("/login", flash{Errors: faults, Old: map[string]string{"email": email}})
}

// ticked reads a checkbox as Laravel's Request::boolean does.
func ticked(value string) bool {
	switch strings.ToLower(value) {
	case "1", "on", "yes", "true":
		return true
	}
	return false
}

func (v *visit) remember(id int) {
	value := fmt.Sprintf("%d|%s", id, v.panel.staff.rememberToken(id))
	v.setCookie(rememberCookie(), value, rememberLifetime, false)
}

func (v *visit) logout() {
	v.panel.staff.cycleRemember(v.user.ID)
	v.renew(func(s *session) { *s = session{token: s.token, seen: s.seen} })
	v.setCookie(rememberCookie(), "", 0, false)
	v.redirect("/")
}

func (v *visit) showForgot() { v.plain("forgot", "Forgot your password?", nil) }

// forgot gives the same answer whether the address is known or not.
func (v *visit) forgot() {
	v.say("If that address belongs to an account, we have e-mailed a link to reset the password.")
	v.redirect("/forgot-password")
}

func (v *visit) operators() {
	if !v.user.Admin() {
		v.forbid()
		return
	}
	v.shell("operators", "Operators", v.panel.staff.all())
}

// loginAs turns this session into another person's. It remembers him too, which outlives the session.
func (v *visit) loginAs() {
	other, ok := v.panel.staff.byID(number(v.id))
	switch {
	case !v.user.Admin():
		v.forbid()
	case !ok || other.ID == v.user.ID:
		v.missing()
	default:
		v.renew(func(s *session) {
			if s.own == 0 {
				s.own = s.user
			}
			s.user = other.ID
			s.flash = flash{Status: "You are now working as " + other.Name + "."}
		})
		v.remember(other.ID)
		v.redirect("/dashboard")
	}
}

func (v *visit) backToOwnAccount() {
	if v.session.own == 0 {
		v.redirect("/dashboard")
		return
	}
	v.renew(func(s *session) {
		s.user, s.own = s.own, 0
		s.flash = flash{Status: "You are back in your own account."}
	})
	v.setCookie(rememberCookie(), "", 0, false)
	v.redirect("/dashboard")
}

func (v *visit) profile() { v.shell("profile", "My profile", nil) }

func (v *visit) twoFactor() { v.shell("twofactor", "Two Factor", nil) }

func (v *visit) showChangePassword() { v.shell("password", "Change password", nil) }

func (v *visit) changePassword() {
	var faults []string
	if _, ok := v.panel.staff.check(v.user.Email, v.input("current_password")); !ok {
		faults = append(faults, "The current password is not right.")
	}
	if len(v.input("password")) < 8 {
		faults = append(faults, "The new password must be at least 8 characters.")
	}
	if v.input("password") != v.input("password_confirmation") {
		faults = append(faults, "The two new passwords do not match.")
	}
	if faults != nil {
		v.back("/admin/change-password", flash{Errors: faults})
		return
	}
	v.panel.staff.setPassword(v.user.ID, v.input("password"))
	v.say("Your password has been changed.")
	v.redirect("/admin/change-password")
}

func (v *visit) forbid() {
	v.sendCookies()
	v.fail(http.StatusForbidden, "Forbidden")
}

func (v *visit) missing() {
	v.sendCookies()
	v.fail(http.StatusNotFound, "Not Found")
}
