package web

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections hold nothing: what is written waits until it is read. Their time is that of a bubble.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// inBubble runs a test against the chain with its usual patience, in a bubble where waiting takes no time.
func inBubble(t *testing.T, h Handler, test func(t *testing.T, c net.Conn, r *bufio.Reader)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, _ := siteAt(t, "http://panel.example.net")
		ends, srv := make(pipes), &http.Server{Handler: s.Chain(s.Serve(h))}
		go func() { _ = srv.Serve(ends) }()
		ours, theirs := net.Pipe()
		ends <- theirs
		defer func() {
			_ = ours.Close()
			close(ends)
			_ = srv.Close()
		}()
		test(t, ours, bufio.NewReader(ours))
	})
}

const announced = " HTTP/1.1\r\nHost: panel.example.net\r\nContent-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"

// TestS42_HowLongABodyIsWaitedFor, until the answer and until the connection is free again.
func TestS42_HowLongABodyIsWaitedFor(t *testing.T) {
	var s Site
	reads := func(w http.ResponseWriter, r *http.Request) error {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return BadRequest(err)
		}
		sayTarget(w, r)
		return nil
	}
	for name, c := range map[string]struct {
		handler          Handler
		status           int
		answered, closed time.Duration
	}{
		"nobody wants it":                {func(w http.ResponseWriter, r *http.Request) error { sayTarget(w, r); return nil }, 200, 0, 5 * time.Second},
		"an answer without a word":       {func(http.ResponseWriter, *http.Request) error { return nil }, 200, 0, 5 * time.Second},
		"an answer that is flushed only": {func(w http.ResponseWriter, _ *http.Request) error { return http.NewResponseController(w).Flush() }, 200, 0, 5 * time.Second},
		"a refusal":                      {func(http.ResponseWriter, *http.Request) error { return NotFound() }, 404, 0, 5 * time.Second},
		"a form of ours":                 {s.Form(func(w http.ResponseWriter, r *http.Request) error { sayTarget(w, r); return nil }), 400, 10 * time.Second, 10 * time.Second},
		"read without an exception":      {reads, 400, 10 * time.Second, 10 * time.Second},
		"on its way to the panel":        {func(w http.ResponseWriter, r *http.Request) error { Of(r).PassOn(); return reads(w, r) }, 400, time.Minute, time.Minute},
		"read by somebody else meanwhile": {func(w http.ResponseWriter, r *http.Request) error {
			Of(r).PassOn()
			go func() { _, _ = io.Copy(io.Discard, r.Body) }()
			synctest.Wait()
			sayTarget(w, r)
			return nil
		}, 200, 0, 5 * time.Second},
	} {
		for _, length := range []string{"Content-Length: 9\r\n\r\nx", "Content-Length: 1000000\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\n5\r\nx"} {
			t.Run(name+length[:17], func(t *testing.T) {
				inBubble(t, c.handler, func(t *testing.T, conn net.Conn, r *bufio.Reader) {
					begun := time.Now()
					_, _ = io.WriteString(conn, "POST /x"+announced+length)
					res, err := http.ReadResponse(r, nil)
					if err != nil {
						t.Fatal(err)
					}
					if at := time.Since(begun); res.StatusCode != c.status || at != c.answered || !res.Close {
						t.Errorf("%d after %s, Connection: close: %t; want %d after %s", res.StatusCode, at, res.Close, c.status, c.answered)
					}
					if _, err := io.Copy(io.Discard, r); err != nil {
						t.Error(err)
					}
					if at := time.Since(begun); at > c.closed+500*time.Millisecond { // net/http's own
						t.Errorf("closed after %s, want %s", at, c.closed)
					}
				})
			})
		}
	}
}

// TestS42_UploadsTakeTheirTime: who goes on is not hurried, and keeps the connection; nobody takes the wait after it for a hang-up.
func TestS42_UploadsTakeTheirTime(t *testing.T) {
	inBubble(t, func(w http.ResponseWriter, r *http.Request) error {
		Of(r).PassOn()
		n, err := io.Copy(io.Discard, r.Body)
		_, again := r.Body.Read(make([]byte, 1))
		time.Sleep(time.Hour) // until the panel answers
		fmt.Fprint(w, n, " ", err, " ", again, " ", r.Context().Err())
		return nil
	}, func(t *testing.T, c net.Conn, r *bufio.Reader) {
		for range 2 {
			_, _ = io.WriteString(c, "POST /x"+announced+"Content-Length: 60\r\n\r\n")
			for range 60 {
				time.Sleep(59 * time.Second)
				_, _ = io.WriteString(c, "x")
			}
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(res.Body); string(body) != "60 <nil> EOF <nil>" || err != nil || res.Close {
				t.Errorf("%q, %v, Connection: close: %t", body, err, res.Close)
			}
			time.Sleep(time.Minute)
		}
	})
}

