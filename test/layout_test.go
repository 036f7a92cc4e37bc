// Package test holds what is tested of the whole: the layout of the house here, the running program beside it.
package test

import (
	"fmt"
	"strings"
	"testing"
)

const module = "github.com/ispgate/ispgate/"

// floors says where each room stands. Arrows point down only, never to a neighbour.
var floors = map[string]int{
	"cmd/ispgate":        4,
	"proxy":              3,
	"authflow":           3,
	"internal/web":       2,
	"templates":          1,
	"internal/session":   1,
	"internal/account":   1,
	"internal/throttle":  1,
	"internal/panel":     1,
	"internal/users":     1,
	"internal/config":    1,
	"internal/keyring":   0,
	"internal/recent":    0,
	"internal/transport": 0,
	"internal/demo":      0,
}

// cmdOnly are rooms that nobody but cmd may see.
var cmdOnly = map[string]string{
	"internal/config": "configuration is turned into plain values in one place",
	"internal/demo":   "the demo panel stands in for somebody else's program",
}

// doors says which rooms may import a foreign package, and why nobody else. The longest prefix decides.
var doors = []struct {
	prefix, why string
	rooms       []string
}{
	{"gopkg.in/yaml.v3", "YAML is read where its faults can be named: configuration, key file, profiles, roles", []string{"internal/config", "internal/keyring", "internal/panel", "internal/users"}},
	{"github.com/gorilla/securecookie", "one file makes and opens our cookie", []string{"internal/session"}},
	{"github.com/fxamacker/cbor/v2", "one file writes and reads session records", []string{"internal/session"}},
	{"github.com/pquerna/otp", "codes are compared where they are spent", []string{"internal/account"}},
	{"github.com/boombuler/barcode", "the QR code shows a secret, and secrets stay with the account", []string{"internal/account"}},
	{"github.com/redis/go-redis/v9", "Redis holds sessions and request rates; cmd builds the client", []string{"internal/session", "internal/throttle", "cmd/ispgate"}},
	{"database/sql", "accounts are the only thing in SQL", []string{"internal/account"}},
	{"modernc.org/sqlite", "SQL drivers belong to the accounts", []string{"internal/account"}},
	{"github.com/go-sql-driver/mysql", "SQL drivers belong to the accounts", []string{"internal/account"}},
	{"github.com/jackc/pgx/v5", "SQL drivers belong to the accounts", []string{"internal/account"}},
	{"github.com/pressly/goose/v3", "SQL migrations belong to the accounts", []string{"internal/account"}},
	{"github.com/alexedwards/argon2id", "local passwords are compared in one place", []string{"internal/users"}},
	{"golang.org/x/crypto/bcrypt", "local passwords are compared in one place", []string{"internal/users"}},
	{"github.com/PuerkitoBio/goquery", "strangers' HTML is parsed by the panel room only", []string{"internal/panel"}},
	{"github.com/andybalholm/cascadia", "strangers' HTML is parsed by the panel room only", []string{"internal/panel"}},
	{"golang.org/x/net/html", "strangers' HTML is parsed by the panel room only", []string{"internal/panel"}},
	{"golang.org/x/net/http/httpguts", "what net/http's own transport would refuse to send, ours refuses", []string{"internal/transport"}},
	{"golang.org/x/net/websocket", "only the demo panel speaks websocket; the gateway passes it on", []string{"internal/demo"}},
	{"net/http/httputil", "one reverse proxy", []string{"proxy"}},
	{"html/template", "pages are written in templates; the demo panel has its own", []string{"templates", "internal/demo"}},
	{"golang.org/x/text", "folding of names, charsets of forms, languages of pages", []string{"internal/panel", "templates", "internal/config"}},
	{"golang.org/x/term", "the terminal is where the commands are", []string{"cmd/ispgate"}},
	{"golang.org/x/sync", "single-flight and limits: proxy, and the rooms it waits for", []string{"proxy", "internal/session", "internal/panel", "internal/account"}},
	{"github.com/prometheus/client_golang", "metrics are made in cmd and handed out as funcs", []string{"cmd/ispgate"}},
	{"github.com/spf13/cobra", "commands", []string{"cmd/ispgate"}},
	{"github.com/alicebob/miniredis/v2", "the embedded Redis of the demo", []string{"cmd/ispgate"}},
}

