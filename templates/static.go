package templates

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// asset is one static file; its name changes with its content, so it may be cached for ever.
type asset struct {
	content     []byte
	contentType string
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif",
}

const largestLogo = 256 << 10 // bytes

// loadStatic reads the static files, puts the accent into those that show it, and names each after its content.
func (s *Set) loadStatic() error {
	s.static, s.hashed = map[string]asset{}, map[string]string{}
	style, err := accentStyle(s.look.Accent)
	if err != nil {
		return fmt.Errorf("look: %w", err)
	}
	for _, name := range []string{"style.css", "script.js", "icon.svg"} {
		raw, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			return fmt.Errorf("static file: %w", err)
		}
		switch name {
		case "style.css":
			raw = append([]byte(style), raw...)
		case "icon.svg":
			c, _ := parseColour(s.look.Accent)
			raw = bytes.ReplaceAll(raw, []byte("#accent"), []byte(c.String()))
			raw = bytes.ReplaceAll(raw, []byte("#on-accent"), []byte(textOn(c).String()))
		}
		s.addStatic(name, raw)
	}
	if s.look.Logo == "" {
		return nil
	}
	return s.loadLogo(s.look.Logo)
}

func (s *Set) loadLogo(file string) error {
	ext := strings.ToLower(filepath.Ext(file))
	if !strings.HasPrefix(contentTypes[ext], "image/") {
		return fmt.Errorf("look: logo %s is not a png, svg, jpg, webp or gif file", file)
	}
	raw, err := os.ReadFile(file) // #nosec G304 -- the operator names it
	if err != nil {
		return fmt.Errorf("look: logo: %w", err)
	}
	if len(raw) == 0 || len(raw) > largestLogo {
		return fmt.Errorf("look: logo %s has %d bytes, allowed are 1 to %d", file, len(raw), largestLogo)
	}
	s.addStatic("logo"+ext, raw)
	s.hashed["logo"] = s.hashed["logo"+ext]
	return nil
}

func (s *Set) addStatic(name string, content []byte) {
	sum := sha256.Sum256(content)
	ext := filepath.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
	s.static[hashed] = asset{content, contentTypes[ext]}
	s.hashed[name] = hashed
}

// Static returns the file behind …/static/<name>; name carries the hash. The content must not be changed.
func (s *Set) Static(name string) (content []byte, contentType string, ok bool) {
	a, ok := s.static[name]
	return a.content, a.contentType, ok
}

// StaticURL is the path of a static file ("style.css", "script.js", "icon.svg", "logo"); empty when there is none.
func (s *Set) StaticURL(name string) string { return s.staticURL(s.look.Prefix, name) }

func (s *Set) staticURL(prefix, name string) string {
	if s.hashed[name] == "" {
		return ""
	}
	return prefix + "static/" + s.hashed[name]
}
