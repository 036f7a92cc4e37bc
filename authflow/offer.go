package authflow

import (
	"net/http"

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
		f.Site.Show(w, r, http.StatusOK, templates.Offer{Action: web.URL("offer"), SetupURL: web.URL("two-factor"), Deadline: f.Policy.GraceUntil})
		return nil
	}, session.Full)(w, r)
}

// Offer is POST offer: "Not now".
func (f *Flow) Offer(w http.ResponseWriter, r *http.Request) error {
	return f.at(f.next, session.Full)(w, r)
}
