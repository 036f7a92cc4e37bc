package templates

import (
	"fmt"
	"html/template"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// view is what a template sees: the page P, the words, and how to say them.
type view struct {
	Frame
	set    *Set
	words  *words
	P      Page
	Faults []fault
}

// T is a text of the catalogue: {{.T "on.codes_left" "n" .P.CodesLeft}}.
func (v view) T(key Key, args ...any) (string, error) {
	if _, ok := v.words.phrases[key]; !ok {
		return "", fmt.Errorf("no text %q", key)
	}
	return v.words.text(Say(key, args...)), nil
}

// Say is the text of a message.
func (v view) Say(m Message) string { return v.words.text(m) }

// Msg is a text of the catalogue as a message.
func (v view) Msg(key Key) Message { return Say(key) }

// Product is the panel's name.
func (v view) Product() string { return v.set.look.Product }

// Heading is the page's heading.
func (v view) Heading() string { return v.Say(v.P.title()) }

// Title is the document's title. It names a fault first, because screen readers read it first.
func (v view) Title() string {
	title := v.Heading()
	if !strings.Contains(title, v.Product()) {
		title = v.Say(Say("title.page", "title", title))
	}
	if len(v.Faults) > 0 {
		title = v.Say(Say("title.error", "title", title))
	}
	return title
}

// Static is the URL of a static file, empty when there is none.
func (v view) Static(name string) string { return v.set.staticURL(v.Prefix, name) }

// Choices are the languages on offer, empty when there is only one.
func (v view) Choices() []choice {
	if len(v.set.look.Languages) < 2 {
		return nil
	}
	var all []choice
	for _, l := range v.set.look.Languages {
		all = append(all, choice{l, v.set.in(l).text(Say("language.name")), l == v.Lang})
	}
	return all
}

type choice struct {
	Lang, Name string
	Current    bool
}

// Support is the support line, nil when none is configured.
func (v view) Support() *link {
	s := v.set.look.Support
	if s == "" {
		return nil
	}
	return &link{s, supportURL(s)}
}

type link struct {
	Text string
	URL  template.URL
}

var telephone = regexp.MustCompile(`^\+?[0-9][0-9 ()-]{4,}$`)

// supportURL is what a click on the support line opens, empty for plain words.
func supportURL(s string) template.URL {
	if a, err := mail.ParseAddress(s); err == nil && a.Address == s {
		return template.URL("mailto:" + s) // #nosec G203 -- the operator's address, parsed; html/template still escapes the attribute
	}
	if u, err := url.Parse(s); err == nil && u.Scheme == "https" && u.Host != "" {
		return template.URL(s) // #nosec G203 -- the operator's https address, parsed
	}
	if telephone.MatchString(s) {
		return template.URL("tel:" + strings.NewReplacer(" ", "", "(", "", ")", "", "-", "").Replace(s)) // #nosec G203 -- the operator's number: digits, blanks and dashes
	}
	return ""
}

// Day is a date in words, in the operator's time zone.
func (v view) Day(t time.Time) string {
	t = t.In(v.set.look.Timezone)
	month := fmt.Sprint(int(t.Month()))
	if names := strings.Fields(v.Say(Say("date.months"))); len(names) == 12 {
		month = names[t.Month()-1]
	}
	return v.Say(Say("date.day", "day", t.Day(), "month", month, "year", t.Year()))
}

// Moment is a date and a time of day, in the operator's time zone.
func (v view) Moment(t time.Time) string {
	return v.Say(Say("date.time", "date", v.Day(t), "time", t.In(v.set.look.Timezone).Format("15:04")))
}

// Drawing is an inline SVG of ours; nothing that a person wrote is in it.
func (v view) Drawing(svg string) template.HTML { return template.HTML(svg) } // #nosec G203 -- see above: account.QR draws numbers

// App is an otpauth:// link, a scheme that html/template would refuse; any other link comes to nothing.
func (v view) App(uri string) template.URL {
	if !strings.HasPrefix(uri, "otpauth://") {
		return ""
	}
	return template.URL(uri) // #nosec G203 -- otpauth:// alone
}

// Stamp is a time for machines.
func (v view) Stamp(t time.Time) string { return t.In(v.set.look.Timezone).Format(time.RFC3339) }
