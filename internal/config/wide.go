package config

import (
	"math"
	"net/netip"
	"slices"
)

// notPublic: nobody on the internet has an address there (RFC 1918, 3927, 4193, 4291, 6598).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
}

// wide tells whether networks together hold more public addresses than an IPv4 /8 or an IPv6 /16 has: no proxies have so many, and
// whoever is trusted can forge the address of anybody (S3). What is written twice counts once.
func wide(networks []netip.Prefix) bool {
	sorted := slices.SortedFunc(slices.Values(networks), func(a, b netip.Prefix) int { return a.Bits() - b.Bits() })
	counted, v4, v6 := slices.Clone(notPublic), 0.0, 0.0
	for _, p := range sorted {
		if slices.ContainsFunc(counted, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Overlaps(p) }) {
			continue
		}
		counted = append(counted, p)
		if p.Addr().Is4() {
			v4 += math.Ldexp(1, 8-p.Bits())
		} else {
			v6 += math.Ldexp(1, 16-p.Bits())
		}
	}
	return v4 > 1 || v6 > 1
}
