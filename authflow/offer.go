package authflow

import (
	"net/http"
	"net/url"

	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// OfferPage is GET offer: asks to enable while grace runs.
func (f *Flow) OfferPage(w http.ResponseWriter, r *http.Request) error {
	return f.at(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		if !f.Policy.Reminds(s.Name, s.Role, f.Now()) {
			return f.next(w, r, s)
		}
		f.Site.Show(w, r, http.StatusOK, templates.Offer{Action: offerURL(f.returnTo(r)), SetupURL: web.URL("two-factor"), Deadline: f.Policy.GraceUntil})
		return nil
	}, session.Full)(w, r)
}

// offerURL asks to enable, and then leads to target.
func offerURL(target string) string {
	if _, ok := web.ReturnTo(target); !ok {
		return web.URL("offer")
	}
	return web.URL("offer") + "?return_to=" + url.QueryEscape(target)
}

// Offer is POST offer: "Not now".
func (f *Flow) Offer(w http.ResponseWriter, r *http.Request) error {
	return f.at(f.next, session.Full)(w, r)
}
