package throttle

import (
	"context"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

func TestFailedOperationsAreCounted(t *testing.T) {
	server := harness.Redis(t)
	failed := 0
	th := New(Options{Redis: newClient(t, server.Addr), Installation: "0123456789abcdef", Tries: 5, Window: time.Minute,
		StoreError: func() { failed++ }})
	try := Try{Account: "a"}
	pass(t, th, 5, always(try))
	hungUp, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := th.Reserve(hungUp, Try{Account: "b"}); err != nil {
		t.Errorf("a browser that hangs up: %v", err)
	}
	if err := th.Refund(hungUp, try); err != nil {
		t.Errorf("a browser that hangs up: %v", err)
	}
	if failed != 0 {
		t.Errorf("%d failures are counted while Redis answers", failed)
	}
	if got := pass(t, th, 5, always(Try{Account: "b"})); got != 2 {
		t.Errorf("%d tries pass after one of a browser that hung up, want 2", got)
	}
	server.Stop()
	if _, err := th.Reserve(t.Context(), try); err == nil || failed != 1 {
		t.Errorf("Reserve without Redis: %v, %d counted", err, failed)
	}
	if err := th.Refund(t.Context(), try); err == nil || failed != 2 {
		t.Errorf("Refund without Redis: %v, %d counted", err, failed)
	}
}
