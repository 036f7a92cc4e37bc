package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/ispgate/ispgate/templates"
)

// Fault is a refusal or failure: what the reader is told, and the cause that only the log sees.
type Fault struct {
	Status     int
	Heading    templates.Message
	What       templates.Message
	Do         templates.Message
	BackURL    string
	Button     templates.Message
	RetryAfter time.Duration
	LoginURL   string // for scripts: where a person can log in
	Cause      error
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%d %s: %v", f.Status, f.Heading.Key, f.Cause)
}

func (f *Fault) Unwrap() error { return f.Cause }

// Handler serves a page of ours; what it returns becomes an error page, a status and a log line in one place.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Fail answers with a page for people and with JSON for scripts.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, err error) {
	var f *Fault
	if !errors.As(err, &f) {
		f = Internal(err)
	}
	s.logFault(r, f)
	h := w.Header()
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(Seconds(f.RetryAfter)))
	}
	if Of(r).Kind == Script {
		s.failScript(w, r, f)
		return
	}
	again := f.Status >= http.StatusInternalServerError && f.BackURL == "" && Reads(r.Method)
	s.Show(w, r, f.Status, templates.Error{Heading: f.Heading, What: f.What, Do: f.Do, BackURL: f.BackURL, Button: f.Button, Again: again})
}

func (s *Site) failScript(w http.ResponseWriter, r *http.Request, f *Fault) {
	body := map[string]string{"error": s.Pages.Text("en", f.Heading), "request_id": Of(r).ID()}
	if f.LoginURL != "" {
		body["error"], body["login_url"] = s.Pages.Text("en", templates.Say(templates.ErrLogInFirst)), f.LoginURL
	}
	s.JSON(w, f.Status, body)
}

// JSON answers a script.
func (s *Site) JSON(w http.ResponseWriter, status int, body any) {
	s.secure(w.Header())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the connection is gone: nobody is left to tell
}

func (s *Site) logFault(r *http.Request, f *Fault) {
	q := Of(r)
	if r.Context().Err() != nil && errors.Is(f.Cause, context.Canceled) { // the browser hung up: nothing of ours is broken
		s.Log.Debug("browser went away", "request", q.ID())
		return
	}
	args := []any{"request", q.ID(), "status", f.Status, "what", string(f.Heading.Key), "address", q.Client.String(), "method", r.Method}
	if f.Cause != nil {
		args = append(args, "cause", f.Cause.Error())
	}
	if f.Status >= 500 {
		s.Log.Error("request failed", args...)
		return
	}
	s.Log.Info("request refused", args...)
}

// Seconds rounds a wait up to whole seconds, at least 1.
func Seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
