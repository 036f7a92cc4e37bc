package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// page is what every template sees.
type page struct {
	Product      string
	Title        string
	Path         string
	Token        string
	Origin       string // form targets are absolute, as Laravel's route() makes them
	TwoFactorURL string
	User         member // zero: a public page
	Own          member // while working as somebody else
	Flash        flash
	Year         int
	Data         any
}

// parsePages puts each page into both frames: "shell" for members, "plain" for everybody else.
func parsePages() map[string]*template.Template {
	funcs := template.FuncMap{
		"taka": taka,
		"date": func(t time.Time) string { return t.Format("02 Jan 2006") },
		"stamp": func(t time.Time) string {
			return t.Format("02 Jan 2006, 15:04")
		},
		"starts":   strings.HasPrefix,
		"size":     fileSize,
		"statuses": func() []string { return statuses },
	}
	frames := template.Must(template.New("frames").Funcs(funcs).ParseFS(pageFiles, "pages/frame_*.html"))
	files, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		panic(err) // only for a malformed pattern
	}
	pages := map[string]*template.Template{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if !strings.HasPrefix(name, "frame_") {
			pages[name] = template.Must(template.Must(frames.Clone()).ParseFS(pageFiles, file))
		}
	}
	return pages
}

// sendCookies re-issues the session and the form token with new texts: every answer of Laravel does.
func (v *visit) sendCookies() {
	v.setCookie(tokenCookie, v.session.token, sessionLifetime, true)
	v.setCookie(sessionCookie, v.sid, sessionLifetime, false)
}

// shell sends a page of the panel, plain one for visitors.
func (v *visit) shell(name, title string, data any) {
	v.page(http.StatusOK, "shell", name, title, data)
}
func (v *visit) plain(name, title string, data any) {
	v.page(http.StatusOK, "plain", name, title, data)
}

func (v *visit) page(status int, frame, name, title string, data any) {
	v.sendCookies()
	v.render(status, frame, name, title, data)
}

func (v *visit) render(status int, frame, name, title string, data any) {
	p := page{
		Product: v.panel.options.Product, Title: title, Path: v.path, Token: v.session.token, Origin: v.origin(),
		TwoFactorURL: v.panel.options.TwoFactorURL, Flash: v.flash, User: v.user, Year: v.panel.now().Year(), Data: data,
	}
	if frame == "plain" {
		p.User = member{}
	}
	if v.session.own != 0 {
		p.Own, _ = v.panel.staff.byID(v.session.own)
	}
	var out bytes.Buffer
	if err := v.panel.pages[name].ExecuteTemplate(&out, frame, p); err != nil {
		v.panel.log.Error("render page", "page", name, "err", err)
		http.Error(v.w, "Server Error", http.StatusInternalServerError)
		return
	}
	v.start(status, "text/html; charset=UTF-8")
	_, _ = v.w.Write(out.Bytes()) // a gone reader is no concern of ours
}

func (v *visit) start(status int, kind string) {
	v.w.Header().Set("Cache-Control", "no-cache, private")
	v.w.Header().Set("Content-Type", kind)
	v.w.WriteHeader(status)
}

func (v *visit) json(status int, value any) {
	if v.sid != "" {
		v.sendCookies()
	}
	v.start(status, "application/json")
	_ = json.NewEncoder(v.w).Encode(value)
}

// redirect sends 302 to a path of the panel, made absolute from what the proxy says about scheme and host.
func (v *visit) redirect(path string) { v.redirectTo(v.origin() + path) }

func (v *visit) redirectTo(location string) {
	v.sendCookies()
	v.w.Header().Set("Location", location)
	v.start(http.StatusFound, "text/html; charset=UTF-8")
	fmt.Fprintf(v.w, "<!DOCTYPE html>\n<title>Redirecting</title>\n<p>Redirecting to <a href=\"%[1]s\">%[1]s</a>.\n",
		template.HTMLEscapeString(location))
}

// back sends the visitor where he came from, with errors for the next page. Laravel believes any Referer.
func (v *visit) back(fallback string, left flash) {
	if v.wantsJSON() {
		field := "form"
		if v.path == "/login" {
			field = "email"
		}
		v.json(http.StatusUnprocessableEntity, map[string]any{
			"message": "The given data was invalid.", "errors": map[string][]string{field: left.Errors},
		})
		return
	}
	v.change(func(s *session) { s.flash = left })
	if referer := v.r.Referer(); referer != "" {
		v.redirectTo(referer)
		return
	}
	v.redirect(fallback)
}

func (v *visit) say(text string) { v.change(func(s *session) { s.flash = flash{Status: text} }) }

// fail sends an error page (JSON to scripts) without touching the session.
func (v *visit) fail(status int, text string) {
	if v.wantsJSON() {
		v.start(status, "application/json")
		_ = json.NewEncoder(v.w).Encode(map[string]string{"message": text})
		return
	}
	v.render(status, "plain", "error", text, map[string]any{"Status": status, "Text": text})
}

// asset serves a compiled-in file; like a web server's static files it needs no PHP and sets no cookie.
func (v *visit) asset() {
	if file, err := fs.Stat(v.panel.assets, v.id); err != nil || file.IsDir() {
		v.fail(http.StatusNotFound, "Not Found")
		return
	}
	v.w.Header().Set("Cache-Control", "public, max-age=3600")
	http.ServeFileFS(v.w, v.r, v.panel.assets, v.id)
}
