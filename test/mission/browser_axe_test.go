package mission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/ispgate/ispgate/test/harness"
)

// The accessibility rules: npm package axe-core, and the SHA-256 of its axe.min.js.
const (
	axeVersion = "4.14.1"
	axeSum     = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
)

// axeRules returns the text of axe.min.js, from the user's cache directory, where npm puts it the first time.
func axeRules(t *testing.T) string {
	t.Helper()
	npm := harness.Need(t, "npm", "npm")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("get axe-core: %v", err)
	}
	directory := filepath.Join(cache, "ispgate-test", "axe-core-"+axeVersion)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatalf("get axe-core: %v", err)
	}
	lock, err := os.OpenFile(filepath.Join(directory, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatalf("get axe-core: %v", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("get axe-core: %v", err)
	}
	file := filepath.Join(directory, "node_modules", "axe-core", "axe.min.js")
	if _, err := os.Stat(file); err != nil {
		install := exec.Command(npm, "install", "--prefix", directory, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "axe-core@"+axeVersion)
		install.Dir = directory
		// npm brings its own list of authorities; the ones that this machine was given stand here on Debian. What comes is
		// checked by its sum all the same.
		if system := "/etc/ssl/certs/ca-certificates.crt"; os.Getenv("NODE_EXTRA_CA_CERTS") == "" {
			install.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+system)
		}
		if output, err := install.CombinedOutput(); err != nil {
			t.Fatalf("npm install axe-core@%s: %v\n%s", axeVersion, err, output)
		}
	}
	rules, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("get axe-core: %v", err)
	}
	if sum := sha256.Sum256(rules); hex.EncodeToString(sum[:]) != axeSum {
		t.Fatalf("%s is not the axe-core %s that the tests were written with", file, axeVersion)
	}
	return string(rules)
}

// violation is what axe has against a page.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  string `json:"nodes"`
}

const axeRun = `axe.run(document, {preload: false}).then(r => ({passed: r.passes.length, violations: r.violations.map(v =>
	({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => n.html + " " + n.failureSummary).join("\n")}))}))`

// verdict is how a page stands before axe.
type verdict struct {
	Passed     int         `json:"passed"` // rules
	Violations []violation `json:"violations"`
}

// axe fails the test for every serious or critical violation of the page that is shown, and mentions the others.
func (b *tab) axe(page string) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Evaluate[chromedp.Void](b.rules+";undefined")(ctx, target)
		return err
	}))
	found := value[verdict](b, axeRun)
	if found.Passed < 10 {
		b.t.Errorf("%s: axe looked at next to nothing: %d rules passed", page, found.Passed)
	}
	for _, v := range found.Violations {
		text := fmt.Sprintf("%s: %s: %s (%s)\n%s", page, v.Impact, v.Help, v.ID, v.Nodes)
		if v.Impact == "serious" || v.Impact == "critical" {
			b.t.Error(text)
		} else {
			b.t.Log(text)
		}
	}
}

// colours makes the browser prefer a colour scheme, light or dark.
func (b *tab) colours(scheme string) {
	b.t.Helper()
	b.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}))
}
