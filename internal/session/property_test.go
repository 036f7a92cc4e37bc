package session

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// browsers is a model of what each cookie ever given out may at most be worth.
type browsers struct {
	w       *world
	m       *Manager
	held    []Session // as callers have them in hand, stale ones included
	cookies []*http.Cookie
	worth   map[string]Stage // by cookie value: the stage that Advance was asked for when it was set
	ended   map[string]bool  // by stable id
}

// No sequence of calls makes a full session of a token that Advance did not make for a full session; an ended one
// stays ended; and no token ever changes its stage.
func TestOnlyAdvanceRaises(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		w.redis.Flush()
		b := &browsers{w: w, m: w.node(), worth: map[string]Stage{}, ended: map[string]bool{}}
		r.Repeat(map[string]func(*rapid.T){
			"":        b.check,
			"begin":   b.begin,
			"advance": b.advance,
			"load":    b.load,
			"note":    func(r *rapid.T) { s := b.pick(r); s.Note.Used = "x"; _ = b.m.SetNote(context.Background(), s, s.Note) },
			"touch":   func(r *rapid.T) { _ = b.m.Touch(context.Background(), b.pick(r), true) },
			"park":    func(r *rapid.T) { _ = b.m.Park(context.Background(), b.pick(r), []byte("jar"), time.Minute) },
			"end":     b.end,
			"wait": func(r *rapid.T) {
				w.sleep(rapid.SampledFrom([]time.Duration{time.Second, grace, 5 * time.Minute}).Draw(r, "d"))
			},
			"revoke": b.revoke,
			"forge":  b.forge,
		})
	})
}

func (b *browsers) pick(r *rapid.T) Session {
	if len(b.held) == 0 {
		return Session{}
	}
	return rapid.SampledFrom(b.held).Draw(r, "session")
}

func (b *browsers) begin(r *rapid.T) {
	account := rapid.SampledFrom([]string{"a1", "a2"}).Draw(r, "account")
	generation, _ := b.w.generation(context.Background(), account)
	b.held = append(b.held, b.m.Begin(account, account, "", generation))
}

func (b *browsers) advance(r *rapid.T) {
	h, to := http.Header{}, Stage(rapid.IntRange(0, 4).Draw(r, "to"))
	next, err := b.m.Advance(context.Background(), h, b.pick(r), to, tester)
	if err != nil {
		if len(h) != 0 {
			r.Fatalf("an error and a cookie: %v, %v", err, h)
		}
		return
	}
	c := cookieOf(b.w.t, b.m, h)
	if _, known := b.worth[c.Value]; known {
		r.Fatal("a token was given out twice")
	}
	b.worth[c.Value] = to
	b.cookies, b.held = append(b.cookies, c), append(b.held, next)
}

func (b *browsers) load(r *rapid.T) {
	if len(b.cookies) > 0 {
		b.held = append(b.held, b.w.load(b.m, rapid.SampledFrom(b.cookies).Draw(r, "cookie")))
	}
}

func (b *browsers) end(r *rapid.T) {
	s := b.pick(r)
	if err := b.m.End(context.Background(), nil, s); (err != nil) != (s.ID != "" && s.Account == "") {
		r.Fatalf("End of %+v: %v", s, err) // an error only where nothing but the ID is known
	}
	b.ended[s.ID] = true
}

func (b *browsers) revoke(r *rapid.T) {
	account := rapid.SampledFrom([]string{"a1", "a2"}).Draw(r, "account")
	b.w.revoke(account)
	if err := b.m.Refresh(context.Background()); err != nil {
		r.Fatal(err)
	}
	for _, s := range b.held {
		if s.Account == account {
			b.ended[s.ID] = true
		}
	}
}

// forge tampers with the exported fields of what a caller has in hand.
func (b *browsers) forge(r *rapid.T) {
	s := b.pick(r)
	s.Stage, s.Retired = Stage(rapid.IntRange(0, 3).Draw(r, "stage")), false
	b.held = append(b.held, s)
}

func (b *browsers) check(r *rapid.T) {
	for _, c := range b.cookies {
		s := b.w.load(b.m, c)
		if s.Stage != Anonymous && s.Stage != b.worth[c.Value] {
			r.Fatalf("a token made for stage %s is at %s", b.worth[c.Value], s.Stage)
		}
		if s.Stage != Anonymous && b.ended[s.ID] {
			r.Fatal(fmt.Sprint("an ended session lives: ", s.ID))
		}
	}
}
