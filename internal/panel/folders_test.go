package panel

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// Whatever the rules are, the first one that holds is the one that a look at each of them finds.
func TestFoldersFindTheFirstRule(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func(alphabet []string, most int) string {
		out := "/"
		for range random.IntN(most) {
			out += alphabet[random.IntN(len(alphabet))]
		}
		return out
	}
	held := 0
	for range 3000 {
		var p Profile
		for range 1 + random.IntN(12) {
			rule := text([]string{"a", "b", "/a/", "/", "*", "{a,b/a}", "?x=1"}, 5)
			if r, err := compile(Public, rule); err == nil {
				p.routes[Public] = append(p.routes[Public], r)
				p.routes[Public][len(p.routes[Public])-1].number = len(p.routes[Public])
			}
		}
		p.folders = foldersOf(p.routes[Public])
		for range 20 {
			target := text([]string{"a", "b", "/", "/a/", "?x=1"}, 5)
			want := Route{}
			for i := range p.routes[Public] {
				if r := &p.routes[Public][i]; r.strict("GET", read(target), netip.Addr{}, nil) {
					want = r.route()
					held++
					break
				}
			}
			if got := p.route("GET", read(target), netip.Addr{}); got != want {
				t.Fatalf("%s: %+v, want %+v, of %v", target, got, want, p.Rules())
			}
		}
	}
	if held < 1000 {
		t.Fatalf("rules held for %d targets only", held)
	}
}

// A target is compared with the rules of its folder, not with a thousand others.
func TestFoldersLeaveOthersAlone(t *testing.T) {
	var rules []requestRule
	for i := range 1000 {
		r, err := compile(Public, fmt.Sprintf("/portal-%d/*", i))
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r)
	}
	f := foldersOf(rules)
	for path, want := range map[string]int{"/portal-7/x": 1, "/portal-7": 0, "/customers/7": 0, "/": 0, "": 0} {
		n := 0
		for range f.of(path) {
			n++
		}
		if n != want {
			t.Errorf("%q is compared with %d rules, want %d", path, n, want)
		}
	}
}
