package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/account"
)

// TestS28_OurShareOfTheTime: a wrong password, for a name that has an account here or not, takes us as long: the medians over 200
// tries, one of each in turn, differ by at most 5 %. What is measured is the work, the panel's included, and not the clock. Other
// programs on the machine disturb even that: one quiet measurement of three is enough.
func TestS28_OurShareOfTheTime(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(quickPanel))
	t.Cleanup(back.Close)
	address, _ := url.Parse(back.URL)
	g := openNodes(t, 1, address, append([]byte("limiter: {tries: 5000, window: 60s}\n"), demoProfile...), time.Now).all[0]
	if _, err := g.accounts.Meet(t.Context(), account.Identity{ID: "7", Name: "known@example.test"}); err != nil {
		t.Fatal(err)
	}
	names := []string{"known@example.test", "never@example.test"}
	try := func(name string) time.Duration {
		r, w := stranger(1, "POST", "/ispgate/login", url.Values{"username": {name}, "password": {"guessed"}}.Encode()), &sink{header: http.Header{}}
		begin := processorTime(t)
		if g.handler.ServeHTTP(w, r); w.status != http.StatusUnauthorized {
			t.Fatalf("%s is answered %d", name, w.status)
		}
		return processorTime(t) - begin
	}
	for _, name := range names {
		try(name)
	}
	for measured := 1; ; measured++ {
		work := map[string][]time.Duration{}
		for i := range 200 * len(names) {
			name := names[(i+i/len(names))%len(names)] // first and last in turn
			work[name] = append(work[name], try(name))
		}
		known, unknown := median(work[names[0]]), median(work[names[1]])
		t.Logf("a name with an account: %s, without: %s", known, unknown)
		if float64(max(known, unknown)) <= 1.05*float64(min(known, unknown)) {
			return
		}
		if measured == 3 {
			t.Fatalf("three times they differed by more than 5 %%, last %s and %s", known, unknown)
		}
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// processorTime is what this process has used.
func processorTime(t testing.TB) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
