package web

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// recorder remembers the status, and waits for nobody without end: neither for the rest of a body before it answers, nor for a
// browser that does not read (S42). Unwrap keeps deadlines (http.ResponseController).
type recorder struct {
	http.ResponseWriter
	status int
	body   *inbound // nil: none was announced
	pause  time.Duration
	hasty  time.Time // when the write deadline was set last
}

func (w *recorder) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.status = status
		w.closeUnread()
	}
	w.ResponseWriter.WriteHeader(status)
}

// closeUnread keeps net/http from reading the rest of a body before it answers: where the connection ends it does not.
func (w *recorder) closeUnread() {
	if w.body.unread() {
		w.Header().Set("Connection", "close")
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(b)
}

// FlushError is what http.ResponseController flushes with.
func (w *recorder) FlushError() error {
	w.begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// begin gives what is written now its time; pieces that come seldom have one each.
func (w *recorder) begin() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.hurry()
}

// hurry moves the deadline, but not for every piece of those that come one after another: each has at least seven eighths of its time.
func (w *recorder) hurry() {
	now := time.Now()
	if now.Sub(w.hasty) < w.pause/8 {
		return
	}
	w.hasty = now
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(now.Add(w.pause)) // a writer without deadlines (a test's) says so
}

// end leaves to net/http what remains to be written and read, within its time.
func (w *recorder) end() {
	switch w.status {
	case http.StatusSwitchingProtocols:
		return // the connection is somebody else's
	case 0:
		w.closeUnread()
	}
	w.body.leave()
	w.hurry()
}

// Hijack notes that the connection leaves HTTP: nobody writes a status any more. net/http takes the deadlines back.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
