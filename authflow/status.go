package authflow

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
)

// status is what GET session says.
type status struct {
	User    string `json:"user"`
	Stage   string `json:"stage"`
	Seconds int    `json:"seconds_left"` // until the absolute end
}

// Session is GET session: for scripts; it is no activity. Below stage full everybody is anonymous (S12).
func (f *Flow) Session(w http.ResponseWriter, r *http.Request) error {
	s, err := f.Sessions.Load(r.Context(), r)
	if err != nil {
		return web.StoreDown(err)
	}
	if stageOf(s) != session.Full {
		f.Site.JSON(w, http.StatusOK, status{Stage: session.Anonymous.String()})
		return nil
	}
	f.Site.JSON(w, http.StatusOK, status{User: s.Name, Stage: s.Stage.String(), Seconds: int(s.End.Sub(f.Now()) / time.Second)})
	return nil
}

// Language is POST language: remembers the language and goes back to the page it was chosen on.
func (f *Flow) Language(w http.ResponseWriter, r *http.Request) error {
	f.Site.SetLanguage(w.Header(), web.Field(r, "lang"))
	f.Site.Redirect(w, http.StatusSeeOther, ownPage(web.Field(r, "back")))
	return nil
}

// ownPage keeps a way back inside our own pages, with nothing but a checked return_to behind it.
func ownPage(back string) string {
	path, query, _ := strings.Cut(back, "?")
	page := strings.TrimPrefix(path, web.Prefix)
	switch page {
	case "login", "verify", "recovery", "two-factor", "two-factor/disable", "logout", "offer":
	default:
		return web.URL("login")
	}
	v, err := url.ParseQuery(query)
	if target, ok := web.ReturnTo(v.Get("return_to")); err == nil && ok {
		return web.URL(page) + "?return_to=" + url.QueryEscape(target)
	}
	return web.URL(page)
}
