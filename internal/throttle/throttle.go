// Package throttle limits how often passwords are tried, in Redis, in front of the panel's own limiter.
//
// It owns counters in fixed windows of at most 60 s and the keys they live under. It knows nothing of sessions or of
// what a right password is.
//
//	recognised browser ──> (account, browser)
//	everybody else     ──> (account, address) + (account) + (address)      all of them, or none
package throttle

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	longest = 60 * time.Second        // no wait and no key outlives it (S29, S34)
	answer  = 1500 * time.Millisecond // the time for one call, so that a dead Redis is answered within 2 s (S35)
)

// ErrStore says that Redis did not give a usable answer. Nothing may be sent to the panel then.
var ErrStore = errors.New("throttle store unavailable")

// Options wire a Throttle.
type Options struct {
	Redis        redis.UniversalClient
	Installation string
	Tries        int           // the panel's own limit per account and window
	Window       time.Duration // the panel's own window; waits are never longer than 60 s
	StoreError   func()        // counts operations of Redis that failed; may be nil
}

// Try is one password about to be sent to the panel.
type Try struct {
	Account string     // folded name; hashed before it becomes a key
	Addr    netip.Addr // IPv6 counts by /64; the zero address, loopback and trusted proxies identify nobody
	Browser string     // id of a recognised browser; empty: unknown
}

// Throttle counts tries. The zero value refuses.
type Throttle struct {
	opt    Options
	limits limits
}

// New makes a Throttle.
func New(o Options) *Throttle { return &Throttle{o, newLimits(o.Tries, o.Window)} }

// Reserve takes one try from every counter that t falls under, or none: then wait says how long until the next one
// (S29: at most 60 s, not extended by asking). An error (ErrStore) refuses too.
func (t *Throttle) Reserve(ctx context.Context, try Try) (wait time.Duration, err error) {
	ms, err := t.run(ctx, reserve, try)
	if err != nil {
		return 0, fmt.Errorf("reserve a try: %w", err)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// Refund gives back what Reserve took: the password was right, or the panel did not judge it. A window that ended
// meanwhile is left alone. The error is ErrStore; the try is then back within a minute anyway.
func (t *Throttle) Refund(ctx context.Context, try Try) error {
	if _, err := t.run(ctx, refund, try); err != nil {
		return fmt.Errorf("refund a try: %w", err)
	}
	return nil
}

// run goes on although the browser hangs up: that is no fault of the store, and a try is not unmade by it.
func (t *Throttle) run(ctx context.Context, script *redis.Script, try Try) (int64, error) {
	if t.opt.Redis == nil || t.limits.window <= 0 {
		return 0, ErrStore
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answer)
	defer cancel()
	keys, args := t.counters(try)
	n, err := script.Run(ctx, t.opt.Redis, keys, args...).Int64()
	if err != nil {
		if t.opt.StoreError != nil {
			t.opt.StoreError()
		}
		return 0, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return n, nil
}

// reserve counts in all KEYS, or in none and returns the milliseconds until the last exhausted one is free again. A
// value that is no number counts as exhausted; a key without an end gets one. ARGV: window in ms, then a limit per key.
var reserve = redis.NewScript(`
local wait = 0
for i, key in ipairs(KEYS) do
	local n = redis.call('GET', key)
	if n and (tonumber(n) or math.huge) >= tonumber(ARGV[i + 1]) then
		local left = redis.call('PTTL', key)
		if left < 0 or left > tonumber(ARGV[1]) then
			redis.call('PEXPIRE', key, ARGV[1])
			left = tonumber(ARGV[1])
		end
		wait = math.max(wait, left, 1)
	end
end
if wait > 0 then return wait end
for _, key in ipairs(KEYS) do
	if redis.call('INCR', key) == 1 or redis.call('PTTL', key) < 0 then redis.call('PEXPIRE', key, ARGV[1]) end
end
return 0
`)

// refund takes one from each of KEYS that still counts something; the windows run on.
var refund = redis.NewScript(`
for _, key in ipairs(KEYS) do
	if (tonumber(redis.call('GET', key) or 0) or 0) > 0 then redis.call('DECR', key) end
end
return 0
`)
