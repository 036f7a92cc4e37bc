package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	counters "runtime/metrics"
	"time"
)

const (
	gcPercent = 200

	quietLook  = time.Second
	quietMost  = 1 << 20 // bytes that are allocated between two looks in a quiet time
	quietSince = 4 << 20 // bytes allocated since memory was given back: else there is nothing to gain
)

// collectLess lets the garbage of more requests come together before it is collected, unless GOGC says otherwise: what lives is
// some 3 MiB, so that the collector's own measure would have it run up to a hundred times a second under load.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// giveBack returns memory to the system once a burst is over, until ctx ends. Go collects when something is allocated: after a burst
// nothing is, and neither the heap nor the stacks of connections that stay open would shrink for minutes.
func giveBack(ctx context.Context) {
	if os.Getenv("GOGC") == "off" { // somebody has memory enough
		return
	}
	tick := time.NewTicker(quietLook)
	defer tick.Stop()
	before, given := allocated(), uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := allocated()
		if now-before < quietMost && now-given >= quietSince {
			runtime.GC() // one collection halves a stack, and most are four times too large
			debug.FreeOSMemory()
			given = now
		}
		before = now
	}
}

// allocated is how many bytes the program has ever asked for.
func allocated() uint64 {
	s := []counters.Sample{{Name: "/gc/heap/allocs:bytes"}}
	counters.Read(s)
	return s[0].Value.Uint64()
}
