package keyring

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// ids are the keys of a file in their order.
func ids(t *testing.T, path string) (out []string) {
	t.Helper()
	ring, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range ring.keys() {
		out = append(out, k.name())
	}
	return out
}

func TestS36_RotateTheFile(t *testing.T) {
	path := filepath.Join(harness.PrivateDir(t), "keys.yaml")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	first := ids(t, path)[0]
	ring, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	old := ring.Box("p", nil).Seal([]byte("old"))
	last, err := Prepare(path)
	if err != nil || strings.Join(ids(t, path), " ") != first+" "+last {
		t.Fatalf("prepared %s: %v, %v", last, ids(t, path), err)
	}
	second, err := Rotate(path)
	if err != nil || strings.Join(ids(t, path), " ") != strings.Join([]string{second, first, last}, " ") {
		t.Fatalf("rotated to %s: %v, %v", second, ids(t, path), err)
	}
	if err := Promote(path, last); err != nil || strings.Join(ids(t, path), " ") != strings.Join([]string{last, second, first}, " ") {
		t.Fatalf("promoted %s: %v, %v", last, ids(t, path), err)
	}
	if err := Promote(path, "ffffffff"); err == nil || !strings.Contains(err.Error(), "ffffffff") {
		t.Errorf("a key that is not there: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if ring, err = Load(path); err != nil {
		t.Fatal(err)
	}
	if got, err := ring.Box("p", nil).Open(old); err != nil || string(got) != "old" {
		t.Errorf("what the first key sealed: %q, %v", got, err)
	}
	if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Rotate(path); err == nil || !strings.Contains(err.Error(), path+".new is there") || len(ids(t, path)) != 3 {
		t.Errorf("beside another: %v, %v", err, ids(t, path))
	}
}

func ownerOf(info os.FileInfo) [2]uint32 {
	s := info.Sys().(*syscall.Stat_t)
	return [2]uint32{s.Uid, s.Gid}
}

// TestS36_OwnerStays: root rotates the keys of a gateway that runs as somebody else, who must be able to read them.
func TestS36_OwnerStays(t *testing.T) {
	path := filepath.Join(harness.PrivateDir(t), "keys.yaml")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Rotate(path); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil || ownerOf(after) != ownerOf(before) || os.SameFile(before, after) {
		t.Errorf("owner %v, was %v, %v", ownerOf(after), ownerOf(before), err)
	}
}

// TestS36_AdoptedInPlace: what was derived from a ring before follows it.
func TestS36_AdoptedInPlace(t *testing.T) {
	ring := known(1)
	box := ring.Box("p", []byte("secret"))
	names := Following(ring, func(r *Ring) string { return r.ID() })
	old, oldMAC := box.Seal([]byte("old")), ring.MAC("p", "a")
	if names() != "01010101" {
		t.Errorf("at first %s", names())
	}
	if added, removed := ring.Adopt(known(2, 1)); strings.Join(added, " ") != "02020202" || len(removed) != 0 {
		t.Errorf("came %v, gone %v", added, removed)
	}
	fresh := box.Seal([]byte("fresh"))
	if got, err := box.Open(old); err != nil || string(got) != "old" || ring.CheckMAC(oldMAC, "p", "a") != nil {
		t.Errorf("of the old key: %q, %v", got, err)
	}
	if got, err := known(2).Box("p", []byte("secret")).Open(fresh); err != nil || string(got) != "fresh" || names() != "02020202" {
		t.Errorf("of the new key alone: %q, %v, %s", got, err, names())
	}
	if added, removed := ring.Adopt(known(2)); len(added) != 0 || strings.Join(removed, " ") != "01010101" {
		t.Errorf("came %v, gone %v", added, removed)
	}
	if _, err := box.Open(old); !errors.Is(err, ErrUnknownKey) || !strings.Contains(err.Error(), "01010101") {
		t.Errorf("the key is gone: %v", err)
	}
	if err := ring.CheckMAC(oldMAC, "p", "a"); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("the key is gone: %v", err)
	}
	other := ringOf(key{id: known(2).keys()[0].id, master: known(3).keys()[0].master})
	if added, removed := ring.Adopt(other); len(added) != 1 || len(removed) != 1 {
		t.Errorf("another secret under the id: came %v, gone %v", added, removed)
	}
}

// TestS36_AdoptedWhileInUse: every value is sealed and opened under one set of keys.
func TestS36_AdoptedWhileInUse(t *testing.T) {
	ring := known(1, 2)
	box := ring.Box("p", nil)
	var users sync.WaitGroup
	stop := make(chan bool)
	users.Go(func() {
		defer close(stop)
		for i := range 200 {
			ring.Adopt([]*Ring{known(2, 1), known(1, 2), known(3, 2, 1)}[i%3])
		}
		ring.Adopt(known(1, 2))
	})
	for range 3 {
		users.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				sealed := known(1).Box("p", nil).Seal([]byte("x"))
				if got, err := box.Open(sealed); err != nil || string(got) != "x" {
					t.Errorf("%q, %v", got, err)
				}
				if got, err := known(1, 2, 3).Box("p", nil).Open(box.Seal([]byte("y"))); err != nil || string(got) != "y" {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
	users.Wait()
}
