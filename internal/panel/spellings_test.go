package panel

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

const scriptedRoutes = `
base: generic
login: {page: /login.php}
verify: /home.php
signed_out: [{location: '^/login\.php'}]
routes:
  logout: [/session/logout.php]
  two_factor: [/admin/]
  impersonate: [/staff/index.php]
  deny: [/export.php, /internal/*, '/tools/*.php', '/deep/*/*', '/notes/*/edit', GET /data, '/rpc?user_id=1']
  public: ['/portal/*', 'POST /hotspot', /]
`

var sayingScripts = map[string]Kind{
	"/login.php": LoginRoute, "/export.php": Deny, "/session/logout.php": Logout, "/admin/index.php": TwoFactorRoute,
	"/staff/index.php": Impersonate, "/internal/index.php": Deny,
}

// TestS04_PHPRunsNoScriptBesideUs: whatever spelling makes a plain PHP server run a script is of that script's kind to us.
func TestS04_PHPRunsNoScriptBesideUs(t *testing.T) {
	address, p := scriptServer(t), profileOf(t, scriptedRoutes)
	for script, kind := range sayingScripts {
		var targets []string
		for _, before := range []string{"", "/", "/.", "/x/..", "/%2e", "/index.php", "/portal/..", "/portal/%2e%2e"} {
			for _, middle := range []string{script, spelled(script)[2], strings.ReplaceAll(script, "/", "//"), strings.TrimSuffix(script, "index.php"), strings.TrimSuffix(script, "/index.php")} {
				for _, after := range []string{"", "/", "?x", "%20", ".", "/..", "/x", "//x", "%2fx", "/x/y.php", ";x", "/x;y", "/x/..", "/../x", "%00", "/%2e%2e/x", "/index.php/x"} {
					if strings.Contains(middle, ".") || !strings.Contains(strings.TrimPrefix(after, "?"), "x") {
						targets = append(targets, before+middle+after) // this server runs /admin/index.php for any /admin/x: a rule must say /admin/*
					}
				}
			}
		}
		reached := 0
		for target, answer := range askAll(t, address, "GET", targets) {
			text, _ := io.ReadAll(answer.Body)
			if string(text) != "this is "+script {
				continue
			}
			reached++
			if got := p.Match("GET", target).Kind; got != kind && got != Deny {
				t.Errorf("PHP runs %s for %s, which is %s to us (%q)", script, target, got, read(target).loose.whole)
			}
		}
		t.Logf("%s: %d of %d spellings run it", script, reached, len(targets))
		if reached < 50 {
			t.Errorf("%s ran %d times: the test proves little", script, reached)
		}
	}
}

