package mission

import (
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// TestBrowserWithoutScript: the pages need no script.
func TestBrowserWithoutScript(t *testing.T) {
	b := chromium(t, harness.Demo(t).URL)
	b.withoutScript()
	b.open("/").submitPassword(admin, password).at("/dashboard", 200)
	app, codes := b.enable()
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes, want ten", len(codes))
	}
	b.press("I have saved them").leave().submitPassword(admin, password).at(prefix+"verify", 200)
	b.submitCode(app.wrong()).at(prefix+"verify", 401).submitCode(app.code()).at("/dashboard", 200).see("Shahriar Kabir")
	disable(b, app.code())
}
