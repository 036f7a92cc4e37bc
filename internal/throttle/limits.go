package throttle

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"
)

// addressTimes is how many times the panel's limit one address may use, whatever the names: an office behind one
// address passes, a list of names does not.
const addressTimes = 10

// buckets are what unknown names share, so that a list of random names fills neither Redis nor, of a panel with a long window,
// the day (S34). There are so many that one name in 65 536 waits for another: with fewer, somebody who sends random names could
// keep all those waiting who log in here for the first time, and tell known names by it (S28).
const buckets = 1 << 16

// limits are tries per window.
//
// For an account, everybody but its recognised browsers has the panel's limit minus two, together: the two are left to
// a recognised browser, so that strangers cannot make the panel itself refuse the owner. One address has one less than
// that, so that a single attacker does not use up everybody's (with panel limits of 3 and less there is nothing to
// share out: each has one).
type limits struct {
	window, minute                 time.Duration // the panel's window; the part of it that addresses are counted in
	others, pair, browser, address int
}

func newLimits(tries int, window time.Duration) limits {
	if window <= 0 {
		window = longest
	}
	tries = max(1, tries)
	others := max(1, tries-2)
	return limits{window: window, minute: min(window, longest), others: others, pair: max(1, others-1), browser: max(1, tries-others),
		address: addressTimes * tries}
}

// counters are the keys that a try counts under, and the script's arguments: the longest wait that is told, a name for
// the try, then a limit and a window for each key.
//
// A known account has a key of its own, whatever the spelling; names that are nobody's share buckets. The key of an account and
// an address is made only by tries that the account's key let pass, so there are never more than its limit; those of addresses
// die within a minute.
//
// All keys carry one hash tag, so that a script reaches them in one slot of a Redis Cluster: only logins come here.
func (t *Throttle) counters(try Try) (keys []string, args []any) {
	args = []any{longest.Milliseconds(), rand.Text()}
	add := func(limit int, window time.Duration, parts ...string) {
		keys = append(keys, t.key(parts...))
		args = append(args, limit, window.Milliseconds())
	}
	who := []string{"account", try.Account}
	if try.Account == "" {
		who = []string{"bucket", t.bucket(try.Name)}
	}
	if try.Account != "" && try.Browser != "" {
		add(t.limits.browser, t.limits.window, append(who, "browser", try.Browser)...)
		return keys, args
	}
	add(t.limits.others, t.limits.window, who...)
	if network := networkOf(try.Addr); network != "" {
		add(t.limits.pair, t.limits.window, append(who, "address", network)...)
		add(t.limits.address, t.limits.minute, "address", network)
	}
	return keys, args
}

func (t *Throttle) bucket(name string) string {
	sum := sha256.Sum256([]byte(t.opt.Installation + "/" + name))
	return strconv.Itoa(int(binary.BigEndian.Uint64(sum[:]) % buckets))
}

// key hides names and addresses behind a hash; parts are length-prefixed, so that no two lists meet in one key.
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
