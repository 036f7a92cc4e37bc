package throttle

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"time"
)

// addressTimes is how many times the panel's limit one address may use, whatever the names: an office behind one
// address passes, a list of names does not.
const addressTimes = 10

// limits are tries per window.
//
// For an account, everybody but its recognised browsers has the panel's limit minus two, together: the two are left to
// a recognised browser, so that strangers cannot make the panel itself refuse the owner. One address has one less than
// that, so that a single attacker does not use up everybody's (with panel limits of 3 and less there is nothing to
// share out: each has one).
type limits struct {
	window                         time.Duration
	others, pair, browser, address int
}

func newLimits(tries int, window time.Duration) limits {
	if window <= 0 || window > longest {
		// We wait 60 s at most, so a longer window of the panel is met by a smaller share of its tries.
		if window > 0 {
			tries = int(int64(tries) * int64(longest) / int64(window))
		}
		window = longest
	}
	others := max(1, tries-2)
	return limits{window: window, others: others, pair: max(1, others-1), browser: max(1, tries-others),
		address: addressTimes * max(1, tries)}
}

// counters are the keys that a try counts under, and the script's arguments: the window and their limits.
//
// Every name has a key of its own, known to us or not: we cannot tell them apart before the panel judges, and buckets
// that names share would let a list of random names lock out everybody who falls into the same one. What bounds them is
// time (each key dies within a minute) and the limit per address: an address makes at most 2 keys for each of its 10 × Tries
// tries a window, and 1 for itself.
//
// All keys carry one hash tag, so that a script reaches them in one slot of a Redis Cluster: only logins come here.
func (t *Throttle) counters(try Try) (keys []string, args []any) {
	args = []any{t.limits.window.Milliseconds()}
	add := func(limit int, parts ...string) {
		keys = append(keys, t.key(parts...))
		args = append(args, limit)
	}
	if try.Browser != "" {
		add(t.limits.browser, "browser", try.Account, try.Browser)
		return keys, args
	}
	add(t.limits.others, "account", try.Account)
	if network := networkOf(try.Addr); network != "" {
		add(t.limits.pair, "pair", try.Account, network)
		add(t.limits.address, "address", network)
	}
	return keys, args
}

// key hides names and addresss behind a hash; parts are length-prefixed, so that no two lists meet in one key.
func (t *Throttle) key(parts ...string) string {
	h := sha256.New()
	for _, p := range append([]string{t.opt.Installation}, parts...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return "ispgate:{" + t.opt.Installation + ".throttle}:" + hex.EncodeToString(h.Sum(nil)[:16])
}

// networkOf is who is counted as one: an IPv4 address, an IPv6 /64, nobody.
func networkOf(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || a.IsLoopback() || a.IsUnspecified() {
		return ""
	}
	if a.Is6() {
		return netip.PrefixFrom(a, 64).Masked().String()
	}
	return a.String()
}
