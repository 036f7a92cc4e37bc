package templates

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed words/*.json
var wordFiles embed.FS

// original is the language that every other one falls back to, text by text.
const original = "en"

// phrase is one text: a string in the words file, or one string per CLDR plural form of {n} ("one", "other" …; "=0" for
// exactly that number).
type phrase map[string]string

func (p *phrase) UnmarshalJSON(b []byte) error {
	var plain string
	if json.Unmarshal(b, &plain) == nil {
		*p = phrase{"other": plain}
		return nil
	}
	var forms map[string]string
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	if forms["other"] == "" {
		return fmt.Errorf("a text has no form %q", "other")
	}
	*p = forms
	return nil
}

var pluralForms = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}

// form picks the wording for the number n.
func (p phrase) form(tag language.Tag, n int) string {
	if s, ok := p["="+strconv.Itoa(n)]; ok {
		return s
	}
	if s, ok := p[pluralForms[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]]; ok {
		return s
	}
	return p["other"]
}

// words is the catalogue of one language.
type words struct {
	lang    string
	tag     language.Tag
	phrases map[Key]phrase
	always  []string // the placeholders that every text may use
}

// loadWords reads words/<lang>.json over the original language.
func loadWords(lang string, always []string) (*words, error) {
	tag, err := language.Parse(lang)
	if err != nil {
		return nil, fmt.Errorf("language %q: %w", lang, err)
	}
	w := &words{lang: lang, tag: tag, phrases: map[Key]phrase{}, always: always}
	for _, l := range slices.Compact([]string{original, lang}) {
		raw, err := wordFiles.ReadFile(path.Join("words", l+".json"))
		if err != nil {
			return nil, fmt.Errorf("language %q has no words: %w", l, err)
		}
		var these map[Key]phrase
		if err := json.Unmarshal(raw, &these); err != nil {
			return nil, fmt.Errorf("words of language %q: %w", l, err)
		}
		maps.Copy(w.phrases, these)
	}
	return w, nil
}

// text fills in a message. A key without a text comes out as the key itself.
func (w *words) text(m Message) string {
	if m.IsZero() {
		return ""
	}
	p, ok := w.phrases[m.Key]
	if !ok {
		return string(m.Key)
	}
	return w.fill(p.form(w.tag, m.number("n")), m.Args)
}

// fill replaces {placeholders} in one pass, so that a value is never itself read as a text with placeholders.
func (w *words) fill(text string, args []any) string {
	pairs := slices.Clone(w.always)
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{%v}", args[i]), fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// forms gives every wording of a message with {n} left open, as JSON: the script counts down with it.
func (w *words) forms(m Message) (string, error) {
	open := phrase{}
	for form, text := range w.phrases[m.Key] {
		open[form] = w.fill(text, slices.Concat([]any{"n", "{n}"}, m.Args))
	}
	b, err := json.Marshal(open)
	return string(b), err
}

// number returns an integer argument, 0 when there is none of that name.
func (m Message) number(name string) int {
	for i := 0; i+1 < len(m.Args); i += 2 {
		if m.Args[i] != name {
			continue
		}
		if n, err := strconv.Atoi(fmt.Sprint(m.Args[i+1])); err == nil {
			return n
		}
	}
	return 0
}
