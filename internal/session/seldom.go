package session

import (
	"sync/atomic"
	"time"
)

// seldom lets one log line a minute through. The zero value is ready.
type seldom struct{ last atomic.Int64 }

func (s *seldom) due(now time.Time) bool {
	last := s.last.Load()
	return now.UnixNano()-last >= int64(time.Minute) && s.last.CompareAndSwap(last, now.UnixNano())
}
