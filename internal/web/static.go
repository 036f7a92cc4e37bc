package web

import (
	"net/http"
	"strings"
)

// Static serves the stylesheet, icons and script under their hashed names, for ever.
func (s *Site) Static(w http.ResponseWriter, r *http.Request) error {
	path, _, _ := strings.Cut(Of(r).Target, "?")
	content, contentType, ok := s.Pages.Static(strings.TrimPrefix(path, URL("static/")))
	if !ok {
		return NotFound()
	}
	s.secure(w.Header())
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Type", contentType)
	if r.Method != http.MethodHead {
		_, _ = w.Write(content)
	}
	return nil
}
