package panel

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// guardedRoutes are routes of the Laravel panel that must be found in every spelling; mappedRoutes names them.
var guardedRoutes = []struct {
	path, method, allow string // allow: what Laravel answers to OPTIONS
	kind                Kind
}{
	{"/login", "POST", "GET,HEAD,POST", LoginRoute},
	{"/logout", "POST", "POST", Logout},
	{"/api/auth/login", "POST", "POST", Deny},
	{"/admin/login-as/2", "POST", "POST", Impersonate},
}

var spelledBefore = []string{
	"", "/", "/.", "/%2e", "/x/..", "/x/%2e%2e", "/index.php", "/index.php/", "/%69ndex.php", "/index%2ephp", "/index.php%2f", "/INDEX.PHP",
	"/index.php/index.php", "/index.phpindex.php", "/foo/index.php", "/x/../index.php", "//index.php", "/./index.php", "/index.php/.", "/index.php/x/..",
	"/index.php;x", "/index.php?", "/?", "/public", "/public/index.php", "/%70ublic", "/public%2f", "/x/public/index.php", "http://else.where",
	"http://else.where/index.php", "/index.php1234567", "/xx/index.php1234", "/abcdef/index.php", "/1234567index.php", "/index.php/123456",
}

var spelledAfter = []string{
	"", "/", "//", "/.", "/..", "%2f", ";x", "%3bx", "%00", "%20", "%0a", "%0d", ".", "?x=1", "?", "#x", "%23", "%3fx", "/x/..", "%c0%af", "%5c", `\`, "?/index.php", "/index.php",
	"?_method=GET", "/?x",
}

// spelled gives the ways to write the path itself.
func spelled(path string) []string {
	var all, twice strings.Builder
	for i := range len(path) {
		fmt.Fprintf(&all, "%%%02x", path[i])
		fmt.Fprintf(&twice, "%%25%02x", path[i])
	}
	return []string{
		path, path[1:], "/%" + fmt.Sprintf("%02X", path[1]) + path[2:], fmt.Sprintf("%%%02x", path[1]) + path[2:], all.String(), all.String()[3:], "/" + twice.String()[5:],
		strings.ToUpper(path), strings.ReplaceAll(path, "/", "//"), strings.ReplaceAll(path, "/", "%2f"), strings.ReplaceAll(path, "/", `\`), strings.ReplaceAll(path, "/", "/./"),
	}
}

// spellingsOf combines them all.
func spellingsOf(path string) []string {
	var out []string
	for _, before := range spelledBefore {
		for _, middle := range spelled(path) {
			for _, after := range spelledAfter {
				if t := before + middle + after; strings.HasPrefix(t, "/") || strings.HasPrefix(t, "http:") {
					out = append(out, t)
				}
			}
		}
	}
	return out
}

// fewSpellings of a path vary one part at a time.
func fewSpellings(path string) []string {
	var out []string
	for _, before := range spelledBefore {
		out = append(out, before+path, before+path[1:])
	}
	for _, middle := range spelled(path)[2:] {
		out = append(out, "/index.php"+middle, "/"+middle)
	}
	for _, after := range spelledAfter[1:] {
		out = append(out, path+after, "/index.php"+path[1:]+after)
	}
	return slices.DeleteFunc(out, func(t string) bool { return !strings.HasPrefix(t, "/") && !strings.HasPrefix(t, "http:") })
}

// TestS04_LaravelReachesNoLoginBesideUs: whatever the real panel answers as one of these routes is that kind to us.
func TestS04_LaravelReachesNoLoginBesideUs(t *testing.T) {
	l, p := harness.Laravel(t), profileOf(t, mappedRoutes)
	for _, route := range guardedRoutes {
		reached := map[string]bool{}
		for target, answer := range askAll(t, strings.TrimPrefix(l.URL, "http://"), "OPTIONS", fewSpellings(route.path)) {
			if answer.Header.Get("Allow") != route.allow {
				continue
			}
			reached[target] = true
			if got := p.Match(route.method, target).Kind; got != route.kind {
				t.Errorf("Laravel takes %s for %s, we for %s", target, route.path, got)
			}
		}
		t.Logf("%s: %d spellings reach it", route.path, len(reached))
		for _, must := range []string{route.path, route.path + "/", "/index.php" + route.path, "/index.php" + route.path[1:], "/%69ndex.php" + route.path[1:]} {
			if !reached[must] {
				t.Errorf("the panel does not answer %s: the test proves nothing", must)
			}
		}
	}
}

// askAll sends each target byte for byte, over eight connections at a time.
func askAll(t *testing.T, address, method string, targets []string) map[string]*http.Response {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	out, slots := map[string]*http.Response{}, make(chan bool, 8)
	for _, target := range targets {
		slots <- true
		all.Go(func() {
			defer func() { <-slots }()
			answer, err := ask(address, method, target)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("%s %s: %v", method, target, err)
				return
			}
			out[target] = answer
		})
	}
	all.Wait()
	return out
}

// ask leaves the answer's text in its Body, read.
func ask(address, method, target string) (*http.Response, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: test\r\nConnection: close\r\n\r\n", method, target, address); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(bytes.NewReader(text))
	return answer, err
}

// symfonyPaths prints, for each line of JSON, the paths that Laravel matches its routes with: with the web server at public/,
// and at the folder above.
const symfonyPaths = `require '/usr/share/php/Illuminate/autoload.php';
while (($line = fgets(STDIN)) !== false) {
	$out = [];
	foreach (['/index.php', '/public/index.php'] as $script) {
		$r = new Symfony\Component\HttpFoundation\Request([], [], [], [], [], ['REQUEST_URI' => json_decode($line), 'SCRIPT_NAME' => $script,
			'SCRIPT_FILENAME' => '/srv/panel/public/index.php', 'PHP_SELF' => $script]);
		$out[] = base64_encode(rawurldecode(rtrim($r->getPathInfo(), '/') ?: '/'));
	}
	echo json_encode($out), "\n";
}`

// TestS04_SymfonyCutsNoPathBesideUs asks Symfony itself, without a server between, for far more spellings.
func TestS04_SymfonyCutsNoPathBesideUs(t *testing.T) {
	p := profileOf(t, mappedRoutes)
	for _, route := range guardedRoutes {
		targets := spellingsOf(route.path)
		var in bytes.Buffer
		lines := json.NewEncoder(&in)
		for _, target := range targets {
			if err := lines.Encode(target); err != nil {
				t.Fatal(err)
			}
		}
		php := exec.Command(harness.Need(t, "php", "php-cli"), "-r", symfonyPaths)
		php.Stdin = &in
		out, err := php.Output()
		if err != nil {
			t.Fatalf("php: %v\n%s", err, out)
		}
		answers := json.NewDecoder(bytes.NewReader(out))
		reached := [2]int{}
		for _, target := range targets {
			var paths [2][]byte
			if err := answers.Decode(&paths); err != nil {
				t.Fatal(err)
			}
			for i, path := range paths {
				if string(path) != route.path {
					continue
				}
				reached[i]++
				if got := p.Match(route.method, target).Kind; got != route.kind {
					t.Errorf("Symfony (install %d) takes %s for %s, we for %s", i, target, route.path, got)
				}
			}
		}
		if reached[0] < 100 || reached[1] <= reached[0] {
			t.Errorf("%s was reached %d and %d times: the test proves little", route.path, reached[0], reached[1])
		}
		t.Logf("%s: %d spellings, %v reach it", route.path, len(targets), reached)
	}
}
