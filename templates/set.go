package templates

import (
	"errors"
	"fmt"
	"html/template"
	"slices"
	"time"

	"golang.org/x/text/language"
)

// Look is what an operator sets of the pages' looks (configuration key ui).
type Look struct {
	Product   string         // required: the panel's name
	Support   string         // who helps: a mail address, an https link, a telephone number, or words; empty: "your administrator"
	Logo      string         // path of a png, svg, jpg, webp or gif file of at most 256 KiB, read once; empty: none
	Accent    string         // #rrggbb; empty: #1457d9
	Issuer    string         // the name of the entry in the authenticator app; empty: Product
	Languages []string       // BCP 47, the first is the default; empty: en
	Timezone  *time.Location // nil: UTC
	Prefix    string         // what StaticURL begins with; empty: /ispgate/
}

// Set renders the pages with one Look. It is safe for concurrent use.
type Set struct {
	look    Look
	pages   map[string]*template.Template // by Page.file
	words   map[string]*words             // by language
	matcher language.Matcher
	static  map[string]asset  // by hashed name
	hashed  map[string]string // plain name → hashed name
}

// New reads the templates, the words and the static files. It fails for an empty product, an accent that is no colour, a
// logo that cannot be read and a language without words.
func New(l Look) (*Set, error) {
	if l.Product == "" {
		return nil, errors.New("look: product is empty")
	}
	l = l.withDefaults()
	s := &Set{look: l, words: map[string]*words{}}
	var tags []language.Tag
	for _, lang := range l.Languages {
		w, err := loadWords(lang, []string{"{product}", l.Product, "{issuer}", l.Issuer})
		if err != nil {
			return nil, err
		}
		support := l.Support
		if support == "" {
			support = w.text(Say("support.default"))
		}
		w.always = append(w.always, "{support}", support)
		s.words[lang], tags = w, append(tags, w.tag)
	}
	s.matcher = language.NewMatcher(tags)
	var err error
	if s.pages, err = parsePages(); err != nil {
		return nil, fmt.Errorf("parse page templates: %w", err)
	}
	if err = s.loadStatic(); err != nil {
		return nil, err
	}
	return s, nil
}

func (l Look) withDefaults() Look {
	if l.Issuer == "" {
		l.Issuer = l.Product
	}
	if l.Accent == "" {
		l.Accent = defaultAccent
	}
	if len(l.Languages) == 0 {
		l.Languages = []string{original}
	}
	l.Languages = slices.Clone(l.Languages)
	if l.Timezone == nil {
		l.Timezone = time.UTC
	}
	if l.Prefix == "" {
		l.Prefix = "/ispgate/"
	}
	return l
}

// Languages lists the languages on offer; the first is the default.
func (s *Set) Languages() []string { return slices.Clone(s.look.Languages) }

// Text is a message in one of the languages on offer, in the default one for any other. The result is plain text, not HTML.
func (s *Set) Text(lang string, m Message) string { return s.in(lang).text(m) }

func (s *Set) in(lang string) *words {
	if w, ok := s.words[lang]; ok {
		return w
	}
	return s.words[s.look.Languages[0]]
}

// longestAccept bounds what is parsed of a stranger's Accept-Language, in bytes.
const longestAccept = 512

// Match chooses the language for a request: the cookie's if it is on offer, else the best for Accept-Language
// (RFC 9110 section 12.5.4), else the default.
func (s *Set) Match(acceptLanguage, cookie string) string {
	if _, ok := s.words[cookie]; ok {
		return cookie
	}
	if len(acceptLanguage) > longestAccept {
		return s.look.Languages[0]
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return s.look.Languages[0]
	}
	_, i, _ := s.matcher.Match(wanted...)
	return s.look.Languages[i]
}
