package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// refusedTargets would leave the origin, reach our own pages, or be read in two ways.
var refusedTargets = []string{
	"", "x", "dashboard", "?x=1", "#x", "https://evil.example/", "http:evil.example", "javascript:alert(1)", "data:text/html,x",
	"//evil", "//evil.example/x", "///evil.example", "////evil.example", "//evil@panel.example.net/", "/.//evil", "/x//evil",
	`/\evil`, `\evil`, `\\evil`, `/\/evil`, `\/evil`, `/x/../\evil`, `/x\..\evil`, `/x?y=\`, `/x#\`,
	"/%2fevil", "/%2Fevil.example", "/%2f%2fevil", "/%252fevil", "/%252f%252fevil", "/x%2f%2fevil", "/x/%2fevil",
	"/%5cevil", "/%5Cevil", "/%255cevil", "/x%5c%5cevil", "/%09/evil", "/%0a/evil", "/%0d%0aSet-Cookie:x", "/%2509/evil", "/x%00y",
	"/\t/evil", "/\n/evil", "/\r/evil", "/\r\nSet-Cookie: x=1", "\t//evil", " //evil", " /x", "/x ", "/a b", "/x\x00", "/x\x7f", "/x\x1f", "\x00/x",
	"/.", "/..", "/./", "/../", "/x/.", "/x/..", "/x/../y", "/x/./y", "/../evil", "/..//evil", "/x/../../evil", "/%2e", "/%2e%2e", "/%2e%2e/", "/x/%2E%2e/y", "/x/.%2e/y", "/%252e%252e/x", "/x/%2e/..%2f",
	"/ispgate", "/ispgate/", "/ispgate/login", "/ispgate/login?return_to=/", "/ispgate/logout", "/ISPGATE/login", "/IspGate", "/ISPGATE/..",
	"/ispgate#x", "/ispgate?x", "/%69spgate/login", "/%69%73%70gate", "/ispgate%2flogin", "/%2569spgate/login", "/ispgate%2Flogin?x", "/x/../ispgate/login", "/./ispgate/login",
	"/é", "/\u00a0", "/\u2028x", "/／evil", "/\u2215evil", "/x\u3000", "/x\u202e", "/\xff", "/x?n=é",
	`/x"`, "/x<", "/x>", "/x`", `/x?y="><script>`, "/x?`",
	"/%", "/%2", "/%zz", "/x%g0", "/x%",
	"/" + strings.Repeat("a", maxReturnTo), "/?" + strings.Repeat("a", maxReturnTo),
}

// takenTargets are where people really were; they come back byte for byte.
var takenTargets = []string{
	"/", "/dashboard", "/customers?page=2&sort=-name", "/customers?page=2;x=3", "/a?b=c%26d%3De&f=g+h", "/search?q=a%20b+c&q=%zz", "/search?q=100%",
	"/x?next=//evil.example/", "/x?next=https://evil.example/", "/x?", "/x?&", "/x?#", "/x#tab-2", "/x#//evil", "/admin/", "/index.php/customers",
	"/a;jsessionid=1/b", "/a:b", "/a@b", "/~user/$x/(y)/!z/*", "/a,b'c", "/a[0]?b[]=1&b[]=2", "/a{b}|c^d", "/...", "/.x", "/x..", "/..x", "/a.b/..c", "/%20", "/caf%C3%A9", "/a+b",
	"/ispgates", "/ispgate-x", "/x/ispgate/login", "/xispgate/", "/tariffs/50%25", "/" + strings.Repeat("a", maxReturnTo-1),
}

func TestS09_ReturnTo(t *testing.T) {
	for _, target := range refusedTargets {
		if got, ok := ReturnTo(target); ok || got != "/" {
			t.Errorf("%.60q: got %q, %t; want / and refused", target, got, ok)
		}
	}
	for _, target := range takenTargets {
		if got, ok := ReturnTo(target); !ok || got != target {
			t.Errorf("%.60q: got %.60q, %t; want it as it is", target, got, ok)
		}
	}
}

// TestS09_TablesAgreeWithBrowsers: the property of the fuzz test holds for every target that the table takes, and is able to
// see the ones that leave.
func TestS09_TablesAgreeWithBrowsers(t *testing.T) {
	for _, target := range takenTargets {
		if why := leaves(target); why != "" {
			t.Errorf("%.60q: %s", target, why)
		}
	}
	for _, target := range []string{"//evil", `/\evil`, "/\t/evil", `/x/../\evil`, "/..//evil", "/ispgate/login", "/x/../ispgate/", "/x/%2e%2e/ispgate/", "/%2fevil", "https:evil"} {
		if leaves(target) == "" {
			t.Errorf("%q: the property sees nothing wrong", target)
		}
	}
}

