package panel

import (
	"net/url"
	"regexp"
	"strings"
)

// reading is one request target, understood in two ways: as strictly and as loosely as anybody might (S4). The strict
// way opens doors (public), the loose ones close them.
type reading struct {
	path     string // byte for byte, before the first `?`
	query    *query // after it
	hasQuery bool   // there was a `?`
	plain    bool   // no two servers read this path differently
	scripts  int    // segments that a web server might execute
	loose    spellings
}

// read understands a raw request target: the path and query of the request line, as they came in.
func read(target string) reading {
	t := reading{}
	t.query = &query{}
	t.path, t.query.raw, t.hasQuery = strings.Cut(target, "?")
	routed := strings.HasPrefix(percentDecoded(t.query.raw), "/") // CodeIgniter reads /?/login as /login
	t.plain = plain(t.path) && !strings.Contains(t.query.raw, "#") && !routed
	t.scripts = scripts(t.path)
	t.loose.path(t.path, t.plain)
	if routed {
		inQuery, _, _ := strings.Cut(t.query.raw, "&")
		t.loose.path(inQuery, false)
	}
	return t
}

// plain is the strictest reading: `/` first, no percent-encoding, no `//`, no dot segments, only [A-Za-z0-9._~/-] (S4).
func plain(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") {
		return false
	}
	for i := range len(path) {
		if strings.IndexByte(pathBytes, path[i]) < 0 {
			return false
		}
	}
	for _, s := range strings.Split(path, "/") {
		if s == "." || s == ".." {
			return false
		}
	}
	return true
}

const pathBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~/-"

// executed finds names that a web server may run instead of serving; `x.php.jpg` is one too (Apache's AddHandler).
var executed = regexp.MustCompile(`(?i)\.(php[0-9]?|phtml|phar|pht|phps|f?cgi|pl|py|rb|asp|aspx|ashx|asmx|jsp|jspx|cfm|do|action)(\.|$)`)

// scripts also counts a front controller's name within another one: Symfony cuts there (index.phplogin is /login).
func scripts(path string) int {
	n := 0
	for _, s := range strings.Split(path, "/") {
		if executed.MatchString(s) || strings.Contains(strings.ToLower(s), front) {
			n++
		}
	}
	return n
}

// percentDecoded decodes what is well formed and leaves the rest, as PHP does.
func percentDecoded(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hex(s[i+1]) && hex(s[i+2]) {
			c, _ := url.PathUnescape(s[i : i+3])
			b.WriteString(c)
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func hex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
