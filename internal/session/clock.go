package session

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

const clockSize = 12 // bytes

var errClock = errors.New("a session record has no idle clock")

// clock is the idle clock of a token. It stands in clear before the sealed record: lists, which cannot open one, go by it,
// and it is moved without the token's secret. The zero clock is idle.
type clock struct {
	seen  time.Time // last activity that was written
	acted time.Time // last activity of a person, not of a page by itself
}

// bytes are seen in Unix milliseconds, and by how many seconds acted was earlier.
func (c clock) bytes() []byte {
	if c.seen.IsZero() {
		return make([]byte, clockSize)
	}
	lag := min(max(c.seen.Sub(c.acted)/time.Second, 0), math.MaxUint32)
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 2*clockSize), uint64(c.seen.UnixMilli())) // #nosec G115 -- after 1970
	return binary.BigEndian.AppendUint32(b, uint32(lag))                                         // #nosec G115 -- bounded above
}

// readClock takes the clock off the value of a record's key.
func readClock(value string) (c clock, sealed string, err error) {
	if len(value) < clockSize {
		return clock{}, "", errClock
	}
	b := []byte(value[:clockSize])
	seen := binary.BigEndian.Uint64(b)
	if seen > math.MaxInt64 {
		return clock{}, "", errClock
	}
	c.seen = time.UnixMilli(int64(seen)) // #nosec G115 -- compared above
	c.acted = c.seen.Add(-time.Duration(binary.BigEndian.Uint32(b[8:])) * time.Second)
	return c, value[clockSize:], nil
}

// idle reports whether nothing has happened for so long that the session is over. A clock that is as far ahead is nobody's.
func (m *Manager) idle(c clock) bool { return m.opt.Now().Sub(c.seen).Abs() >= m.opt.Idle }
