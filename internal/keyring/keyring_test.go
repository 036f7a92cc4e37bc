package keyring

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// known makes a ring of known keys: each byte is an id (four times) and a master key (32 times).
func known(ids ...byte) *Ring {
	var keys []key
	for _, b := range ids {
		keys = append(keys, key{id: [idSize]byte{b, b, b, b}, master: bytes.Repeat([]byte{b}, KeySize)})
	}
	return ringOf(keys...)
}

func TestSealOpens(t *testing.T) {
	ring, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "a", "canary-secret", strings.Repeat("x", 1<<16)} {
		sealed := ring.Box("p", nil).Seal([]byte(text), "account", "7")
		if len(text) > 1 && bytes.Contains(sealed, []byte(text)) {
			t.Errorf("%d bytes stand in clear", len(text))
		}
		got, err := ring.Box("p", nil).Open(sealed, "account", "7")
		if err != nil || string(got) != text {
			t.Errorf("%d bytes came back as %d bytes, %v", len(text), len(got), err)
		}
		if again := ring.Box("p", nil).Seal([]byte(text), "account", "7"); bytes.Equal(sealed, again) {
			t.Error("the same value sealed twice is the same: no fresh nonce")
		}
	}
}

// TestS19_BoundToPurposeAndPlace: what was sealed opens nowhere else: a row copied to another account is refused.
func TestS19_BoundToPurposeAndPlace(t *testing.T) {
	ring := known(1)
	sealed := ring.Box("factor", []byte("s")).Seal([]byte("value"), "inst", "7")
	cases := []struct {
		name    string
		box     *Box
		binding []string
	}{
		{"other purpose", ring.Box("factors", []byte("s")), []string{"inst", "7"}},
		{"other secret", ring.Box("factor", []byte("t")), []string{"inst", "7"}},
		{"no secret", ring.Box("factor", nil), []string{"inst", "7"}},
		{"other account", ring.Box("factor", []byte("s")), []string{"inst", "8"}},
		{"no binding", ring.Box("factor", []byte("s")), nil},
		{"binding cut short", ring.Box("factor", []byte("s")), []string{"inst"}},
		{"binding too long", ring.Box("factor", []byte("s")), []string{"inst", "7", ""}},
		{"binding split elsewhere", ring.Box("factor", []byte("s")), []string{"ins", "t7"}},
		{"binding joined", ring.Box("factor", []byte("s")), []string{"inst7"}},
		{"order changed", ring.Box("factor", []byte("s")), []string{"7", "inst"}},
		{"same key id, other master key", ringOf(key{ring.keys()[0].id, bytes.Repeat([]byte{9}, KeySize)}).Box("factor", []byte("s")), []string{"inst", "7"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, err := c.box.Open(sealed, c.binding...); !errors.Is(err, ErrForged) || got != nil {
				t.Errorf("got %q, %v; want ErrForged", got, err)
			}
		})
	}
	if _, err := ring.Box("factor", []byte("s")).Open(sealed, "inst", "7"); err != nil {
		t.Errorf("the right place does not open: %v", err)
	}
}

func TestEveryByteOfASealedValueCounts(t *testing.T) {
	box := known(1).Box("p", nil)
	sealed := box.Seal([]byte("value"), "b")
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		want := ErrForged
		if i < idSize {
			want = ErrUnknownKey
		}
		if _, err := box.Open(bad, "b"); !errors.Is(err, want) {
			t.Errorf("byte %d changed: %v, want %v", i, err, want)
		}
	}
	for n := range sealed {
		if got, err := box.Open(sealed[:n], "b"); err == nil {
			t.Errorf("the first %d bytes opened as %q", n, got)
		}
	}
	if _, err := box.Open(append(bytes.Clone(sealed), 0), "b"); !errors.Is(err, ErrForged) {
		t.Errorf("a byte more: %v", err)
	}
}

// TestS36_TwoKeys: old values stay readable, new ones are written under the first key, a removed key fails closed.
func TestS36_TwoKeys(t *testing.T) {
	before, during, after := known(1), known(2, 1), known(2)
	old := before.Box("p", nil).Seal([]byte("old"), "b")
	fresh := during.Box("p", nil).Seal([]byte("fresh"), "b")
	cases := []struct {
		name   string
		ring   *Ring
		sealed []byte
		want   string
		err    error
	}{
		{"old value, both keys", during, old, "old", nil},
		{"new value, both keys", during, fresh, "fresh", nil},
		{"new value, new key alone", after, fresh, "fresh", nil},
		{"new value, old key alone", before, fresh, "", ErrUnknownKey},
		{"old value, old key removed", after, old, "", ErrUnknownKey},
		{"nothing", during, nil, "", ErrForged},
		{"too short to have been sealed", after, old[:idSize+27], "", ErrForged},
		{"long enough", after, bytes.Repeat([]byte("x"), 60), "", ErrUnknownKey},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.ring.Box("p", nil).Open(c.sealed, "b")
			if string(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.err)
			}
		})
	}
	if during.ID() != "02020202" {
		t.Errorf("the writing key is %s", during.ID())
	}
}

