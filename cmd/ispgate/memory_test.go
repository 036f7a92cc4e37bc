package main

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

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
