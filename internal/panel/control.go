package panel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	controlEvery = 10 * time.Minute
	controlAgain = time.Minute // after a failure: logins open soon after somebody mended it
	controlTime  = 15 * time.Second
	failuresMax  = 2 // in a row close logins
)

// ErrControl says that the guarded page does not tell signed-in from signed-out: no login can be believed.
var ErrControl = errors.New("control failed")

// controlState counts control's failures in a row.
type controlState struct{ failures atomic.Int32 }

// Control asks for verify without any cookie: that must match signed_out (design 4.2, step 0). ErrControl where it does
// not; any other error means that the panel did not answer. Of an application without a login only that is asked.
func (p *Panel) Control(ctx context.Context, c Client) error {
	ctx, cancel := context.WithTimeout(ctx, controlTime)
	defer cancel()
	page, err := p.visit(c, &Jar{}).get(ctx, cmp.Or(p.profile.Verify, "/"))
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	if !p.profile.Loginless() && !p.profile.SignedOut(*page) {
		return fmt.Errorf("%w: GET %s without cookies does not match signed_out, status %d", ErrControl, pathOf(p.profile.Verify), page.Status)
	}
	return nil
}

// Run makes control at once and every 10 minutes (every minute while it fails) until ctx ends. Without a login there is nothing
// to watch.
func (p *Panel) Run(ctx context.Context) {
	if p.profile.Loginless() {
		return
	}
	for {
		wait := controlEvery
		if err := p.check(ctx); err != nil {
			wait = controlAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// check counts one control. A panel that does not answer is neither a failure nor a success.
func (p *Panel) check(ctx context.Context) error {
	err := p.Control(ctx, Client{})
	switch {
	case err == nil:
		if p.control.failures.Swap(0) >= failuresMax {
			p.opt.Log.Info("logins are open again")
		}
		p.learnForm(ctx)
	case errors.Is(err, ErrControl):
		n := p.control.failures.Add(1)
		p.opt.Log.Error("panel control failed", "err", err, "failures", n, "logins_open", n < failuresMax)
	case ctx.Err() == nil:
		p.opt.Log.Warn("panel control without an answer", "err", err)
	}
	return err
}

// learnForm looks what the login form posts to, so that this counts as a login before the first one is made.
func (p *Panel) learnForm(ctx context.Context) {
	if p.profile.Login.As != "form" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, controlTime)
	defer cancel()
	page, err := p.visit(Client{}, &Jar{}).open(ctx, p.profile.Login.Page)
	if err != nil {
		return
	}
	f, action, err := p.theForm(page)
	if err != nil {
		p.opt.Log.Error("panel login form", "err", err)
		return
	}
	p.profile.learn(f, action)
}

// LoginsOpen reports whether logins can be believed: false after two controls in a row failed.
func (p *Panel) LoginsOpen() bool { return p.control.failures.Load() < failuresMax }
