package templates

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
	"time"
)

//go:embed html/*.html
var pageFiles embed.FS

// Frame is what a page needs to know of its request.
type Frame struct {
	Lang      string // one of Languages; any other is the default
	Path      string // where the language form returns to: path and query of this page
	RequestID string
	Now       time.Time
	Prefix    string // "/ispgate/"; empty: that of the Look
}

// parsePages makes one template per page: layout.html and parts.html with the page's own file.
func parsePages() (map[string]*template.Template, error) {
	base, err := template.ParseFS(pageFiles, "html/layout.html", "html/parts.html")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(pageFiles, "html/*.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "html/"), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		page, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if pages[name], err = page.ParseFS(pageFiles, file); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// Render writes a page as a whole document. On an error nothing has been written, unless w itself failed.
func (s *Set) Render(w io.Writer, f Frame, p Page) error {
	t, ok := s.pages[p.file()]
	if !ok {
		return fmt.Errorf("page %s has no template", p.file())
	}
	if f.Prefix == "" {
		f.Prefix = s.look.Prefix
	}
	v := view{Frame: f, set: s, words: s.in(f.Lang), P: p, Faults: p.faults()}
	v.Lang = v.words.lang
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, "layout.html", v); err != nil {
		return fmt.Errorf("render page %s: %w", p.file(), err)
	}
	_, err := page.WriteTo(w)
	return err
}