// vague are names that say nothing about what is inside.
var vague = []string{"util", "utils", "common", "helper", "helpers", "types", "service", "services", "manager", "misc", "shared", "base", "lib"}

// room returns the room a package stands in, given its path inside the module; empty if it stands in none.
func room(path string) string {
	for candidate := range floors {
		if path == candidate || strings.HasPrefix(path, candidate+"/") {
			return candidate
		}
	}
	return ""
}

// forbidden says why a room may not import a package; empty if it may.
func forbidden(from, imported string) string {
	if own, ok := strings.CutPrefix(imported, module); ok {
		return wrongArrow(from, own)
	}
	for _, door := range doors {
		if imported != door.prefix && !strings.HasPrefix(imported, door.prefix+"/") {
			continue
		}
		for _, allowed := range door.rooms {
			if from == allowed {
				return ""
			}
		}
		return fmt.Sprintf("its door is %s: %s", strings.Join(door.rooms, ", "), door.why)
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		return "a foreign package without a door: give it one in the table, with the reason"
	}
	return ""
}

func wrongArrow(from, path string) string {
	to := room(path)
	switch {
	case to == "":
		return "it stands in no room of the house"
	case to == from:
		return ""
	case from == "proxy" && to == "authflow", from == "authflow" && to == "proxy":
		return "proxy and authflow are two faces of one house: what both need belongs below them"
	case cmdOnly[to] != "" && floors[from] < 4:
		return "only cmd may: " + cmdOnly[to]
	case floors[to] == floors[from]:
		return "they stand on the same floor; nothing imports its neighbour"
	case floors[to] > floors[from]:
		return "the arrow points up; hand a func or a small interface down from there"
	}
	return ""
}

func TestArrowsPointDown(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.isTest() {
			continue
		}
		from := room(file.directory())
		if from == "" {
			t.Errorf("%s stands in no room: add the package to the table of floors, or move it", file.path)
			continue
		}
		for _, imported := range file.imports() {
			if why := forbidden(from, imported); why != "" {
				t.Errorf("%s imports %s: %s", file.path, imported, why)
			}
		}
	}
}

// The rules themselves, on imports that must not and must be possible.
func TestRulesOfTheHouse(t *testing.T) {
	for _, test := range []struct {
		from, imports, why string // empty = allowed
	}{
		{"proxy", module + "authflow", "two faces"},
		{"authflow", module + "proxy", "two faces"},
		{"internal/session", module + "internal/account", "same floor"},
		{"internal/keyring", module + "internal/session", "points up"},
		{"internal/web", module + "cmd/ispgate", "points up"},
		{"authflow", module + "internal/config", "only cmd"},
		{"proxy", module + "internal/demo", "only cmd"},
		{"proxy", module + "internal/other", "no room"},
		{"proxy", "github.com/redis/go-redis/v9", "its door is"},
		{"authflow", "database/sql", "its door is"},
		{"proxy", "golang.org/x/net/html/atom", "its door is"},
		{"cmd/ispgate", "example.com/new", "without a door"},
		{"cmd/ispgate", module + "internal/config", ""},
		{"internal/web", module + "templates", ""},
		{"internal/session", module + "internal/session/cookie", ""},
		{"internal/session", "github.com/redis/go-redis/v9", ""},
		{"proxy", "net/http", ""},
	} {
		got := forbidden(test.from, test.imports)
		if (got == "") != (test.why == "") || !strings.Contains(got, test.why) {
			t.Errorf("%s imports %s: %q, want %q", test.from, test.imports, got, test.why)
		}
	}
}
