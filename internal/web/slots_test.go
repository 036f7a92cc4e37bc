package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// forms are works on forms, each of which a test lets go on.
type forms struct {
	slots *Slots
	mu    sync.Mutex
	began []string
}

// begin does some work on one as soon as it may.
func (f *forms) begin(name string, work func(r *http.Request)) {
	go func() {
		_ = f.slots.serve(func(_ http.ResponseWriter, r *http.Request) error {
			f.mu.Lock()
			f.began = append(f.began, name)
			f.mu.Unlock()
			work(r)
			return nil
		}, nil, httptest.NewRequest("POST", "/", nil))
	}()
	synctest.Wait()
}

func (f *forms) want(t *testing.T, what string, want ...string) {
	t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.began, want) {
		t.Errorf("%s: began %v, want %v", what, f.began, want)
	}
}

func bubble(t *testing.T, n int, do func(t *testing.T, f *forms)) {
	synctest.Test(t, func(t *testing.T) {
		f := &forms{slots: NewSlots(n)}
		do(t, f)
		synctest.Wait()
		if f.slots.Free() != n || len(f.slots.fresh)+len(f.slots.resumed) != 0 {
			t.Errorf("in the end %d of %d slots are free, %d wait", f.slots.Free(), n, len(f.slots.fresh)+len(f.slots.resumed))
		}
	})
}

// until works until the channel is closed.
func until(c chan struct{}) func(*http.Request) { return func(*http.Request) { <-c } }

func TestSlots_OneAfterTheOther(t *testing.T) {
	bubble(t, 2, func(t *testing.T, f *forms) {
		gates := map[string]chan struct{}{}
		for _, name := range []string{"a", "b", "c", "d"} {
			gates[name] = make(chan struct{})
			f.begin(name, until(gates[name]))
		}
		f.want(t, "two slots", "a", "b")
		close(gates["b"])
		f.want(t, "one has ended", "a", "b", "c")
		close(gates["c"])
		f.want(t, "another", "a", "b", "c", "d")
		close(gates["a"])
		close(gates["d"])
	})
}

// TestSlots_Waiting: who waits for the panel keeps nobody waiting, and goes on before those who have not begun.
func TestSlots_Waiting(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *forms) {
		answered, gate, resumed := make(chan struct{}), make(chan struct{}), false
		f.begin("slow", func(r *http.Request) {
			resume := Waiting(r.Context())
			<-answered
			resume()
			resumed = true
			<-gate
		})
		worked := make(chan struct{})
		f.begin("quick", until(worked))
		third := make(chan struct{})
		f.begin("third", until(third))
		f.want(t, "one waits for the panel", "slow", "quick")
		close(answered)
		synctest.Wait()
		if resumed {
			t.Error("two have the one slot")
		}
		close(worked)
		f.want(t, "the quick one has ended", "slow", "quick")
		if !resumed {
			t.Error("who waited for the panel still waits")
		}
		close(gate)
		f.want(t, "the slow one has ended", "slow", "quick", "third")
		close(third)
	})
}

// TestSlots_GuardNothing: who has a slot for long loses it, and who has none goes on in the end.
func TestSlots_GuardNothing(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *forms) {
		stuck := make(chan struct{})
		f.begin("stuck", until(stuck))
		f.begin("next", until(stuck))
		time.Sleep(slotLease - time.Millisecond)
		f.want(t, "within the lease", "stuck")
		time.Sleep(time.Millisecond)
		f.want(t, "after the lease", "stuck", "next")
		const more = 2 * int(slotPatience/slotLease)
		for range more { // each of them stuck as well
			f.begin("more", until(stuck))
		}
		time.Sleep(slotPatience)
		f.want(t, "after the patience", slices.Concat([]string{"stuck", "next"}, slices.Repeat([]string{"more"}, more))...)
		close(stuck)
	})
}

// TestSlots_PatienceEnds: a form waits for slots for two seconds in all, however often it waits for the panel.
func TestSlots_PatienceEnds(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *forms) {
		var waited time.Duration
		var done atomic.Bool
		f.begin("often", func(r *http.Request) {
			for range 100 {
				resume := Waiting(r.Context())
				time.Sleep(time.Second)
				begin := time.Now()
				resume()
				waited += time.Since(begin)
			}
			done.Store(true)
		})
		for !done.Load() { // somebody always has the slot
			f.begin("another", func(*http.Request) { time.Sleep(slotLease - time.Millisecond) })
			f.begin("another", func(*http.Request) { time.Sleep(slotLease - time.Millisecond) })
			time.Sleep(slotLease - time.Millisecond)
		}
		if waited != slotPatience {
			t.Errorf("waited %s in all, want %s", waited, slotPatience)
		}
		time.Sleep(time.Hour)
	})
}

