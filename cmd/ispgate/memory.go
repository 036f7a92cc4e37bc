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
	spareHeap = 28 << 20 // bytes of garbage that come together before the collector runs
	leastGC   = 100      // percent: what Go does alone, where more lives than that
	leastHeap = 4 << 20  // bytes that Go takes for alive, where less is

	quietLook  = time.Second
	quietMost  = 1 << 20 // bytes that are allocated between two looks in a quiet time
	quietSince = 4 << 20 // bytes allocated since memory was given back: else there is nothing to gain
)

// collectLess lets the garbage of more requests come together before it is collected, unless GOGC says otherwise. What lives is some 3
// MiB: by its own measure, which is a share of that, the collector would run up to a hundred times a second under load. The measure is
// set anew after each collection, so that it costs those 28 MiB and no more, however many connections are open, until ctx ends.
// GOMEMLIMIT holds all the same.
func collectLess(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		measureGarbage(ctx)
	}
}

// measureGarbage is done again when the collector has found that nobody needs a thing made for nothing else.
func measureGarbage(ctx context.Context) {
	if ctx.Err() != nil {
		debug.SetGCPercent(leastGC)
		return
	}
	debug.SetGCPercent(garbagePercent(sum("/gc/heap/live:bytes", "/gc/scan/stack:bytes", "/gc/scan/globals:bytes")))
	runtime.AddCleanup(new([64]byte), func(struct{}) { measureGarbage(ctx) }, struct{}{})
}

// garbagePercent is the share of what the collector takes for alive that makes spareHeap.
func garbagePercent(alive uint64) int {
	return max(leastGC, int(spareHeap*100/max(alive, leastHeap)))
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
func allocated() uint64 { return sum("/gc/heap/allocs:bytes") }

// sum adds the runtime's counters of these names.
func sum(names ...string) (all uint64) {
	s := make([]counters.Sample, len(names))
	for i, name := range names {
		s[i].Name = name
	}
	counters.Read(s)
	for _, one := range s {
		all += one.Value.Uint64()
	}
	return all
}
