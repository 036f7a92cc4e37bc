package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ispgate/ispgate/internal/session"
)

// TestS07_StreamsEndWithTheirSession: within a minute, also when nobody can say whether the session lives; a living one's
// stream goes on.
func TestS07_StreamsEndWithTheirSession(t *testing.T) {
	h := built(t, hello)
	for name, c := range map[string]struct {
		alive bool
		err   error
		ends  bool
	}{
		"the session lives":     {true, nil, false},
		"the session ended":     {false, nil, true},
		"Redis does not answer": {false, session.ErrStore, true},
		"an unknown fault":      {true, errors.New("broken record"), true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h.desk.alive, h.desk.err = c.alive, c.err
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				response := &http.Response{StatusCode: http.StatusSwitchingProtocols, Header: http.Header{}, Body: hangUp{stop}, Request: httptest.NewRequest("GET", "/", nil).WithContext(ctx)}
				h.watchStream(response, &passing{verdict: Verdict{Session: full()}})
				time.Sleep(time.Minute)
				if ended := ctx.Err() != nil; ended != c.ends {
					t.Errorf("after a minute: ended %t, want %t", ended, c.ends)
				}
			})
		})
	}
}

// hangUp is a stream that only tells that it was closed.
type hangUp struct{ end context.CancelFunc }

func (hangUp) Read([]byte) (int, error) { panic("nobody reads it here") }

func (h hangUp) Close() error {
	h.end()
	return nil
}

// TestStopEndsStreamsOnly: an event stream has no end of its own and must not hold a stop; whatever else is under way goes on.
func TestStopEndsStreamsOnly(t *testing.T) {
	h := built(t, hello)
	for name, c := range map[string]struct {
		status  int
		mt      string
		session session.Session
		ends    bool
	}{
		"an event stream":         {http.StatusOK, "text/event-stream", full(), true},
		"of a visitor, odd case":  {http.StatusOK, "Text/Event-Stream;charset=utf-8", session.Session{}, true},
		"a page":                  {http.StatusOK, "text/html", full(), false},
		"a download without type": {http.StatusOK, "", full(), false},
		"a websocket":             {http.StatusSwitchingProtocols, "", full(), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stopping := make(chan struct{})
				h.opt.Stopping, h.desk.alive = stopping, true
				ctx, end := context.WithCancel(t.Context())
				defer end()
				response := &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {c.mt}}, Body: hangUp{end}, Request: httptest.NewRequest("GET", "/", nil).WithContext(ctx)}
				h.watchStream(response, &passing{verdict: Verdict{Session: c.session}})
				synctest.Wait()
				if ctx.Err() != nil {
					t.Error("ended before the stop")
				}
				close(stopping)
				synctest.Wait()
				if ended := ctx.Err() != nil; ended != c.ends {
					t.Errorf("ended %t, want %t", ended, c.ends)
				}
			})
		})
	}
}

// TestPiecesArrive: a browser gets each piece of an answer when the panel sends it, not when the answer ends.
func TestPiecesArrive(t *testing.T) {
	for name, mt := range map[string]string{"an event stream": "text/event-stream", "lines of unknown number": "application/x-ndjson", "a page of unknown length": "text/html"} {
		t.Run(name, func(t *testing.T) {
			read := make(chan struct{})
			h := built(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", mt)
				for _, piece := range []string{"one\n", "two\n"} {
					_, _ = io.WriteString(w, piece)
					_ = http.NewResponseController(w).Flush()
					<-read
				}
			})
			front := httptest.NewServer(h.proxied())
			defer front.Close()
			defer close(read)
			r, err := http.NewRequestWithContext(t.Context(), "GET", front.URL+"/report", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "panel.example.net"
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			lines := bufio.NewReader(res.Body)
			for _, want := range []string{"one\n", "two\n"} {
				if got, err := lines.ReadString('\n'); err != nil || got != want {
					t.Fatalf("%q, %v, want %q", got, err, want)
				}
				read <- struct{}{}
			}
			if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
				t.Errorf("%q, %v", rest, err)
			}
		})
	}
}
