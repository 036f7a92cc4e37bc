package security

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// Keys are rotated under a gateway that serves: nobody is logged out, the old factors are asked, new sessions are written under
// the new key. A key that is taken away closes what it protected, and the log names it.
func TestS36_KeysRotateWhileServing(t *testing.T) {
	o := office.Open(t)
	before := o.Enrolled(t)
	before.WantPanel()
	file := filepath.Join(o.Dir, "keys.yaml")
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if output, code := harness.Run(t, nil, "keys", "rotate", "-c", o.Gateway.Config); code != 0 {
		t.Fatalf("keys rotate: exit code %d\n%s", code, output)
	}
	o.Gateway.WaitLog("that the new key is taken up", func(line map[string]any) bool { return line["msg"] == "the key file has new keys" })
	before.WantPanel()
	again := before.Elsewhere()
	again.LogIn()
	again.WantPanel()
	after := o.Enrolled(t)
	after.WantPanel()
	late := before.Elsewhere()
	late.Challenge()
	late.Recover(before.Codes[0]).Want(http.StatusOK)
	late.WantPanel()
	both, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	put := func(keys []byte) {
		t.Helper()
		if err := os.WriteFile(file, keys, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(old)
	o.Gateway.WaitLog("that a key is gone", func(line map[string]any) bool {
		return strings.HasPrefix(line["msg"].(string), "keys were removed from the key file")
	})
	for name, c := range map[string]*office.Clerk{"enrolled after": after, "somebody new": o.Clerk(t)} {
		e := c.Elsewhere()
		if page := e.Password(harness.LaravelPassword); page.Status != http.StatusForbidden {
			t.Errorf("%s, without the key: %d %q", name, page.Status, page.Location())
		}
		if _, in := e.InPanel(); in {
			t.Errorf("%s: in the panel without the key", name)
		}
	}
	before.Elsewhere().Challenge() // its record is the old key's
	o.Gateway.WaitLog("what the operator must mend", func(line map[string]any) bool {
		cause, _ := line["cause"].(string)
		return strings.Contains(cause, "sealed under a key that is not in the key file")
	})
	put(both)
	o.Gateway.WaitLog("that the key is back", func(line map[string]any) bool {
		return line["msg"] == "the key file has new keys" && line["writing"] != nil && strings.Count(o.Gateway.Output(), "the key file has new keys") == 2
	})
	after.WantPanel()
	after.Elsewhere().LogIn()
}
