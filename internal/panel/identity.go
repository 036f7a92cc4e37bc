package panel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/andybalholm/cascadia"
)

// Selector names one value on a page: of html by a CSS selector and an attribute (the text if there is none), of JSON by
// a path like a.b.0.c.
type Selector struct {
	Attr string
	css  cascadia.Selector
	json []string
}

func (s *Selector) set() bool { return s.css != nil || s.json != nil }

func (s *Selector) compile(css, path string) error {
	switch {
	case css != "" && path != "":
		return errors.New("reads either html (css) or JSON (json), not both")
	case path != "" && s.Attr != "":
		return errors.New("has an attr, which is of html: JSON has none")
	case path != "" && slices.Contains(strings.Split(path, "."), ""):
		return errors.New("json has two dots in a row, or one at an end: write keys and numbers with one dot between them, like user.emails.0")
	case path != "":
		s.json = strings.Split(path, ".")
	case len(css) > maxSelector:
		return fmt.Errorf("css is longer than %d bytes", maxSelector)
	case css != "":
		group, err := cascadia.Compile(css)
		if err != nil {
			return fmt.Errorf("css: %w", err)
		}
		s.css = group
	case s.Attr != "":
		return errors.New("has an attr, but no css")
	}
	return nil
}

// one is the only value that the page has for the selector: none or two are errors (design 4.4).
func (s *Selector) one(a *Answer) (string, error) {
	if s.json != nil {
		return jsonValue(decoded(a.Header, a.Body, maxBody), s.json)
	}
	found := a.document().FindMatcher(s.css)
	if found.Length() != 1 {
		return "", fmt.Errorf("stands on the page %d times", found.Length())
	}
	if s.Attr == "" {
		return strings.TrimSpace(found.Text()), nil
	}
	v, ok := found.Attr(s.Attr)
	if !ok {
		return "", fmt.Errorf("has no attribute %s", s.Attr)
	}
	return strings.TrimSpace(v), nil
}

func jsonValue(source string, path []string) (string, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(source)))
	d.UseNumber()
	var at any
	if err := d.Decode(&at); err != nil {
		return "", errors.New("is not in the answer: it is no JSON")
	}
	for _, step := range path {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return "", errors.New("is not in the JSON")
			}
			at = v[i]
		default:
			return "", errors.New("is not in the JSON")
		}
	}
	switch v := at.(type) {
	case string:
		return strings.TrimSpace(v), nil
	case json.Number:
		return v.String(), nil
	default:
		return "", errors.New("is not in the JSON as a text or number")
	}
}

var (
	idForm   = regexp.MustCompile(`\A[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\z`)
	mailForm = regexp.MustCompile(`\A[^\s@"<>(),:;\\]{1,64}@[A-Za-z0-9.-]{1,190}\z`)
)

// identify reads who a page belongs to. Missing, doubled and malformed values are errors that name the key.
func (p *Profile) identify(a *Answer) (Identity, error) {
	var who Identity
	rule := &p.Identity
	if rule.ID.set() {
		id, err := rule.ID.one(a)
		if err == nil && !idForm.MatchString(id) {
			err = errors.New("is malformed")
		}
		if err != nil {
			return Identity{}, fmt.Errorf("identity.id %w", err)
		}
		who.ID = id
	}
	name, err := rule.Name.one(a)
	if err == nil {
		name, err = p.panelName(name)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("identity.name %w", err)
	}
	who.Name = name
	who.Role = p.role(a)
	return who, nil
}

// panelName is the panel's own word for a person in its one spelling.
func (p *Profile) panelName(name string) (string, error) {
	folded, err := p.Spelling(name)
	switch {
	case err != nil || folded == "" || strings.ContainsFunc(folded, func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(`<>"`, r) }):
		return "", errors.New("is malformed")
	case p.Identity.Kind == "email" && !mailForm.MatchString(folded):
		return "", errors.New("is not an e-mail address")
	case p.Identity.Kind == "name" && !p.Usernames.Pattern.MatchString(folded):
		return "", errors.New("does not match usernames.pattern")
	}
	return folded, nil
}

// role: one that cannot be read is empty, which policies count as "required".
func (p *Profile) role(a *Answer) string {
	if !p.Identity.Role.set() {
		return ""
	}
	role, err := p.Identity.Role.one(a)
	if err != nil || len(role) > 64 || strings.ContainsFunc(role, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return role
}
