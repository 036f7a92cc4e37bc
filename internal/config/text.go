package config

import (
	"errors"
	"fmt"
	"net/textproto"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// not quotes a value for a fault, as `, not "…"`. What may be a URL is left out: it may hold a password that was put at
// the wrong key.
func not(text string) string {
	if len(text) > 64 || strings.Contains(text, "//") || strings.Contains(text, "@") {
		return ""
	}
	return fmt.Sprintf(", not %q", text)
}

// word is one of a few.
func word(words ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		if slices.Contains(words, text) {
			return text, nil
		}
		return "", fmt.Errorf("wants %s%s%s", orList(words), not(text), meant(text, words))
	}
}

func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// line is text of one line, of so many characters.
func line(least, most int) func(string) (string, error) {
	return func(text string) (string, error) {
		switch n := utf8.RuneCountInString(text); {
		case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
			return "", errors.New("holds control characters (write one line of plain text)")
		case strings.TrimSpace(text) != text:
			return "", errors.New("begins or ends with a space")
		case n < least:
			return "", errors.New("is empty")
		case n > most:
			return "", fmt.Errorf("is %d characters long (at most %d)", n, most)
		}
		return text, nil
	}
}

func matching(pattern, what string) func(string) (string, error) {
	re := regexp.MustCompile(pattern)
	return func(text string) (string, error) {
		if !re.MatchString(text) {
			return "", fmt.Errorf("wants %s%s", what, not(text))
		}
		return text, nil
	}
}

func optional(parse func(string) (string, error)) func(string) (string, error) {
	return func(text string) (string, error) {
		if text == "" {
			return "", nil
		}
		return parse(text)
	}
}

func required(parse func(string) (string, error), problem string) func(string) (string, error) {
	return func(text string) (string, error) {
		if text == "" {
			return "", errors.New(problem)
		}
		return parse(text)
	}
}

// filePath may be empty; a relative one counts from the directory of the configuration file.
func filePath(at func(string) string) func(string) (string, error) {
	plain := line(0, 4096)
	return optional(func(text string) (string, error) {
		if strings.Contains(text, "://") {
			return "", errors.New("wants the path of a file, not a URL")
		}
		if _, err := plain(text); err != nil {
			return "", err
		}
		return at(text), nil
	})
}

// profileName is a built-in name, or a path.
func profileName(at func(string) string) func(string) (Profile, error) {
	builtIn := regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	path := filePath(at)
	return func(text string) (Profile, error) {
		ext := filepath.Ext(text)
		if strings.Contains(text, "/") || ext == ".yaml" || ext == ".yml" {
			name, err := path(text)
			return Profile{Name: name}, err
		}
		if !builtIn.MatchString(text) {
			return Profile{}, fmt.Errorf("wants a built-in name such as laravel, the path of a .yaml file, or the profile itself%s", not(text))
		}
		return Profile{Name: text}, nil
	}
}

// issuer stands before the colon of an otpauth label, so it has none.
func issuer(text string) (string, error) {
	if strings.Contains(text, ":") {
		return "", errors.New("holds a colon, which ends the issuer in authenticator apps (leave it out)")
	}
	return line(1, 64)(text)
}

func languageTag(text string) (string, error) {
	tag, err := language.Parse(text)
	if err != nil || text == "" || tag == language.Und {
		return "", fmt.Errorf("wants a language such as en, bn or pt-BR%s", not(text))
	}
	if tag.String() != text {
		return "", fmt.Errorf("wants a language such as en, bn or pt-BR%s (did you mean %s?)", not(text), tag)
	}
	return text, nil
}

// headerName is one that the panel reads as it is written, and that HTTP or the gateway does not need itself.
func headerName(text string) (string, error) {
	const most = 64
	name := textproto.CanonicalMIMEHeaderKey(text)
	switch {
	case text == "" || len(text) > most || strings.Trim(text, headerBytes) != "":
		return "", fmt.Errorf("wants a header name of letters, digits and dashes%s", not(text))
	case slices.Contains(reserved, name) || slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }):
		return "", fmt.Errorf("is %s, a header with a meaning of its own (take one such as Remote-User)", name)
	}
	return name, nil
}

const headerBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

var (
	reserved = []string{"Authorization", "Connection", "Cookie", "Date", "Expect", "Forwarded", "From", "Host", "Keep-Alive",
		"Origin", "Proxy", "Range", "Referer", "Set-Cookie", "Te", "Trailer", "Transfer-Encoding", "True-Client-Ip", "Upgrade",
		"User-Agent", "Via", "X-Csrf-Token", "X-Http-Method-Override", "X-Original-Method", "X-Original-Url", "X-Real-Ip",
		"X-Requested-With", "X-Rewrite-Url", "X-Xsrf-Token"}
	reservedPrefixes = []string{"Accept", "Access-Control-", "Content-", "If-", "Proxy-", "Sec-", "X-Forwarded-"}
)
