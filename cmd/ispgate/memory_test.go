package main

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestGarbagePercent(t *testing.T) {
	for alive, want := range map[uint64]int{0: 700, 3 << 20: 700, 4 << 20: 700, 7 << 20: 400, 28 << 20: 100, 1 << 30: 100} {
		if got := garbagePercent(alive); got != want {
			t.Errorf("%d bytes alive: %d %%, want %d", alive, got, want)
		}
	}
}

// TestCollectLess: the measure follows what lives, up and down, and ends.
func TestCollectLess(t *testing.T) {
	percent := func() uint64 { return sum("/gc/gogc:percent") }
	collectUntil := func(what string, right func() bool) {
		t.Helper()
		for range 1000 { // a cleanup comes some time after the collection that found it
			if runtime.GC(); right() {
				return
			}
		}
		t.Errorf("%s: %d %%, the next collection at %d bytes", what, percent(), sum("/gc/heap/goal:bytes"))
	}
	collectUntil("whatever ran before", func() bool { return percent() == leastGC })
	ctx, end := context.WithCancel(t.Context())
	t.Setenv("GOGC", "100")
	collectLess(ctx)
	if got := percent(); got != leastGC {
		t.Errorf("GOGC is said, and it is %d %%", got)
	}
	t.Setenv("GOGC", "")
	collectLess(ctx)
	little := func() bool {
		goal, alive := sum("/gc/heap/goal:bytes"), sum("/gc/heap/live:bytes", "/gc/scan/stack:bytes", "/gc/scan/globals:bytes")
		return percent() > leastGC && goal >= spareHeap && goal < max(alive, leastHeap)+spareHeap+1<<20
	}
	collectUntil("little lives", little)
	much := make([]byte, 2*spareHeap)
	collectUntil("much lives", func() bool { return percent() == leastGC })
	runtime.KeepAlive(much)
	collectUntil("little again", little)
	end()
	collectUntil("the end", func() bool { return percent() == leastGC })
}

// TestGiveBack: memory goes back to the system after a burst, once, and not while one lasts.
func TestGiveBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		go giveBack(t.Context())
		var garbage [][]byte
		burst := func() {
			garbage = nil
			for range 32 {
				garbage = append(garbage, make([]byte, 1<<20))
			}
		}
		look := func(what string, want uint32) {
			t.Helper()
			before := forced()
			time.Sleep(quietLook)
			synctest.Wait()
			if got := forced() - before; got != want {
				t.Errorf("%s: %d collections, want %d", what, got, want)
			}
		}
		time.Sleep(quietLook / 2)
		burst()
		look("a burst", 0)
		burst()
		look("another", 0)
		look("quiet", 2)
		look("still quiet", 0)
	})
}

// forced is how many collections somebody asked for.
func forced() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumForcedGC
}
