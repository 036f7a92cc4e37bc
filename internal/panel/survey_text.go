package panel

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// text is a line of the survey's own words, with what came from the panel made fit to be shown.
func (s *survey) text(format string, args ...any) string {
	shown := slices.Clone(args)
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			shown[i] = s.clean(arg)
		case error:
			shown[i] = s.clean(s.reason(arg))
		}
	}
	return fmt.Sprintf(format, shown...)
}

// clean is a text of the panel as it may be shown: without the typed password and without a byte that a terminal obeys.
func (s *survey) clean(text string) string {
	if !s.secret.common {
		text = s.secret.without(text)
	}
	return printable(text)
}

// prose is a sentence of a page: a password stands out there even if it is an everyday word.
func (s *survey) prose(text string) string { return printable(s.secret.without(text)) }

// tellable reports whether a text can be written into a profile as it is.
func (s *survey) tellable(text string) bool { return s.clean(text) == text }

// printable spells out what is no plain text: control characters move the cursor or rename the window, others turn the line
// round.
func printable(text string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\ufffd") {
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// secret is the typed password in every spelling that a page may repeat it in.
type secret struct {
	echo   *regexp.Regexp // nil: there is none
	common bool           // a word of every panel's addresses: taken out of them, it would be spelled by its absence
}

func (s *survey) keep() secret {
	l := s.panel.profile.Login
	everyday := strings.Join(append([]string{personal.String(), s.ask.Username, l.Page, l.User, l.Password, s.panel.profile.Verify}, places...), " ")
	echo := echoOf(s.ask.Username, s.ask.Password)
	return secret{echo, echo != nil && echo.MatchString(everyday)}
}

func (s secret) without(text string) string {
	if s.echo == nil {
		return text
	}
	return s.echo.ReplaceAllLiteralString(text, "[password]")
}

// maxEcho is how many characters of a password are looked for; with a longer one the rest of the text goes, too.
const maxEcho = 128

// echoOf finds a password as it was typed, percent-encoded, as HTML or script escapes, or as HTTP Basic carries it. One of up to
// three characters is looked for as a word only.
func echoOf(user, typed string) *regexp.Regexp {
	password := strings.TrimSpace(typed)
	if password == "" {
		return nil
	}
	var b strings.Builder
	rest := password
	for range maxEcho {
		r, size := utf8.DecodeRuneInString(rest)
		if size == 0 {
			break
		}
		b.WriteString(escapesOf(r, rest[:size]))
		rest = rest[size:]
	}
	if rest != "" {
		b.WriteString(`(?s:.*)`)
	}
	plain := b.String()
	if utf8.RuneCountInString(password) < 4 {
		plain = wordEdge(password[:1]) + plain + wordEdge(password[len(password)-1:])
	}
	all := []string{plain}
	for _, carried := range []string{user + ":" + typed, typed} {
		if len(carried) >= 4 {
			all = append(all, regexp.QuoteMeta(strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(carried)), "=")))
		}
	}
	return regexp.MustCompile(`(?i)(?:` + strings.Join(all, "|") + `)`) // only quoted text and constants in it
}

func wordEdge(end string) string {
	if regexp.MustCompile(`\w`).MatchString(end) {
		return `\b`
	}
	return ""
}

var named = map[rune]string{'&': "amp", '<': "lt", '>': "gt", '"': "quot", '\'': "apos"}

// escapesOf is what may stand for one character.
func escapesOf(r rune, raw string) string {
	var percent strings.Builder
	for i := range len(raw) {
		fmt.Fprintf(&percent, "%%(?:25)*%02x", raw[i])
	}
	all := []string{percent.String(), fmt.Sprintf(`&(?:amp;)*#0*%d;?`, r), fmt.Sprintf(`&(?:amp;)*#x0*%x;?`, r), fmt.Sprintf(`\\+u\{?0*%x\}?`, r), `\\*` + regexp.QuoteMeta(string(r))}
	switch name := named[r]; {
	case r < 0x80:
		all = append(all, fmt.Sprintf(`\\+x%02x`, r))
		if name != "" {
			all = append([]string{`&(?:amp;)*` + name + `;`}, all...)
		}
		if unicode.IsSpace(r) {
			all = append(all, `\s+`, `\+`, `%(?:25)*2b`)
		}
	default:
		all = append(all, `&(?:amp;)*[a-z]+[0-9]*;`)
	}
	return "(?:" + strings.Join(all, "|") + ")"
}

// reason is an error in plain words. Of a malformed header the cookie's name is told, too; its value may be a session.
func (s *survey) reason(err error) string {
	switch text := err.Error(); {
	case errors.Is(err, errTooLong):
		return text + ", which is more than is read of a page"
	case strings.Contains(text, "malformed MIME header"):
		before, _, _ := strings.Cut(text, ": net/http: ")
		what := "a header line"
		if heard := new(unquoted); errors.As(err, heard) {
			if _, cookie, ok := strings.Cut(heard.error.Error(), "Set-Cookie: "); ok {
				name, _, _ := strings.Cut(strings.TrimRight(cookie, `"`), "=")
				what = "the Set-Cookie of " + name
			}
		}
		return before + ": the panel answers, but " + what + " is malformed and HTTP does not allow it: mend it in the panel"
	case unreachable(err):
		return "the panel does not answer: " + text
	default:
		return text
	}
}

// unreachable reports whether an error is one of the way to the panel, so that other addresses of it need not be tried.
func unreachable(err error) bool {
	var dial *net.OpError
	var slow net.Error
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &slow) && slow.Timeout()
}
