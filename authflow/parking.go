package authflow

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
)

// How long a panel session waits for the second factor (S13): after that it is logged out in the panel.
const (
	challengeLife = 5 * time.Minute
	enrolLife     = 20 * time.Minute
)

func parkingTime(stage session.Stage) time.Duration {
	if stage == session.Enrolling {
		return enrolLife
	}
	return challengeLife
}

// atOnce: the panel session of a login goes to the browser without being parked. Nobody else can know the session yet; no earlier
// one is logged out now, which may take the new one along; and the browser is there.
func atOnce(r *http.Request, old session.Session, stage session.Stage) bool {
	return stage == session.Full && old.Stage == session.Anonymous && r.Context().Err() == nil
}

// park keeps the cookies of a panel session that nobody may have yet. Whoever claims the jar has it: the hand-over, or
// the timer that logs the panel session out when the challenge dies. Without a jar the panel has no session.
func (f *Flow) park(r *http.Request, s session.Session, jar *panel.Jar, life time.Duration) error {
	if jar == nil {
		return nil
	}
	if err := f.Sessions.Park(r.Context(), s, jar.Marshal(), life+30*time.Second); err != nil {
		return err
	}
	client := clientOf(r)
	f.timers.set(s.ID, life, func() { f.guarded(func() { f.abandon(client, s) }) })
	return nil
}

// repark puts a jar back that could not be handed over because the panel did not answer.
func (f *Flow) repark(r *http.Request, s session.Session, jar *panel.Jar, parked bool) {
	if !parked {
		return
	}
	if err := f.park(r, s, jar, challengeLife); err != nil {
		f.Log.Warn("panel session not parked again", "cause", err)
	}
}

// claim takes the parked jar; nil: there is none, or somebody else has it.
func (f *Flow) claim(ctx context.Context, s session.Session) (*panel.Jar, error) {
	b, err := f.Sessions.Claim(ctx, s)
	if err != nil { // the timer stays: it may find the jar later, and log it out
		return nil, err
	}
	f.timers.stop(s.ID)
	if b == nil {
		return nil, nil
	}
	return panel.UnmarshalJar(b)
}

// abandon logs a parked panel session out that nobody came for.
func (f *Flow) abandon(client panel.Client, s session.Session) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	jar, err := f.claim(ctx, s)
	if err != nil {
		f.Log.Warn("parked panel session not claimed", "cause", err)
		return
	}
	if jar != nil {
		f.logOut(client, jar)
	}
}

// Close logs out in the panel what is parked by this node: nobody would come for it any more (S13). It takes at most 5 s.
func (f *Flow) Close() {
	var all sync.WaitGroup
	for _, do := range f.timers.drain() {
		all.Go(do)
	}
	all.Wait()
}

// logOut ends a panel session; best effort, at most 5 s.
func (f *Flow) logOut(client panel.Client, jar *panel.Jar) {
	if jar == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := f.Panel.Logout(ctx, client, jar); err != nil {
		f.Log.Info("panel session not logged out", "cause", err)
	}
}

// dismiss ends a session of ours and everything it holds at the panel; h is told to forget the cookies of both.
func (f *Flow) dismiss(h http.Header, r *http.Request, s session.Session) error {
	if s.Stage == session.Password {
		if err := f.Accounts.EndChallenge(r.Context(), s.Account, s.ID); err != nil {
			f.Log.Warn("challenge not ended", "request", web.Of(r).ID(), "cause", err)
		}
	}
	f.background(func() { f.abandon(clientOf(r), s) })
	f.logOutBrowser(r, s)
	f.custody.Forget(f.custody.Session(s.Custody), h, r.Header.Values("Cookie"))
	return f.End(r.Context(), h, s)
}

// logOutBrowser ends the panel session that the browser holds for s. It waits a moment for the panel: some lose a login that
// follows a logout too closely (WordPress keeps all sessions of a person in one value).
func (f *Flow) logOutBrowser(r *http.Request, s session.Session) {
	if s.Stage != session.Full {
		return
	}
	opened := f.custody.Open(f.custody.Session(s.Custody), r.Header.Values("Cookie"))
	if !opened.Known {
		return
	}
	defer web.Waiting(r.Context())()
	done := make(chan struct{})
	f.background(func() { defer close(done); f.logOut(clientOf(r), opened.Jar()) })
	select {
	case <-done:
	case <-time.After(panelPause):
	}
}

// panelPause is how long a person waits for the panel's own logout.
const panelPause = 2 * time.Second

// stageAfter says how far a right password alone brings somebody. An unknown state of the factor denies (S19).
func (f *Flow) stageAfter(acc account.Account, role string) (session.Stage, bool) {
	switch acc.State {
	case account.Active:
		return session.Password, true
	case account.Reset:
		return session.Enrolling, true
	case account.None:
		if acc.Emergency() || f.Policy.Requires(acc.Name, role, f.Now()) {
			return session.Enrolling, true
		}
		return session.Full, true
	default:
		return session.Anonymous, false
	}
}
