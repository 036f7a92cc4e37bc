package account

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

func meetFindsOrMakes(t *testing.T, w *world) {
	a, err := w.Meet(t.Context(), Identity{ID: "17", Name: "admin@demo.isp"})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "new account", a, Account{ID: a.ID, Key: "id:17", Name: "admin@demo.isp", State: None, Generation: 1})
	want(t, "length of the id", len(a.ID), 32)
	again, err := w.Meet(t.Context(), Identity{ID: "17", Name: "admin@demo.isp"})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "met again", again, a)
	renamed, err := w.Meet(t.Context(), Identity{ID: "17", Name: "boss@demo.isp"})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "renamed in the panel: the pinned name stays", renamed, a)
	named, err := w.Named(t.Context(), "admin@demo.isp")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "by name", named, a)
	for _, missing := range []string{"", "boss@demo.isp", "Admin@demo.isp"} {
		if _, err := w.Named(t.Context(), missing); !errors.Is(err, ErrNotFound) {
			t.Errorf("named %q: %v", missing, err)
		}
	}
	if got, err := w.Get(t.Context(), "0000"); !errors.Is(err, ErrNotFound) || got != (Account{}) {
		t.Errorf("get of nobody: %+v, %v", got, err)
	}
	for _, odd := range []Identity{{}, {Name: strings.Repeat("x", 251)}, {ID: "1", Name: ""}, {Name: "a\x00b"}, {Name: "a\nb"}, {Name: "a\xff"},
		{ID: strings.Repeat("1", 300), Name: "x"}} {
		if _, err := w.Meet(t.Context(), odd); !errors.Is(err, ErrIdentity) {
			t.Errorf("%.20q: %v", odd, err)
		}
	}
}

func meetAtOnceMakesOne(t *testing.T, w *world) {
	ids := make([]string, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			a, err := w.Meet(t.Context(), Identity{Name: "all at once"})
			if err != nil {
				t.Error(err)
			}
			ids[i] = a.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		want(t, "account", id, ids[0])
	}
}

func namesCompareAsBytes(t *testing.T, w *world) {
	active := w.enabled(t, "admin")
	seen := map[string]string{active.ID: "admin"}
	for _, name := range []string{"Admin", "admin ", " admin", "ádmin", "a\u0301dmin", "ａdmin", "ADMIN", "admın"} {
		a := w.meet(t, name)
		if other, ok := seen[a.ID]; ok {
			t.Errorf("%q is %q", name, other)
		}
		seen[a.ID] = name
		want(t, fmt.Sprintf("name of %q", name), w.get(t, a.ID).Name, name)
	}
	want(t, "the factor's account", w.meet(t, "admin").State, Active)
}

func conflicts(t *testing.T, w *world) {
	ids := map[string]string{"17": "alice's", "18": "bob"}
	for id, name := range ids {
		if _, err := w.Meet(t.Context(), Identity{ID: id, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		who  Identity
		want Conflict
	}{
		"a name used again by a new id": {Identity{ID: "99", Name: "alice's"}, Conflict{"alice's", "id:17", `ispgate users delete 'id:17'`}},
		"swapped names":                 {Identity{ID: "17", Name: "bob"}, Conflict{"bob", "id:18", `ispgate users rename 'id:18' NEW-NAME`}},
		"a name where ids were":         {Identity{Name: "bob"}, Conflict{"bob", "id:18", `ispgate users delete 'id:18'`}},
	} {
		a, err := w.Meet(t.Context(), c.who)
		var got *Conflict
		if !errors.As(err, &got) || *got != c.want || a != (Account{}) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if _, err := w.Named(t.Context(), "bob"); err != nil {
		t.Error("a conflict changed the account:", err)
	}
}

func TestConflictCommandIsOneWord(t *testing.T) {
	name := `x'; touch /tmp/owned; echo "$(id)" '`
	out, err := exec.Command("sh", "-c", "printf %s "+shellQuote(name)).Output()
	if err != nil || string(out) != name {
		t.Errorf("the shell reads %q, %v", out, err)
	}
}

func counting(t *testing.T, w *world) {
	w.enabled(t, "a")
	b := w.enabled(t, "b")
	w.meet(t, "c")
	if err := w.Reset(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	got, err := w.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "counts", fmt.Sprint(got), fmt.Sprint(map[State]int{Active: 1, None: 1, Reset: 1}))
	if err := w.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