func TestS09_LoginURL(t *testing.T) {
	for _, target := range takenTargets {
		u, err := url.Parse(LoginURL(target))
		if err != nil || u.Path != "/ispgate/login" || u.Host != "" {
			t.Fatalf("%q: %v", LoginURL(target), err)
		}
		got := u.Query().Get("return_to")
		if want := map[bool]string{true: "", false: target}[target == "/"]; got != want {
			t.Errorf("%.60q comes back as %.60q", target, got)
		}
	}
	for _, target := range refusedTargets {
		if got := LoginURL(target); got != "/ispgate/login" {
			t.Errorf("%.60q: %.60q", target, got)
		}
	}
}

// TestS09_RedirectKeepsBytes: http.Redirect would clean and re-encode.
func TestS09_RedirectKeepsBytes(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	for _, target := range takenTargets {
		w := httptest.NewRecorder()
		s.Redirect(w, http.StatusSeeOther, target)
		if got := w.Header().Values("Location"); len(got) != 1 || got[0] != target || w.Code != http.StatusSeeOther {
			t.Errorf("%.60q: %d to %.60q", target, w.Code, got)
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Strict-Transport-Security") == "" || w.Body.Len() > 0 {
			t.Errorf("%.60q: %v with %d bytes", target, w.Header(), w.Body.Len())
		}
	}
}

// TestS09_Referer: a page of the panel becomes a return-to; what is not on our origin, or is our own page, does not.
func TestS09_Referer(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	for referer, want := range map[string]string{
		"": "", "https://panel.example.net/customers?page=2": "/customers?page=2", "https://panel.example.net/": "/",
		"https://panel.example.net": "", "https://panel.example.net:8443/x": "", "http://panel.example.net/x": "", "https://panel.example.net.evil.example/x": "",
		"https://evil.example/https://panel.example.net/x": "", "https://panel.example.net@evil.example/x": "", "/x": "", "https://panel.example.net//evil.example": "",
		`https://panel.example.net/\evil.example`: "", "https://panel.example.net/ispgate/login?return_to=%2Fx": "", "https://panel.example.net/x\r\nA: b": "",
	} {
		r := httptest.NewRequest("GET", "/api", nil)
		r.Header["Referer"] = []string{referer}
		if got := s.Referer(r); got != want {
			t.Errorf("Referer %q becomes %q, want %q", referer, got, want)
		}
	}
}

// leaves says how a browser or a server may read an accepted target as something else than a path of the panel's.
func leaves(target string) string {
	base := &url.URL{Scheme: "https", Host: "panel.example.net", Path: "/ispgate/login"}
	if u, err := url.Parse(target); err == nil {
		if at := base.ResolveReference(u); at.Scheme != "https" || at.Host != base.Host || at.User != nil {
			return "net/url reads " + at.String()
		}
	}
	host, path := browser(target)
	if host != "" {
		return "a browser reads the host " + host
	}
	for _, p := range []string{path, decodedOnce(path), decodedOnce(decodedOnce(path))} {
		if strings.HasPrefix(p, "//") || strings.HasPrefix(p, `/\`) {
			return "a server reads the host in " + p
		}
		if lower := strings.ToLower(p); lower == "/ispgate" || strings.HasPrefix(lower, "/ispgate/") {
			return "it is a page of ours: " + p
		}
	}
	return ""
}

// browser is the WHATWG URL parser (section 4.4) for a reference against an https base, as far as host and path go.
func browser(target string) (host, path string) {
	s := strings.TrimFunc(target, func(r rune) bool { return r <= ' ' })
	s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	if i := strings.IndexAny(s, ":/?#"); i > 0 && s[i] == ':' {
		return "scheme " + s[:i], ""
	}
	s, _, _ = strings.Cut(s, "#")
	s, _, _ = strings.Cut(s, "?")
	s = strings.ReplaceAll(s, `\`, "/")
	if rest, ok := strings.CutPrefix(s, "//"); ok {
		return "?" + strings.TrimLeft(rest, "/"), ""
	}
	var out []string
	segments := strings.Split(strings.TrimPrefix(s, "/"), "/")
	for i, segment := range segments {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case "..":
			out = out[:max(0, len(out)-1)]
		case ".":
		default:
			out = append(out, segment)
			continue
		}
		if i == len(segments)-1 {
			out = append(out, "")
		}
	}
	return "", "/" + strings.Join(out, "/")
}

func decodedOnce(s string) string {
	if d, err := url.PathUnescape(s); err == nil {
		return d
	}
	return s
}

func FuzzReturnTo(f *testing.F) {
	for _, target := range append(append([]string{}, refusedTargets...), takenTargets...) {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		got, ok := ReturnTo(target)
		if !ok {
			if got != "/" {
				t.Errorf("refused, yet it gives %q", got)
			}
			return
		}
		if got != target {
			t.Errorf("%q came back as %q", target, got)
		}
		for i := range len(got) {
			if got[i] <= ' ' || got[i] > '~' {
				t.Errorf("%q has byte %#x", got, got[i])
			}
		}
		if why := leaves(got); why != "" {
			t.Errorf("%q: %s", got, why)
		}
	})
}