// TestSlots_HungUp: the browser went away while its form waited; nobody works on it any more.
func TestSlots_HungUp(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *forms) {
		gate := make(chan struct{})
		f.begin("first", until(gate))
		ctx, hangUp := context.WithCancel(t.Context())
		done := make(chan any)
		go func() {
			defer func() { done <- recover() }()
			_ = f.slots.serve(func(http.ResponseWriter, *http.Request) error { t.Error("worked on"); return nil }, nil, httptest.NewRequestWithContext(ctx, "POST", "/", nil))
		}()
		synctest.Wait()
		hangUp()
		if p := <-done; p != http.ErrAbortHandler {
			t.Error(p)
		}
		close(gate)
	})
}

// unread is an answer that nobody takes until the channel is closed.
type unread struct {
	http.ResponseWriter
	taken chan struct{}
}

func (u unread) Write(b []byte) (int, error) { <-u.taken; return len(b), nil }

// TestSlots_NobodyReads: a long answer that its browser does not read keeps nobody waiting.
func TestSlots_NobodyReads(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *forms) {
		taken := make(chan struct{})
		go func() {
			_ = f.slots.serve(func(w http.ResponseWriter, r *http.Request) error {
				_, err := io.WriteString(w, "a page")
				Waiting(r.Context())() // takes no slot any more
				return err
			}, unread{taken: taken}, httptest.NewRequest("POST", "/", nil))
		}()
		synctest.Wait()
		f.begin("next", func(*http.Request) {})
		f.want(t, "while nobody reads", "next")
		close(taken)
	})
}

// TestSlots_Twice: two parts of one form wait at once, and one goes on in the background when the form is done. No slot is given back twice.
func TestSlots_Twice(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *forms) {
		first, second, third, after := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
		wait := func(ctx context.Context, c chan struct{}) {
			defer Waiting(ctx)()
			<-c
		}
		f.begin("a", func(r *http.Request) {
			go wait(r.Context(), first)
			go wait(r.Context(), second)
			wait(r.Context(), third)
			go func() { <-after; Waiting(r.Context())() }()
		})
		for _, c := range []chan struct{}{first, second} {
			close(c)
			synctest.Wait()
			if f.slots.Free() != 1 {
				t.Error("taken while somebody waits")
			}
		}
		close(third)
		synctest.Wait()
		if f.slots.Free() != 1 {
			t.Error("the form has ended, and its slot is not free")
		}
		close(after)
		synctest.Wait()
		if f.slots.Free() != 1 {
			t.Errorf("%d free: what goes on in the background gave a slot back", f.slots.Free())
		}
	})
}

// TestSlots_SlowBody: a form that is still being sent has no slot.
func TestSlots_SlowBody(t *testing.T) {
	synctest.Test(t, slowBody)
}

func slowBody(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	s.Slots = NewSlots(1)
	slow, send := io.Pipe()
	post := func(body io.Reader) error {
		r := httptest.NewRequest("POST", "/ispgate/login", body)
		r.Header = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Content-Type": {"application/x-www-form-urlencoded"}}
		return s.Form(s.Queue(func(http.ResponseWriter, *http.Request) error { return io.EOF }))(httptest.NewRecorder(), r)
	}
	done := make(chan error)
	go func() { done <- post(slow) }()
	if _, err := send.Write([]byte("username=")); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := post(strings.NewReader("username=b")); err != io.EOF || s.Slots.Free() != 1 || time.Since(begin) > 0 {
		t.Error(err, s.Slots.Free(), time.Since(begin))
	}
	send.Close()
	if err := <-done; err != io.EOF {
		t.Error(err)
	}
}

func TestSlots_None(t *testing.T) {
	var s *Slots
	if err := s.serve(func(_ http.ResponseWriter, r *http.Request) error { Waiting(r.Context())(); return io.EOF }, nil, httptest.NewRequest("POST", "/", nil)); err != io.EOF {
		t.Error(err)
	}
}
