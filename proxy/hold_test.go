package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestHoldPutsBack: what was looked into arrives whole, and a broken answer stays broken.
func TestHoldPutsBack(t *testing.T) {
	broken := errors.New("connection reset")
	for name, c := range map[string]struct {
		body []byte
		err  error
	}{
		"empty": {nil, nil}, "short": {[]byte("hello"), nil}, "as long as is held": {bytes.Repeat([]byte("x"), maxHeld), nil},
		"longer": {bytes.Repeat([]byte("xyz"), maxHeld), nil}, "broken": {[]byte("half"), broken}, "broken later": {bytes.Repeat([]byte("x"), maxHeld+10), broken},
	} {
		closed := false
		end := io.Reader(strings.NewReader(""))
		if c.err != nil {
			end = &once{c.err}
		}
		res := &http.Response{Body: closer{io.MultiReader(bytes.NewReader(c.body), end), &closed}}
		head, whole := hold(t.Context(), res)
		if want := c.body[:min(len(c.body), maxHeld)]; !bytes.Equal(head, want) {
			t.Errorf("%s: %d bytes are held, want %d", name, len(head), len(want))
		}
		if want := c.err == nil && len(c.body) <= maxHeld; whole != want {
			t.Errorf("%s: whole is %t, want %t", name, whole, want)
		}
		all, err := io.ReadAll(res.Body)
		if !bytes.Equal(all, c.body) || !errors.Is(err, c.err) {
			t.Errorf("%s: %d of %d bytes arrive, %v", name, len(all), len(c.body), err)
		}
		if _ = res.Body.Close(); !closed {
			t.Errorf("%s: the panel's body is not closed", name)
		}
	}
}

// once fails, and is at its end from then on: an error that is forgotten is gone.
type once struct{ err error }

func (o *once) Read([]byte) (int, error) {
	err := o.err
	o.err = io.EOF
	return 0, err
}

type closer struct {
	io.Reader
	closed *bool
}

func (c closer) Close() error { *c.closed = true; return nil }

// TestHoldEnds: a page that stalls is kept from the browser for five seconds at most, and arrives whole all the same.
func TestHoldEnds(t *testing.T) {
	for name, c := range map[string]struct {
		pauses int // of a second, each after a byte
		whole  bool
	}{"at once": {0, true}, "in time": {4, true}, "too slow": {9, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, w := io.Pipe()
				go func() {
					for range c.pauses {
						_, _ = io.WriteString(w, "x")
						time.Sleep(time.Second)
					}
					w.Close()
				}()
				ctx, cancel := context.WithTimeout(t.Context(), heldFor)
				defer cancel()
				res, begun := &http.Response{Body: r}, time.Now()
				head, whole := hold(ctx, res)
				if took := time.Since(begun); whole != c.whole || took > heldFor {
					t.Errorf("held %q for %s, whole: %t", head, took, whole)
				}
				all, err := io.ReadAll(res.Body)
				if len(all) != c.pauses || err != nil {
					t.Errorf("%d of %d bytes arrive, %v", len(all), c.pauses, err)
				}
			})
		})
	}
}

// TestHoldIsLeft: nothing goes on reading an answer that was given up.
func TestHoldIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails where a goroutine is left
		r, w := io.Pipe()
		go func() { _, _ = w.Write(bytes.Repeat([]byte("x"), 3*maxHeld)) }()
		res := &http.Response{Body: r}
		if head, whole := hold(t.Context(), res); len(head) != maxHeld || whole {
			t.Errorf("%d bytes are held, whole: %t", len(head), whole)
		}
		synctest.Wait()
		_ = res.Body.Close()
	})
}