func TestS36_MACsOfTwoKeys(t *testing.T) {
	before, during, after := known(1), known(2, 1), known(2)
	old, fresh := before.MAC("p", "a"), during.MAC("p", "a")
	switch {
	case during.CheckMAC(old, "p", "a") != nil || during.CheckMAC(fresh, "p", "a") != nil || after.CheckMAC(fresh, "p", "a") != nil:
		t.Error("a MAC under a key of the ring is refused")
	case !errors.Is(after.CheckMAC(old, "p", "a"), ErrUnknownKey) || !errors.Is(before.CheckMAC(fresh, "p", "a"), ErrUnknownKey):
		t.Error("a MAC under a missing key is taken")
	}
	if all := during.MACs("p", "a"); len(all) != 2 || !bytes.Equal(all[0], fresh) || !bytes.Equal(all[1], old) {
		t.Errorf("MACs are %x", all)
	}
	if keys := during.Derive("p"); len(keys) != 2 || !bytes.Equal(keys[0], after.Derive("p")[0]) || !bytes.Equal(keys[1], before.Derive("p")[0]) {
		t.Error("Derive does not give the writing key first, then the others")
	}
}

// TestPurposesHaveKeysOfTheirOwn: the purpose is in the key, not only beside the text.
func TestPurposesHaveKeysOfTheirOwn(t *testing.T) {
	ring := known(1)
	p, q := ring.Box("p", nil), ring.Box("q", nil)
	sealed := p.Seal([]byte("x"))
	aead := q.ciphers().aeads[0]
	n := idSize + aead.NonceSize()
	if _, err := aead.Open(nil, sealed[idSize:n], sealed[n:], p.aad(nil)); err == nil {
		t.Error("two purposes share a key")
	}
}

func TestMACSeparates(t *testing.T) {
	ring := known(1)
	mac := ring.MAC("p", "ab", "c")
	if len(mac) != 36 {
		t.Errorf("a MAC has %d bytes, not 36", len(mac))
	}
	if ring.CheckMAC(mac, "p", "ab", "c") != nil {
		t.Error("the MAC itself is refused")
	}
	other := bytes.Clone(mac)
	other[len(other)-1] ^= 1
	cases := []struct {
		name    string
		mac     []byte
		purpose string
		parts   []string
	}{
		{"other purpose", mac, "q", []string{"ab", "c"}},
		{"split elsewhere", mac, "p", []string{"a", "bc"}},
		{"joined", mac, "p", []string{"abc"}},
		{"one empty part more", mac, "p", []string{"ab", "c", ""}},
		{"last byte changed", other, "p", []string{"ab", "c"}},
		{"cut short", mac[:20], "p", []string{"ab", "c"}},
		{"only the key id", mac[:idSize], "p", []string{"ab", "c"}},
		{"nothing", nil, "p", []string{"ab", "c"}},
	}
	for _, c := range cases {
		if ring.CheckMAC(c.mac, c.purpose, c.parts...) == nil {
			t.Errorf("%s: taken", c.name)
		}
	}
}

// TestDerivedKeysDiffer: no two uses of the master key share a derived one, and none is the master key.
func TestDerivedKeysDiffer(t *testing.T) {
	k := known(1).keys()[0]
	seen := map[string]string{hex.EncodeToString(k.master): "the master key"}
	for _, c := range []struct{ purpose, secret string }{
		{"seal/p", ""}, {"seal/p", "s"}, {"mac/p", ""}, {"p", ""}, {"seal/q", ""}, {"mac/q", ""},
	} {
		name := c.purpose + " with " + c.secret
		out := hex.EncodeToString(k.derive(c.purpose, []byte(c.secret), KeySize))
		if twin, ok := seen[out]; ok {
			t.Errorf("%s is %s", name, twin)
		}
		seen[out] = name
	}
}

func FuzzParse(f *testing.F) {
	good := "keys:\n  - id: 01020304\n    key: " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, KeySize)) + "\n"
	for _, seed := range []string{good, good + good, "", "keys: []", "keys: [{id: 1, key: 2}]", "{}", "keys: &a [*a]", "\x00", "- - -"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		ring, err := parse(text)
		if err != nil {
			if ring != nil {
				t.Error("a ring beside an error")
			}
			return
		}
		ids := map[[idSize]byte]bool{}
		for _, k := range ring.keys() {
			if len(k.master) != KeySize || ids[k.id] {
				t.Errorf("key %x has %d bytes or occurs twice", k.id, len(k.master))
			}
			ids[k.id] = true
		}
		if len(ring.keys()) == 0 {
			t.Fatal("a ring without keys")
		}
		if got, err := ring.Box("p", nil).Open(ring.Box("p", nil).Seal([]byte("x"))); err != nil || string(got) != "x" {
			t.Errorf("a parsed ring does not open what it seals: %v", err)
		}
	})
}
