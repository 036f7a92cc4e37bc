package templates

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func writeLogo(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "logo.svg")
	if err := os.WriteFile(file, []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>`), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestNewRefuses(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large.png")
	if err := os.WriteFile(large, make([]byte, largestLogo+1), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		look Look
		want string
	}{
		"no product":       {Look{}, "product is empty"},
		"no colour":        {Look{Product: "P", Accent: "blue"}, "not a colour"},
		"style in colour":  {Look{Product: "P", Accent: "#fff;}*{"}, "not a colour"},
		"no words":         {Look{Product: "P", Languages: []string{"en", "tlh"}}, "has no words"},
		"path as language": {Look{Product: "P", Languages: []string{"../en"}}, "language"},
		"missing logo":     {Look{Product: "P", Logo: "/nowhere/logo.png"}, "no such file"},
		"logo is a page":   {Look{Product: "P", Logo: "/etc/passwd"}, "is not a png"},
		"large logo":       {Look{Product: "P", Logo: large}, "allowed are"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := New(tt.look); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// TestStaticNamesFollowContent: a name changes with the content, only full names are served.
func TestStaticNamesFollowContent(t *testing.T) {
	a, b := testSet(t, nil), testSet(t, func(l *Look) { l.Accent, l.Logo, l.Prefix = "#aa0000", writeLogo(t), "/p/" })
	if a.StaticURL("style.css") == strings.Replace(b.StaticURL("style.css"), "/p/", "/ispgate/", 1) {
		t.Error("two accents share one stylesheet")
	}
	if a.StaticURL("script.js") != strings.Replace(b.StaticURL("script.js"), "/p/", "/ispgate/", 1) {
		t.Error("the script's name follows more than its content")
	}
	for name, contentType := range map[string]string{
		"style.css": "text/css; charset=utf-8", "script.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml", "logo": "image/svg+xml",
	} {
		file, ok := strings.CutPrefix(b.StaticURL(name), "/p/static/")
		content, got, found := b.Static(file)
		if !ok || !found || got != contentType || len(content) == 0 {
			t.Errorf("%s: url %q, type %q, %d bytes", name, b.StaticURL(name), got, len(content))
		}
	}
	for _, name := range []string{"", "style.css", "../en.json", "style..css"} {
		if _, _, ok := a.Static(name); ok {
			t.Errorf("%q is served", name)
		}
	}
	if got := a.StaticURL("logo"); got != "" {
		t.Errorf("a look without a logo has one at %q", got)
	}
}

var variable = regexp.MustCompile(`--([a-z-]+):\s*(#[0-9a-f]{6})`)

// themes reads the colours of the stylesheet: light, and dark over light.
func themes(t *testing.T, accent string) map[string]map[string]colour {
	t.Helper()
	s := testSet(t, func(l *Look) { l.Accent = accent })
	css, _, _ := s.Static(strings.TrimPrefix(s.StaticURL("style.css"), "/ispgate/static/"))
	light, dark := map[string]colour{}, map[string]colour{}
	for part := range strings.SplitSeq(string(css), ":root") {
		before := string(css)[:strings.Index(string(css), part)]
		isDark := strings.HasSuffix(strings.TrimRight(strings.TrimSuffix(before, ":root"), " \n"), "(prefers-color-scheme:dark){") ||
			strings.HasSuffix(strings.TrimRight(strings.TrimSuffix(before, ":root"), " \n"), "(prefers-color-scheme: dark) {")
		if strings.HasSuffix(strings.TrimRight(strings.TrimSuffix(before, ":root"), " \n"), "@media print {") {
			continue
		}
		body, _, _ := strings.Cut(part, "}")
		for _, m := range variable.FindAllStringSubmatch(body, -1) {
			c, err := parseColour(m[2])
			if err != nil {
				t.Fatal(err)
			}
			if isDark {
				dark[m[1]] = c
			} else {
				light[m[1]] = c
			}
		}
	}
	if len(light) < 15 || len(dark) < 15 {
		t.Fatalf("found %d light and %d dark colours", len(light), len(dark))
	}
	return map[string]map[string]colour{"light": light, "dark": dark}
}

// TestColoursCanBeRead computes the contrast of every pair that the pages use: text 4.5, edges of controls 3.
func TestColoursCanBeRead(t *testing.T) {
	accents := []string{defaultAccent, "#000000", "#ffffff", "#ffff00", "#808080", "#777777", "#00ff00", "#ff00ff", "#0f141b"}
	for range 30 {
		accents = append(accents, colour(rand.Uint32N(1<<24)).String())
	}
	text := []string{
		"text page", "text card", "text danger-soft", "text good-soft", "text info-soft", "muted page", "muted card", "muted info-soft",
		"link page", "link card", "link info-soft", "danger card", "danger danger-soft", "good card", "good good-soft", "on-accent accent",
		"on-hover accent-hover", "on-danger danger",
	}
	for _, accent := range accents {
		for name, theme := range themes(t, accent) {
			check := func(pair string, least float64) {
				a, b, _ := strings.Cut(pair, " ")
				if got := contrast(theme[a], theme[b]); got < least {
					t.Errorf("accent %s, %s: %s has %.2f, want %.1f", accent, name, pair, got, least)
				}
			}
			for _, pair := range text {
				check(pair, readable)
			}
			check("edge card", 3)
			check("edge page", 3)
		}
	}
	if got := themes(t, defaultAccent); got["light"]["link"].String() != defaultAccent || got["dark"]["accent"].String() != defaultAccentDark {
		t.Errorf("the default accent became %v and %v", got["light"]["link"], got["dark"]["accent"])
	}
}

func TestContrast(t *testing.T) {
	// Values of the WCAG 2.2 formula that are widely published.
	for _, tt := range []struct {
		a, b colour
		want float64
	}{{black, white, 21}, {white, white, 1}, {0x777777, white, 4.48}, {0xff0000, white, 4.00}} {
		if got := contrast(tt.a, tt.b); got < tt.want-0.01 || got > tt.want+0.01 {
			t.Errorf("%v on %v: %.3f, want %.2f", tt.a, tt.b, got, tt.want)
		}
	}
}
