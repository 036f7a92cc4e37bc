package session

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// steps are the changes of stage that a flow has. Only Begin makes a session at stage Anonymous.
func (s Stage) steps() []Stage {
	switch s {
	case Anonymous:
		return []Stage{Password, Enrolling, Full}
	case Password, Enrolling, Full:
		return []Stage{Full}
	default:
		return nil
	}
}

// life is how long a token of a stage is good; the absolute end cuts it short.
func (s Stage) life() time.Duration {
	switch s {
	case Password:
		return 5 * time.Minute
	case Enrolling:
		return 20 * time.Minute
	case Full:
		return 100 * 365 * 24 * time.Hour // until the absolute end
	default:
		return 0
	}
}

func (s Session) may(to Stage) error {
	stored := s.token.secret != nil
	switch {
	case s.Retired:
		return ErrRetired
	case s.ID == "" || s.Account == "" || stored == (s.Stage == Anonymous) || !slices.Contains(s.Stage.steps(), to):
		return fmt.Errorf("%w: %s to %s", ErrStage, s.Stage, to)
	}
	return nil
}

// current asks the database, for a session that is to be full, whether its generation is still the account's.
func (m *Manager) current(ctx context.Context, s Session, to Stage) error {
	if m.Ended(s) {
		return ErrRevoked
	}
	if to != Full {
		return nil
	}
	generation, err := m.opt.Generation(ctx, s.Account)
	if err != nil {
		return fmt.Errorf("read the account's generation: %w", err)
	}
	if generation != s.Generation {
		return ErrRevoked
	}
	return nil
}

// discard deletes a session whose token nobody was given. It is best effort: without the token the record is useless.
func (m *Manager) discard(ctx context.Context, s Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 300*time.Millisecond)
	defer cancel()
	_ = m.remove(ctx, s)
}

func randomID() string {
	id := make([]byte, 16)
	rand.Read(id) // never fails: crypto/rand crashes the program instead
	return hex.EncodeToString(id)
}
