package panel

import (
	"regexp"
	"slices"
	"strings"
)

// What a request target may grow to; nobody but an attacker comes near.
const (
	maxSpellings      = 256
	maxSpellingsBytes = 128 << 10
)

// front is the front controller of PHP frameworks.
const front = "index.php"

// inPublic is where Symfony believes to stand in a panel whose web server serves the folder above Laravel's public/.
const inPublic = "/public/" + front

// spellings are the paths that servers of every kind may make of one path, in lower case: decoded once and twice, cut at `;`,
// `?`, `#` or NUL, `\` as `/`, and then every step of steps in every order, until nothing new comes of it (S4).
type spellings struct {
	whole   []string
	tails   []string // of these a panel may cut any beginning, not only at a `/`
	bytes   int
	tangled bool // more than maxSpellings: closed
}

// path adds the spellings of a raw path.
func (l *spellings) path(path string, plain bool) {
	raw := path
	for range 3 {
		l.text(path)
		if i := strings.IndexAny(path, ";?#\x00"); i >= 0 {
			l.text(path[:i])
		}
		next := percentDecoded(path)
		if next == path {
			break
		}
		path = next
	}
	l.misplacedFront(raw, plain)
}

// text adds one decoded path and all that becomes of it, step by step.
func (l *spellings) text(path string) {
	begin := len(l.whole)
	l.add(withoutOrigin(strings.Map(lowerCase, strings.ReplaceAll(path, `\`, "/"))))
	for i := begin; i < len(l.whole) && !l.tangled; i++ {
		for _, step := range steps {
			step(l.whole[i], l.add)
		}
	}
}

func (l *spellings) add(path string) {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if l.tangled || slices.Contains(l.whole, path) {
		return
	}
	l.whole = append(l.whole, path)
	l.bytes += len(path)
	l.tangled = len(l.whole) > maxSpellings || l.bytes > maxSpellingsBytes
}

// misplacedFront: where a path contains index.php, but not as its base, Symfony (prepareBaseUrl) counts as many bytes off the
// path as its own script's name has, whatever they are: /index.phplogin and, below public/, /xx/index.php1234login are /login.
func (l *spellings) misplacedFront(raw string, plain bool) {
	for _, p := range l.whole {
		if strings.Contains(p, front) && (!plain || !wholeFront(p)) {
			l.tails = append(l.tails, p)
		}
	}
	if len(l.tails) == 0 && len(raw) > len(inPublic) && strings.Contains(strings.ToLower(raw), front) {
		l.text(raw[len(inPublic):])
	}
}

func wholeFront(path string) bool {
	return !slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s != front && strings.Contains(s, front) })
}

// fit reports whether a rule's path, as ruled made it, holds for any spelling.
func (l *spellings) fit(rule string) bool {
	if slices.ContainsFunc(l.whole, func(p string) bool { return glob(rule, p) }) {
		return true
	}
	if len(l.tails) == 0 {
		return false
	}
	rule = "*" + rule[1:]
	return slices.ContainsFunc(l.tails, func(p string) bool { return glob(rule, p) })
}

// ruled is the one spelling that rules are kept in. Whatever it cuts, steps cuts from requests as well.
func ruled(path string) string {
	path = dotless(cleaned(squeezed(strings.Map(lowerCase, path))))
	path = indexless(withoutSegment(path, front))
	return "/" + strings.Trim(path, "/")
}

// steps are what servers do to a path. Each hands on what it makes of one; most make nothing of most.
var steps = [...]func(path string, add func(string)){
	func(p string, add func(string)) { add(squeezed(p)) },
	func(p string, add func(string)) { add(cleaned(p)) },
	func(p string, add func(string)) { add(dotless(p)) },
	func(p string, add func(string)) { add(indexless(p)) },
	func(p string, add func(string)) { add(strings.TrimRight(p, "/")) },
	func(p string, add func(string)) { add(strings.TrimPrefix(p, "/public/")) },
	cutFront,
	cutPathInfo,
}

// cutFront takes the front controller away, wherever the application is installed, and with it all that stands before.
func cutFront(path string, add func(string)) {
	if !strings.Contains(path, "/"+front) {
		return
	}
	add(withoutSegment(path, front))
	end := 0
	for s := range strings.SplitSeq(path, "/") {
		end += len(s)
		if s == front {
			add(path[end:])
		}
		end++
	}
}

// cutPathInfo: /login.php/x runs /login.php.
func cutPathInfo(path string, add func(string)) {
	if !strings.Contains(path, ".") {
		return
	}
	end := 0
	for s := range strings.SplitSeq(path, "/") {
		end += len(s)
		if end < len(path) && executed.MatchString(s) {
			add(path[:end])
		}
		end++
	}
}

// squeezed makes one slash of many.
func squeezed(path string) string {
	if !strings.Contains(path, "//") {
		return path
	}
	out := "/" + strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), "/")
	if strings.HasSuffix(path, "/") && out != "/" {
		out += "/"
	}
	return out
}

var unclean = regexp.MustCompile(`[;\x00-\x1f\x7f]|[ .](/|$)|::\$`)

// cleaned cuts from each segment what some server does not see: `;…` (Java), control bytes, and for Windows `::$DATA` and
// the dots and blanks at its end.
func cleaned(path string) string {
	if !unclean.MatchString(path) {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		s, _, _ = strings.Cut(s, ";")
		s, _, _ = strings.Cut(strings.Map(lowered, s), "::$")
		if s != "." && s != ".." {
			s = strings.TrimRight(s, " .")
		}
		segments[i] = s
	}
	return strings.Join(segments, "/")
}

// dotless resolves dot segments; one at the end leaves a slash (RFC 3986 section 5.2.4).
func dotless(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	out := make([]string, 0, strings.Count(path, "/"))
	last := ""
	for s := range strings.SplitSeq(path[1:], "/") {
		switch last = s; s {
		case "..":
			out = out[:max(0, len(out)-1)]
		case ".":
		default:
			out = append(out, s)
		}
	}
	if last == "." || last == ".." {
		out = append(out, "")
	}
	return "/" + strings.Join(out, "/")
}

var indexFile = regexp.MustCompile(`/(index|default)\.(php[0-9]?|phtml|html?|shtml|f?cgi|pl|py|aspx?|jspx?|cfm)$`)

// indexless is the folder that a server's index file stands for.
func indexless(path string) string {
	if !strings.Contains(path, "/index.") && !strings.Contains(path, "/default.") {
		return path
	}
	return indexFile.ReplaceAllString(path, "/")
}

func withoutSegment(path, segment string) string {
	if !strings.Contains(path, "/"+segment) {
		return path
	}
	return strings.Join(slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == segment }), "/")
}

var origin = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://[^/]*`)

// withoutOrigin cuts scheme and host from an absolute-form target.
func withoutOrigin(path string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	return origin.ReplaceAllString(path, "")
}

func lowerCase(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// lowered folds ASCII case and drops control bytes; other bytes stay as they are.
func lowered(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return lowerCase(r)
}
