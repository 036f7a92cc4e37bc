package web

import (
	"net/http"
	"time"

	"github.com/ispgate/ispgate/templates"
)

func fault(status int, heading, what, do templates.Key, cause error) *Fault {
	return &Fault{Status: status, Heading: templates.Say(heading), What: templates.Say(what), Do: templates.Say(do), Cause: cause}
}

// NotFound is a page of ours that does not exist.
func NotFound() *Fault {
	f := fault(http.StatusNotFound, templates.ErrNotFound, templates.ErrNotFoundWhat, templates.ErrNotFoundDo, nil)
	f.BackURL, f.Button = "/", templates.Say(templates.ButtonBack)
	return f
}

// Forbidden is a refusal that logging in does not change.
func Forbidden(cause error) *Fault {
	f := fault(http.StatusForbidden, templates.ErrForbidden, templates.ErrForbiddenWhat, templates.ErrForbiddenDo, cause)
	f.BackURL, f.Button = "/", templates.Say(templates.ButtonBack)
	return f
}

// NoAccount is an account whose record the gateway does not trust, or cannot tell from another: closed until an administrator
// has looked (design 4.4, S19).
func NoAccount(cause error) *Fault {
	return fault(http.StatusForbidden, templates.ErrNoAccount, templates.ErrNoAccountWhat, templates.ErrNoAccountDo, cause)
}

func crossSite(cause error) *Fault {
	f := fault(http.StatusForbidden, templates.ErrForbidden, templates.ErrCrossSiteWhat, templates.ErrCrossSiteDo, cause)
	f.BackURL, f.Button = "/", templates.Say(templates.ButtonBack)
	return f
}

func notDocument(cause error) *Fault {
	return fault(http.StatusForbidden, templates.ErrForbidden, templates.ErrNotDocumentWhat, templates.ErrForbiddenDo, cause)
}

// BadRequest is a request that no browser of ours makes.
func BadRequest(cause error) *Fault {
	return fault(http.StatusBadRequest, templates.ErrBadRequest, templates.ErrBadRequestWhat, templates.ErrBadRequestDo, cause)
}

// Internal is our own mistake.
func Internal(cause error) *Fault {
	return fault(http.StatusInternalServerError, templates.ErrInternal, templates.ErrInternalWhat, templates.ErrInternalDo, cause)
}

// TooLarge is a form that no page of ours sends.
func TooLarge(cause error) *Fault {
	return fault(http.StatusRequestEntityTooLarge, templates.ErrTooLarge, templates.ErrTooLargeWhat, templates.ErrBadRequestDo, cause)
}

// StoreDown is Redis that cannot be asked: nobody is logged out for it (design 7).
func StoreDown(cause error) *Fault {
	f := fault(http.StatusServiceUnavailable, templates.ErrStoreDown, templates.ErrStoreDownWhat, templates.ErrStoreDownDo, cause)
	f.RetryAfter = 5 * time.Second
	return f
}

// NoLogin is SQL that cannot be asked: the logged-in go on, nobody new gets in.
func NoLogin(cause error) *Fault {
	f := fault(http.StatusServiceUnavailable, templates.ErrNoLogin, templates.ErrNoLoginWhat, templates.ErrNoLoginDo, cause)
	f.RetryAfter = 10 * time.Second
	return f
}

// PanelDown is a panel that does not answer.
func PanelDown(cause error) *Fault {
	f := fault(http.StatusBadGateway, templates.ErrPanelDown, templates.ErrPanelDownWhat, templates.ErrPanelDownDo, cause)
	f.RetryAfter = 10 * time.Second
	return f
}

// NeedLogin is the 401 for requests that a redirect would harm: forms and scripts.
func NeedLogin(loginURL string) *Fault {
	f := fault(http.StatusUnauthorized, templates.ErrLoggedOut, templates.ErrLoggedOutWhat, templates.ErrLoggedOutDo, nil)
	f.BackURL, f.LoginURL, f.Button = loginURL, loginURL, templates.Say(templates.ButtonLogin)
	return f
}

// Misdirected is a request under a name of the panel that this page is not served under.
func Misdirected(cause error) *Fault {
	return fault(http.StatusMisdirectedRequest, templates.ErrMisdirected, templates.ErrMisdirectedWhat, templates.ErrMisdirectedDo, cause)
}
