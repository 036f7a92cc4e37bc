package session

import (
	"encoding/binary"
	"errors"
	"time"
)

const clockSize = 16 // bytes

var errClock = errors.New("a session record has no idle clock")

// clock is the idle clock of a token. It stands in clear before the sealed record: lists, which cannot open one, go by it,
// and it is moved without the token's secret. The zero clock is idle.
type clock struct {
	seen  time.Time // last activity that was written
	acted time.Time // last activity of a person, not of a page by itself
}

// bytes are both in Unix milliseconds.
func (c clock) bytes() []byte {
	b := make([]byte, 0, clockSize)
	for _, at := range []time.Time{c.seen, c.acted} {
		b = binary.BigEndian.AppendUint64(b, uint64(max(at.UnixMilli(), 0))) // #nosec G115 -- not negative
	}
	return b
}

// readClock takes the clock off the value of a record's key.
func readClock(value string) (c clock, sealed string, err error) {
	if len(value) < clockSize {
		return clock{}, "", errClock
	}
	b := []byte(value[:clockSize])
	c.seen = time.UnixMilli(int64(binary.BigEndian.Uint64(b)))      // #nosec G115 -- what is negative then is idle
	c.acted = time.UnixMilli(int64(binary.BigEndian.Uint64(b[8:]))) // #nosec G115 -- as above
	return c, value[clockSize:], nil
}

// idle reports whether nothing has happened for so long that the session is over. A clock that is as far ahead is nobody's.
func (m *Manager) idle(c clock) bool { return m.opt.Now().Sub(c.seen).Abs() >= m.opt.Idle }

// stopped is idle for whoever deletes: another node's clock may be behind.
func (m *Manager) stopped(c clock) bool { return m.opt.Now().Sub(c.seen).Abs() >= 2*m.opt.Idle }

// moved is the clock after an activity of this moment, and whether that is to be written: once a minute, and for what a page
// does by itself only within 2 × idle of the last time when a person acted.
func (m *Manager) moved(c clock, acted bool) (to clock, due bool) {
	now, last := m.opt.Now(), c.seen
	to = clock{later(c.seen, now), c.acted}
	if acted {
		last, to.acted = c.acted, now
	}
	return to, now.Sub(last) >= min(time.Minute, m.opt.Idle/2) && now.Sub(to.acted) < 2*m.opt.Idle
}