// TestS42_WhoDoesNotReadIsCutOff after a minute in which no piece of the answer was taken.
func TestS42_WhoDoesNotReadIsCutOff(t *testing.T) {
	type cut struct {
		pieces int
		after  time.Duration
	}
	for name, c := range map[string]struct {
		taken int // somewhat more than a piece, each 59 seconds
		want  time.Duration
	}{"nothing": {0, time.Minute}, "a few pieces": {100, 100*59*time.Second + time.Minute}} {
		t.Run(name, func(t *testing.T) {
			var ended chan cut
			inBubble(t, func(w http.ResponseWriter, _ *http.Request) error {
				begun, piece := time.Now(), make([]byte, 32<<10)
				w.Header().Set("Content-Length", fmt.Sprint(1000*len(piece)))
				for i := 0; ; i++ {
					if _, err := w.Write(piece); err != nil {
						ended <- cut{i, time.Since(begun)}
						return nil
					}
				}
			}, func(t *testing.T, conn net.Conn, r *bufio.Reader) {
				ended = make(chan cut, 1) // of this bubble
				_, _ = io.WriteString(conn, "GET /x HTTP/1.1\r\nHost: panel.example.net\r\n\r\n")
				for range c.taken {
					time.Sleep(59 * time.Second)
					if _, err := io.CopyN(io.Discard, r, 40<<10); err != nil {
						t.Fatal(err)
					}
				}
				if got := <-ended; got.after < c.want-time.Minute || got.after > c.want+time.Second {
					t.Errorf("cut off after %s and %d pieces, want %s", got.after, got.pieces, c.want)
				}
			})
		})
	}
}

// TestS42_EachAnswerHasItsDeadline, not the first of a connection alone: net/http takes it back after each.
func TestS42_EachAnswerHasItsDeadline(t *testing.T) {
	inBubble(t, func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, "taken late")
		return err
	}, func(t *testing.T, c net.Conn, r *bufio.Reader) {
		for _, late := range []time.Duration{0, 52 * time.Second, 61 * time.Second} { // until then none of it is taken: a pipe holds nothing
			_, _ = io.WriteString(c, "GET /x HTTP/1.1\r\nHost: panel.example.net\r\n\r\n")
			time.Sleep(late)
			answer, err := http.ReadResponse(r, nil)
			if late > time.Minute {
				if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
					t.Errorf("after %s: %v, want the end of the connection", late, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("after %s: %v", late, err)
			}
			if all, err := io.ReadAll(answer.Body); err != nil || string(all) != "taken late" {
				t.Errorf("after %s: %q, %v", late, all, err)
			}
		}
	})
}

// TestS42_WhatComesSeldomIsNotCutOff: an event stream, and what has left HTTP.
func TestS42_WhatComesSeldomIsNotCutOff(t *testing.T) {
	for name, h := range map[string]Handler{
		"an event stream": func(w http.ResponseWriter, r *http.Request) error {
			_, _ = io.Copy(io.Discard, r.Body)
			for range 5 {
				_, _ = io.WriteString(w, "data: x\n")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Hour)
			}
			return r.Context().Err()
		},
		"an answer that is made slowly": func(w http.ResponseWriter, _ *http.Request) error {
			for range 5 {
				_, _ = io.WriteString(w, "data: x\n")
				time.Sleep(time.Hour)
			}
			return nil
		},
		"a websocket": func(w http.ResponseWriter, _ *http.Request) error {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return err
			}
			go func() { // longer than the handler
				defer c.Close()
				for range 5 {
					_, _ = io.WriteString(c, "data: x\n")
					time.Sleep(time.Hour)
				}
			}()
			return nil
		},
	} {
		for _, request := range []string{"GET /x HTTP/1.1\r\nHost: panel.example.net\r\nConnection: close\r\n\r\n", "POST /x" + announced + "Connection: close\r\nContent-Length: 3\r\n\r\na=b"} {
			t.Run(name+request[:4], func(t *testing.T) {
				inBubble(t, h, func(t *testing.T, c net.Conn, r *bufio.Reader) {
					_, _ = io.WriteString(c, request)
					if all, err := io.ReadAll(r); err != nil || strings.Count(string(all), "data: x\n") != 5 {
						t.Errorf("%q, %v", all, err)
					}
				})
			})
		}
	}
}
