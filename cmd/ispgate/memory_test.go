package main

import (
	"runtime"
	"runtime/debug"
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

// TestCollectLess: the measure follows what lives, up and down. A loop that does not end fails.
func TestCollectLess(t *testing.T) {
	before := debug.SetGCPercent(100)
	debug.SetGCPercent(before)
	t.Setenv("GOGC", "150")
	collectLess()
	if got := sum("/gc/gogc:percent"); got != uint64(before) {
		t.Errorf("GOGC is said, and it is %d %%", got)
	}
	t.Setenv("GOGC", "")
	collectLess()
	much := make([]byte, 2*spareHeap)
	for sum("/gc/gogc:percent") != leastGC {
		runtime.GC()
	}
	runtime.KeepAlive(much)
	for sum("/gc/gogc:percent") <= leastGC {
		runtime.GC()
	}
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
