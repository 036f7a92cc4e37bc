package panel

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const probeTime = 15 * time.Second

// Probe asks inside a panel session whether it lives and whose it is: GET verify, and identity.page where that is another.
// The jar takes the cookies that the panel sets. The error says why the life is Unknown or Odd. A profile without an
// identity says nothing of the person, not even a role.
func (p *Panel) Probe(ctx context.Context, c Client, jar *Jar) (Life, Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	life, who, err := p.look(ctx, p.visit(c, jar))
	if !p.profile.Identity.Configured() {
		who = Identity{}
	}
	return life, who, err
}

// look judges verify with the visit's cookies. It follows no redirect: one to the login is what signed_out tells by.
func (p *Panel) look(ctx context.Context, v *visit) (Life, Identity, error) {
	page, err := v.get(ctx, p.profile.Verify)
	if err != nil {
		return Unknown, Identity{}, fmt.Errorf("verify: %w", err)
	}
	switch {
	case p.profile.SignedOut(*page):
		return Dead, Identity{}, nil
	case !p.profile.signedInAnswer(page):
		return Odd, Identity{}, fmt.Errorf("GET %s: neither signed in nor signed out, status %d", pathOf(p.profile.Verify), page.Status)
	case !p.profile.Identity.Configured() && !p.profile.Identity.Role.set():
		return Alive, Identity{}, nil
	}
	return p.whose(ctx, v, page)
}

// whose reads the identity. A panel that takes the session back in between is not answering for it.
func (p *Panel) whose(ctx context.Context, v *visit, page *Answer) (Life, Identity, error) {
	if other := p.profile.Identity.Page; other != "" && other != p.profile.Verify {
		var err error
		if page, err = v.get(ctx, other); err != nil {
			return Unknown, Identity{}, fmt.Errorf("identity: %w", err)
		}
		if p.profile.SignedOut(*page) {
			return Odd, Identity{}, errors.New("identity.page is signed out where verify is not")
		}
	}
	if !p.profile.Identity.Configured() {
		return Alive, Identity{Role: p.profile.role(page)}, nil
	}
	who, err := p.profile.identify(page)
	if err != nil {
		return Odd, Identity{}, fmt.Errorf("GET %s: %w", pathOf(page.Target), err)
	}
	return Alive, who, nil
}
