package panel

import (
	"net/netip"
	"strings"
	"time"
)

const matchedTarget = 512 // bytes of a target that is remembered

// question is all that a route depends on. What questions came out as is remembered: a panel has some hundred addresses that are
// asked for again and again, and to read a target in every way and hold it against every rule costs more than the rest of the
// gate. This way it costs the same with ten rules and with a thousand.
type question struct {
	method, target string
	from           netip.Addr   // zero where no rule asks for it
	learned        *requestRule // what the login form was last seen to post to
}

func (p *Profile) remember(q question, r Route) {
	if len(q.target) > matchedTarget || len(q.method) > matchedTarget {
		return
	}
	q.method, q.target = strings.Clone(q.method), strings.Clone(q.target) // not the whole request line
	p.matched.Put(q, r, time.Time{})
}
