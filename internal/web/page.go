package web

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/ispgate/ispgate/templates"
)

const (
	maxForm        = 16 << 10 // bytes of a form of ours (S42)
	languageCookie = "ispgate-language"
)

// Show renders a page of ours.
func (s *Site) Show(w http.ResponseWriter, r *http.Request, status int, page templates.Page) {
	var b bytes.Buffer
	frame := templates.Frame{Lang: s.language(r), Path: s.here(r), RequestID: Of(r).ID(), Now: s.Now(), Prefix: Prefix}
	if err := s.Pages.Render(&b, frame, page); err != nil {
		s.Log.Error("page does not render", "request", Of(r).ID(), "cause", err)
		s.secure(w.Header())
		http.Error(w, "This page is not available.", http.StatusInternalServerError)
		return
	}
	s.secure(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // the connection is gone: nobody is left to tell
	}
}

// here is where the language form comes back to: our page's own GET address.
func (s *Site) here(r *http.Request) string {
	if !strings.HasPrefix(Of(r).Target, Prefix) {
		return URL("login")
	}
	return Of(r).Target
}

func (s *Site) language(r *http.Request) string {
	chosen := ""
	if c, err := r.Cookie(languageCookie); err == nil {
		chosen = c.Value
	}
	return s.Pages.Match(r.Header.Get("Accept-Language"), chosen)
}

// SetLanguage remembers one of our languages in a cookie that says nothing else; any other is not remembered.
func (s *Site) SetLanguage(h http.Header, lang string) {
	if !slices.Contains(s.Pages.Languages(), lang) {
		return
	}
	c := &http.Cookie{Name: languageCookie, Value: lang, Path: Prefix, MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: s.Secure(), SameSite: http.SameSiteLaxMode} // #nosec G124 -- Secure but for http on loopback; it says a language and nothing else
	h.Add("Set-Cookie", c.String())
}

// Document guards a page: documents only, under our first name only.
func (s *Site) Document(h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := document(r); err != nil {
			return notDocument(err)
		}
		if Of(r).SecondName {
			if !Reads(r.Method) {
				return Misdirected(errors.New("a form under a second name"))
			}
			s.Redirect(w, http.StatusPermanentRedirect, s.Origin()+Of(r).Target)
			return nil
		}
		return h(w, r)
	}
}

// Form guards a POST of ours: our own origin, one small urlencoded body, no field twice.
func (s *Site) Form(h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.sameOrigin(r); err != nil {
			return crossSite(err)
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(ct), "application/x-www-form-urlencoded") {
			return BadRequest(errors.New("not a urlencoded form"))
		}
		if err := r.ParseForm(); err != nil {
			var big *http.MaxBytesError
			if errors.As(err, &big) {
				return TooLarge(err)
			}
			return BadRequest(errors.New("form does not parse")) // the parser's message may quote a password
		}
		return h(w, r)
	}
}

// Field is one form field; doubled fields count as empty, so that no two readers pick different ones (S25).
func Field(r *http.Request, name string) string {
	if v := r.PostForm[name]; len(v) == 1 {
		return v[0]
	}
	return ""
}

// Status serves an answer that no browser sees; its faults are pages all the same.
func (s *Site) Status(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.secure(w.Header())
			s.Fail(w, r, err)
		}
	})
}

// Serve turns a Handler into an http.Handler.
func (s *Site) Serve(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.secure(w.Header()) // redirects and errors too
		if err := h(w, r); err != nil {
			s.Fail(w, r, err)
		}
	})
}