// scriptServer is PHP's own server before a folder of scripts that say their names, without a router.
func scriptServer(t *testing.T) string {
	php, root := harness.Need(t, "php", "php-cli"), t.TempDir()
	for script := range sayingScripts {
		file := filepath.Join(root, script)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("this is "+script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	harness.StartServer(t, "php", syscall.SIGINT, func() *exec.Cmd {
		serve := exec.Command(php, "-S", address, "-t", root)
		serve.Env = append(os.Environ(), "PHP_CLI_SERVER_WORKERS=4")
		return serve
	}, func() bool { return harness.Listening(address) })
	return address
}

// TestS04_Spellings: what the servers of the other tests do not do, but others do, and what must stay open.
func TestS04_Spellings(t *testing.T) {
	p := profileOf(t, scriptedRoutes)
	for line, want := range map[string]Kind{
		"GET /LOGIN.PHP/x":                     LoginRoute, // a file system that ignores case
		"GET /login.php%252fx":                 LoginRoute, // decoded twice
		"GET /%256cogin.php/x":                 LoginRoute,
		"GET /login.php%3bx/y":                 LoginRoute,
		"GET /login.php./x":                    LoginRoute, // Windows
		"GET /login.php%20%20":                 LoginRoute,
		"GET /login.php::$DATA":                LoginRoute,
		"GET /login":                           LoginRoute, // MultiViews
		"GET /x/../index.phplogin.php/":        LoginRoute,
		"GET //index.php//login.php/x;y":       LoginRoute,
		"GET /login.php/../x":                  LoginRoute, // PATH_INFO cut before dots are resolved
		"GET /a.php/..;/login.php/x":           LoginRoute,
		"GET /index.php?/login.php":            LoginRoute, // CodeIgniter
		"GET /?%2flogin.php&x":                 LoginRoute,
		"GET ftp://h/login.php":                LoginRoute,
		"GET /admin":                           TwoFactorRoute,
		"GET /admin/index.html":                TwoFactorRoute,
		"GET /admin/Default.aspx":              TwoFactorRoute,
		"GET /admin/users.php":                 Protected,
		"GET /staff/":                          Impersonate,
		"GET /staff":                           Impersonate,
		"GET /internal/index.php":              Deny,
		"GET /internal/;x":                     Deny,
		"GET /internal":                        Deny, // PHP's own server runs its index.php
		"GET /tools/x.php/y":                   Deny,
		"GET /tools/x":                         Protected,
		"GET /deep/x":                          Protected,
		"GET /notes/;x/edit":                   Deny, // to PHP `;x` is a name like any other
		"GET /notes/%20/edit":                  Deny,
		"GET /notes/%01/edit":                  Deny,
		"GET /notes//edit":                     Deny,
		"GET /notes/.../edit":                  Deny,
		"POST /data":                           Deny, // a body may say _method=GET
		"HEAD /data":                           Deny,
		"PUT /data":                            Protected,
		"GET /rpc?user[id=1":                   Deny, // PHP: user_id
		"GET /rpc?user_id=2&user.id=1&user_id": Deny,
		"GET /rpc?user_id[]=1":                 Deny,
		"GET /rpc?user_id=2":                   Protected,
		"GET /portal/x":                        Public,
		"GET /portal/x?_method=PUT":            Protected,
		"GET /portal/index.phpabc":             Protected,
		"GET /portal/xINDEX.phpabc":            Protected,
		"POST /hotspot":                        Public,
		"POST /hotspot?_method=PUT":            Protected,
		"POST /hotspot?a&_METHOD[]=PUT":        Protected,
		"POST /hotspot?%5fmethod=PUT":          Protected,
		"POST /hotspot?.method=PUT":            Protected,
		"POST /hotspot?x;_method=PUT":          Protected,
		"POST /hotspot?method=PUT":             Public,
		"GET /":                                Public,
		"GET /?x=/":                            Public,
		"GET /?/home.php":                      Protected,
		"GET /?%2fhome.php":                    Protected,
	} {
		method, target, _ := strings.Cut(line, " ")
		if got := p.Match(method, target).Kind; got != want {
			t.Errorf("%s is %s, want %s (%q)", line, got, want, read(target).loose.whole)
		}
	}
}

// hostile targets are as long as web lets any through, and made to have many readings.
func hostile() []string {
	var out []string
	for _, part := range []string{"a.php/", "index.php/", "x/../", "index.phpx/", "./", "/", ";/", "%2561/", "a.php/../", "index.php/../", ".%252e/a.php;/", "a./", `\`} {
		out = append(out, "/"+strings.Repeat(part, 8000/len(part)))
	}
	return append(out, "/"+strings.Repeat("a.php/../index.php/x;y/", 20), "/?"+strings.Repeat("/a.php", 1300))
}

func TestS04_ReadingsAreBounded(t *testing.T) {
	p := profileOf(t, scriptedRoutes)
	for _, target := range hostile() {
		r := read(target)
		if len(r.loose.whole) > maxSpellings+1 || r.loose.bytes > maxSpellingsBytes+len(target) {
			t.Errorf("%.30q…: %d readings of %d bytes", target, len(r.loose.whole), r.loose.bytes)
		}
		if got := p.Match("GET", target); r.loose.tangled != (got.Kind == Deny && got.Number == 0) {
			t.Errorf("%.30q…: tangled %t, but %+v", target, r.loose.tangled, got)
		}
	}
	if !read(hostile()[0]).loose.tangled {
		t.Error("a path of 1300 scripts is not tangled")
	}
}

func BenchmarkMatch_Hostile(b *testing.B) {
	p := profileOf(b, mappedRoutes)
	for _, target := range hostile() {
		b.Run(target[:20], func(b *testing.B) {
			for b.Loop() {
				p.Match("GET", target)
			}
		})
	}
}
