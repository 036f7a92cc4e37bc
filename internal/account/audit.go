package account

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

const (
	loginFailed     = "login_failed" // the one kind that strangers can cause without a right password
	omittedKind     = "login_failed_omitted"
	failedPerMinute = 60
	headEvery       = time.Hour
)

// trail is this process's audit chain. Holding the token is the right to write its next row.
type trail struct {
	token    chan struct{}
	chain    string
	seq      int64
	prev     []byte
	minute   int64 // that failed and omitted count in
	failed   int
	omitted  int
	headTime time.Time // when the head last went to the log
}

// Entry is one row of the audit trail.
type Entry struct {
	Event
	Chain string
	Seq   int64
	At    time.Time
	prev  []byte
	mac   []byte
}

func (s *Store) openTrail() {
	s.trail = trail{token: make(chan struct{}, 1), headTime: s.opt.Now()}
	s.trail.restart()
}

// restart begins a new chain: after an insert of unknown outcome the old one could fork.
func (t *trail) restart() { t.chain, t.seq, t.prev = randomID(), 0, []byte{} }

// Audit writes one line to the log and one row to SQL, and waits for it. A row that cannot be written is logged as an error,
// no more: the caller's answer does not depend on it. Rows of kind login_failed are at most 60 a minute in this process,
// then counted in one row (S34). A canceled request still leaves its row.
func (s *Store) Audit(ctx context.Context, e Event) {
	e = e.bounded()
	s.opt.Log.LogAttrs(ctx, slog.LevelInfo, "audit", slog.String("kind", e.Kind), slog.String("account", e.Account), slog.String("name", e.Name),
		slog.String("address", e.Address), slog.String("session", e.Session), slog.String("request", e.Request), slog.String("detail", e.Detail))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	select {
	case s.trail.token <- struct{}{}:
	case <-ctx.Done():
		s.opt.Log.Error("an audit event is in the log only: the database is too slow", "kind", e.Kind, "request", e.Request)
		return
	}
	defer func() { <-s.trail.token }()
	s.flushOmitted(ctx)
	if e.Kind == loginFailed {
		if s.trail.failed++; s.trail.failed > failedPerMinute {
			s.trail.omitted++
			return
		}
	}
	s.append(ctx, e)
	s.logHead(headEvery)
}

// flushOmitted writes what the minute before left out.
func (s *Store) flushOmitted(ctx context.Context) {
	minute := s.millis() / time.Minute.Milliseconds()
	if minute == s.trail.minute {
		return
	}
	omitted := s.trail.omitted
	s.trail.minute, s.trail.failed, s.trail.omitted = minute, 0, 0
	if omitted > 0 {
		s.append(ctx, Event{Kind: omittedKind, Detail: strconv.Itoa(omitted)})
	}
}

func (s *Store) append(ctx context.Context, e Event) {
	t := &s.trail
	row := Entry{Event: e, Chain: t.chain, Seq: t.seq + 1, At: time.UnixMilli(s.millis()), prev: t.prev}
	row.mac = s.opt.Ring.MAC("audit", s.entryParts(row)...)
	err := s.change(ctx, "write an audit event", func(ctx context.Context, q queries) error {
		_, err := q.exec(ctx, `INSERT INTO audit (chain, seq, prev, at, kind, account, name, address, session, request, detail, mac)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, row.Chain, row.Seq, row.prev, row.At.UnixMilli(), e.Kind, e.Account, e.Name,
			e.Address, e.Session, e.Request, e.Detail, row.mac)
		return err
	})
	if err != nil {
		s.opt.Log.Error("an audit event is in the log only", "kind", e.Kind, "request", e.Request, "cause", err)
		t.restart()
		return
	}
	t.seq, t.prev = row.Seq, row.mac
}

// logHead keeps the chain's head where a writer of the database cannot reach it: rows cut off its end show.
func (s *Store) logHead(every time.Duration) {
	if now := s.opt.Now(); s.trail.seq > 0 && now.Sub(s.trail.headTime) >= every {
		s.trail.headTime = now
		s.opt.Log.Info("audit head", "chain", s.trail.chain, "seq", s.trail.seq, "mac", fmt.Sprintf("%x", s.trail.prev))
	}
}

func (s *Store) closeTrail() {
	if s.trail.token == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case s.trail.token <- struct{}{}: // never given back: nothing is written after this
	case <-ctx.Done():
		return
	}
	s.trail.minute = -1
	s.flushOmitted(ctx)
	s.logHead(0)
}

func (s *Store) entryParts(e Entry) []string {
	return []string{s.install, e.Chain, strconv.FormatInt(e.Seq, 10), string(e.prev), strconv.FormatInt(e.At.UnixMilli(), 10),
		e.Kind, e.Account, e.Name, e.Address, e.Session, e.Request, e.Detail}
}

// bounded makes every field fit its column.
func (e Event) bounded() Event {
	return Event{Kind: fit(e.Kind, 32), Account: fit(e.Account, 32), Name: fit(e.Name, longestName), Address: fit(e.Address, 64),
		Session: fit(e.Session, 128), Request: fit(e.Request, 128), Detail: fit(e.Detail, longestName)}
}

// fit cuts a text to so many bytes; no database takes NUL or broken UTF-8.
func fit(text string, limit int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return text
}
