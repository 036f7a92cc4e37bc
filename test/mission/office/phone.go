package office

import (
	"sync"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

const (
	period = 30              // seconds in a step (RFC 6238)
	hurry  = 4 * time.Second // a code that ends sooner may be over before the server sees it
)

// Phone is an authenticator app. Its codes come from oathtool.
type Phone struct {
	Secret string // base32

	mu   sync.Mutex
	last int64 // the step of the latest code that was handed out
}

// Code returns a code that was not handed out before and that is good now: of the step before, of now, or of the next.
// Three can be had in 30 seconds; the fourth waits.
func (p *Phone) Code(t testing.TB) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		now := time.Now()
		first := now.Unix()/period - 1
		if time.Unix((first+2)*period, 0).Sub(now) < hurry {
			first++
		}
		p.last = max(p.last+1, first)
		if p.last <= now.Unix()/period+1 {
			return p.At(t, p.last)
		}
		p.last--
		time.Sleep(time.Until(time.Unix(p.last*period, 0)) + 50*time.Millisecond)
	}
}

// Step returns the step of the latest code that Code returned.
func (p *Phone) Step() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// At returns the code of a step.
func (p *Phone) At(t testing.TB, step int64) string {
	t.Helper()
	return harness.OATH(t, p.Secret, time.Unix(step*period, 0))
}

// Wrong returns a code that is right in none of the steps from ten before now to ten after.
func (p *Phone) Wrong(t testing.TB) string {
	t.Helper()
	near := map[string]bool{}
	for step := time.Now().Unix()/period - 10; len(near) < 21; step++ {
		near[p.At(t, step)] = true
	}
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444"} {
		if !near[code] {
			return code
		}
	}
	return "555555"
}
