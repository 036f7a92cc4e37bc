// Package security holds the whole-program tests of the requirements, one file for each number.
package security

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// shared is the office that tests share which need none of their own. It logs at debug, writes a line for each request,
// and leaves the password limits to the panel, so that a test may log in as often as it likes.
var shared struct {
	sync.Once
	house  *harness.House
	office *office.Office
}

func TestMain(m *testing.M) {
	code := m.Run()
	shared.house.Close()
	os.Exit(code)
}

// theOffice returns the shared office.
func theOffice(t *testing.T) *office.Office {
	t.Helper()
	shared.Do(func() {
		defer func() {
			if why := recover(); why != nil {
				t.Fatal(why)
			}
		}()
		shared.house = harness.NewHouse()
		shared.office = office.Open(shared.house, "log", "{level: debug, access: all}", "panel", panelAt("%s"))
	})
	if shared.office == nil {
		t.Fatal("the shared office did not open; see the first failure")
	}
	before := len(shared.office.Gateway.Output())
	t.Cleanup(func() {
		if t.Failed() {
			said := shared.office.Gateway.Output()[before:]
			t.Logf("the gateway meanwhile:\n%s", said[max(0, len(said)-4000):])
		}
	})
	return shared.office
}

// panelAt is a panel section with limits of its own that no test reaches; more adds keys to the profile.
func panelAt(url string, more ...string) string {
	return office.PanelAt(url, ", limiter: {tries: 500, window: 60s}"+strings.Join(more, ""))
}

// metric reads one value of the admin listener; 0 if it is not there.
func metric(t *testing.T, g *harness.Gateway, name string) float64 {
	t.Helper()
	for line := range strings.SplitSeq(body(t, g.Admin+"/metrics"), "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatalf("metric %s: %v", name, err)
			}
			return n
		}
	}
	return 0
}

func body(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
