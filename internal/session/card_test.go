package session

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/ispgate/ispgate/test/harness"
)

// cardsKept is how many cards Redis has in the index of s.
func (w *world) cardsKept(s Session) (n int) {
	w.t.Helper()
	text := w.client.Get(w.t.Context(), keysOf(s.token).index).Val()
	for rest := []byte(text); len(rest) > 0; n++ {
		var card []byte
		var err error
		if rest, err = cbor.UnmarshalFirst(rest, &card); err != nil {
			w.t.Fatalf("the index is no sequence of cards: %v", err)
		}
	}
	return n
}

func (w *world) wantListed(m *Manager, account string, ids ...string) {
	w.t.Helper()
	cards, err := m.List(w.t.Context(), account)
	var got []string
	for _, c := range cards {
		got = append(got, c.ID)
	}
	if err != nil || strings.Join(got, " ") != strings.Join(ids, " ") {
		w.t.Errorf("List = %q, %v; want %q", got, err, ids)
	}
}

// A rotated session is listed once, as it is now, and what is over leaves no card.
func TestOnlyLivingCardsStay(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	p, _ := w.login(m, "a1", Password)
	s, _ := w.advance(m, p, Full)
	s, _ = w.advance(m, s, Full)
	w.wantListed(m, "a1", s.ID)
	if n := w.cardsKept(s); n != 1 {
		t.Errorf("%d cards of one session are kept", n)
	}
	if ttl := w.client.PTTL(t.Context(), keysOf(s.token).index).Val(); ttl <= 0 || ttl > m.opt.Absolute {
		t.Errorf("the index lives for %s, want at most %s", ttl, m.opt.Absolute)
	}
	w.sleep(time.Second)
	other, _ := w.login(m, "a1", Full)
	if err := m.End(t.Context(), nil, s); err != nil {
		t.Fatal(err)
	}
	if n := w.cardsKept(other); n != 1 {
		t.Errorf("%d cards are kept after a logout, want that of the other session", n)
	}
	w.wantListed(m, "a1", other.ID)
	if err := m.End(t.Context(), nil, other); err != nil {
		t.Fatal(err)
	}
	if keys := w.keysLike("idx"); len(keys) != 0 {
		t.Errorf("an index without cards is left: %q", keys)
	}
}

// Cards of another account, place or key, and what was never one, are nobody's.
func TestStrangeCardsAreLeftOut(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, _ := w.login(m, "a1", Full)
	other, _ := w.login(m, "a2", Full)
	index, strange := keysOf(s.token).index, newWorldOn(t, w.redis.Addr).node()
	others := w.client.Get(t.Context(), keysOf(other.token).index).Val()
	forged := s // of a token that lives
	forged.ID = randomID()
	moved := forged
	moved.Account = "a2"
	for label, text := range map[string]string{
		"another account's":         others,
		"another account's, here":   string(m.sealCard(index, moved, tester)),
		"under another key":         string(strange.sealCard(index, forged, tester)),
		"of another place":          string(m.sealCard(keysOf(other.token).index, forged, tester)),
		"no card":                   "\x43abc",
		"what is no sequence":       "\xff",
		"a card that was cut short": others[:len(others)-1],
	} {
		w.client.Append(t.Context(), index, text)
		w.wantListed(m, "a1", s.ID)
		if n := w.cardsKept(s); n != 1 {
			t.Errorf("%s: %d cards are kept", label, n)
		}
	}
	w.wantListed(m, "a2", other.ID)
}

func TestAgentsArePacked(t *testing.T) {
	for _, c := range []struct {
		agent string
		most  int
	}{
		{harness.Chromium, 16},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", 32},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", 16},
		{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36", 16},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", 48},
		{"curl/8.5.0", 10},
		{"", 0},
	} {
		packed := packAgent(c.agent)
		if back := unpackAgent(packed); back != c.agent || len(packed) > c.most {
			t.Errorf("%q takes %d bytes, want at most %d, and comes back as %q", c.agent, len(packed), c.most, back)
		}
	}
	for agent, want := range map[string]string{
		"a\x01b\tc\xffd":          "abcd",
		strings.Repeat("ü", 100):  strings.Repeat("ü", agentSize/2),
		strings.Repeat("x", 1000): strings.Repeat("x", agentSize),
	} {
		if got := unpackAgent(packAgent(agent)); got != want {
			t.Errorf("%q is kept as %q, want %q", agent, got, want)
		}
	}
}

// A client without an address is listed without one.
func TestCardWithoutAddress(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	if _, err := m.Advance(t.Context(), http.Header{}, m.Begin("a1", "n", "", 0), Full, Meta{Address: "invalid IP"}); err != nil {
		t.Fatal(err)
	}
	if cards, err := m.List(t.Context(), "a1"); err != nil || len(cards) != 1 || cards[0].Address != "" || cards[0].UserAgent != "" {
		t.Errorf("List = %+v, %v", cards, err)
	}
}
