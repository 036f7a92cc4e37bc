// Package throttle limits how often passwords are tried, in Redis, in front of the panel's own limiter.
//
// It owns counters in sliding windows, as long as the panel's own, and the keys they live under. It knows nothing of sessions or of
// what a right password is.
//
//	recognised browser ──> (account, browser)
//	everybody else     ──> (account, address) + (account) + (address)      all of them, or none
//	a name of nobody's ──> the same, with the bucket of the name in the account's place
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
	longest = 60 * time.Second        // that anybody is told to wait (S29)
	answer  = 1500 * time.Millisecond // the time for one call, so that a dead Redis is answered within 2 s (S35)
)

// ErrStore says that Redis did not give a usable answer. Nothing may be sent to the panel then.
var ErrStore = errors.New("throttle store unavailable")

// Options wire a Throttle.
type Options struct {
	Redis        redis.UniversalClient
	Installation string
	Tries        int           // the panel's own limit per account and window
	Window       time.Duration // the panel's own window, up to a day; 0: a minute
	StoreError   func()        // counts operations of Redis that failed; may be nil
}

// Try is one password about to be sent to the panel.
type Try struct {
	Account string     // id; empty: nobody here has the name
	Name    string     // folded, as it was typed; hashed before it becomes a key, and used only where Account is empty
	Addr    netip.Addr // IPv6 counts by /64; the zero address, loopback and trusted proxies identify nobody
	Browser string     // id of a browser in which Account is recognised; empty: unknown
}

// Throttle counts tries. The zero value refuses.
type Throttle struct {
	opt    Options
	limits limits
}

// New makes a Throttle.
func New(o Options) *Throttle { return &Throttle{o, newLimits(o.Tries, o.Window)} }

// Reserve takes one try from every counter that t falls under, or none: then wait says when to ask again (S29: at most 60 s, not
// extended by asking; where the panel counts in a longer window, the answer may then be the same). An error (ErrStore) refuses
// too.
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

// reserve writes the try down in all KEYS, each a sorted set of the times of tries, or in none and returns the milliseconds until
// the last exhausted one is free again, or ARGV[1] where that is longer. A window slides: fixed ones would let twice as many
// through around their edges, and the panel's need not begin with ours. A key of another type counts as exhausted for a window.
// ARGV: the longest wait, the name of this try, then limit and window in ms of each key.
var reserve = redis.NewScript(`
local time = redis.call('TIME')
local now, wait = time[1] * 1000 + math.floor(time[2] / 1000), 0
for i, key in ipairs(KEYS) do
	local limit, window = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
	local kind = redis.call('TYPE', key).ok
	if kind ~= 'zset' and kind ~= 'none' then
		if redis.call('PTTL', key) < 0 then redis.call('PEXPIRE', key, window) end
		wait = math.max(wait, redis.call('PTTL', key), 1)
	else
		local from = '(' .. (now - window)
		local n = redis.call('ZCOUNT', key, from, '+inf')
		if n >= limit then
			local oldest = redis.call('ZRANGEBYSCORE', key, from, '+inf', 'WITHSCORES', 'LIMIT', n - limit, 1)[2]
			wait = math.max(wait, math.min(oldest + window - now, window), 1)
		end
	end
end
if wait > 0 then return math.min(wait, tonumber(ARGV[1])) end
for i, key in ipairs(KEYS) do
	redis.call('ZADD', key, now, ARGV[2]) -- the first to write: a full Redis refuses it
	redis.call('ZREMRANGEBYSCORE', key, '-inf', now - ARGV[2 * i + 2])
	redis.call('PEXPIRE', key, ARGV[2 * i + 2])
end
return 0
`)

// refund takes the newest try back from each of KEYS: whose it was makes no difference.
var refund = redis.NewScript(`
for _, key in ipairs(KEYS) do
	if redis.call('TYPE', key).ok == 'zset' then redis.call('ZPOPMAX', key) end
end
return 0
`)
