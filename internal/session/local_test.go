package session

import (
	"context"
	"net/http"
	"testing"
)

// A session that a line of a users file began ends with that line, wherever it is asked for; others do not care.
func TestS33_LocalPassword(t *testing.T) {
	w := newWorld(t)
	lines := map[string]bool{"line": true}
	o := w.options()
	o.Stands = func(line string) bool { return lines[line] }
	m := New(o)
	begun := m.Begin("a1", "alice", "", 0)
	begun.Local = "line"
	h := http.Header{}
	s, err := m.Advance(t.Context(), h, begun, Full, tester)
	if err != nil {
		t.Fatal(err)
	}
	c := cookieOf(t, m, h)
	_, other := w.login(m, "a2", Full)
	if got := w.wantStage(m, c, Full); got.Local != "line" {
		t.Errorf("the line is %q", got.Local)
	}
	w.wantStage(w.node(), c, Anonymous) // a node without a users file
	if cards, err := w.node().List(t.Context(), "a1"); err != nil || len(cards) != 1 {
		t.Errorf("listed by one without a users file: %v, %v", cards, err)
	}
	if alive, err := m.Alive(t.Context(), s); err != nil || !alive {
		t.Errorf("alive: %t, %v", alive, err)
	}
	delete(lines, "line")
	w.wantStage(m, c, Anonymous)
	w.wantStage(m, other, Full)
	if alive, err := m.Alive(t.Context(), s); err != nil || alive {
		t.Errorf("alive without its line: %t, %v", alive, err)
	}
	if name, ok := m.Idled(t.Context(), request(c)); ok {
		t.Errorf("%s is told that only the idle time ended the session", name)
	}
	_, err = m.Advance(t.Context(), http.Header{}, s, Full, tester)
	wantError(t, "Advance", err, ErrRevoked)
	lines["line"] = true
	w.wantStage(m, c, Full)
	delete(lines, "line")
	if cards, err := m.List(t.Context(), "a1"); err != nil || len(cards) != 0 {
		t.Errorf("listed: %v, %v", cards, err)
	}
	lines["line"] = true
	w.wantStage(m, c, Anonymous) // once it was looked at without its line, it does not come back with it
}

// The line goes while the session is being written: nobody is let in.
func TestS33_LocalPasswordDuringAdvance(t *testing.T) {
	w := newWorld(t)
	stands := true
	o, generation := w.options(), w.generation
	o.Stands = func(string) bool { return stands }
	o.Generation = func(ctx context.Context, account string) (int64, error) {
		stands = false
		return generation(ctx, account)
	}
	m, h := New(o), http.Header{}
	s := m.Begin("a1", "alice", "", 0)
	s.Local = "line"
	_, err := m.Advance(t.Context(), h, s, Full, tester)
	wantError(t, "Advance", err, ErrRevoked)
	if len(h) != 0 || len(w.keysLike("s:")) != 0 {
		t.Errorf("left: %v, %q", h, w.keysLike("s:"))
	}
}
