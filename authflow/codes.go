package authflow

import (
	"net/http"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// RecoveryCodes is POST two-factor/recovery-codes: a current code makes a new set, all old ones are void.
func (f *Flow) RecoveryCodes(w http.ResponseWriter, r *http.Request) error {
	return f.at(f.active(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		res, err := f.confirmCode(r, s, false)
		if err != nil {
			return f.storeFault(err)
		}
		if res.Won {
			return f.already(w, r)
		}
		if !res.OK {
			return f.refuseCodes(w, r, s, res)
		}
		codes, err := f.Accounts.Regenerate(r.Context(), s.Account)
		if err != nil {
			return f.storeFault(err)
		}
		f.Count.SecondFactor("confirm", "ok")
		f.audit(r, "recovery_codes_made", s, "")
		if _, err := f.renew(w, r, s); err != nil { // the old codes are void: the new ones must be seen, whatever becomes of the session
			f.Log.Error("session not renewed", "request", web.Of(r).ID(), "cause", err)
		}
		return f.showCodes(w, r, s, codes, false)
	}), session.Full)(w, r)
}

func (f *Flow) refuseCodes(w http.ResponseWriter, r *http.Request, s session.Session, res account.Result) error {
	if f.overtaken(r) {
		return f.already(w, r)
	}
	f.wrongCode(r, s, "regenerate", res)
	acc, err := f.Accounts.Get(r.Context(), s.Account)
	if err != nil {
		return f.storeFault(err)
	}
	status, why, seconds := f.rejected(w, "confirm", res)
	return f.showOn(w, r, s, acc, status, templates.TwoFactorOn{NewCodesErr: why, Seconds: seconds})
}
