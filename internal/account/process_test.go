package account

import (
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
)

// TestOtherProcess is one of the processes of twoProcesses; on its own it has nothing to do.
func TestOtherProcess(t *testing.T) {
	url := os.Getenv("ACCOUNT_TEST_URL")
	if url == "" {
		return
	}
	number := func(name string) int64 {
		n, err := strconv.ParseInt(os.Getenv("ACCOUNT_TEST_"+name), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	ring, err := keyring.Load(os.Getenv("ACCOUNT_TEST_KEYS"))
	if err != nil {
		t.Fatal(err)
	}
	var at clock
	at.ms.Store(number("CLOCK"))
	s, err := Open(t.Context(), Options{URL: url, Ring: ring, Panel: "default", Fingerprint: "panel default id", Skew: 1,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: at.now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	raw, _ := hex.DecodeString(os.Getenv("ACCOUNT_TEST_SECRET"))
	secret, err := ParseSecret(raw)
	if err != nil {
		t.Fatal(err)
	}
	id, pool := fmt.Sprint("c", number("NUMBER")), Pool(fmt.Sprint("browser ", number("NUMBER")))
	for round := range number("ROUNDS") {
		if res, err := s.Challenge(t.Context(), os.Getenv("ACCOUNT_TEST_ACCOUNT"), id, pool); err != nil || !res.OK {
			t.Fatal(res, err)
		}
		code, _ := secret.codeAt(stepAt(at.now()))
		time.Sleep(time.Until(time.UnixMilli(number("BEGIN") + round*100))) // the processes meet at the same moment
		res, err := s.Verify(t.Context(), Try{Account: os.Getenv("ACCOUNT_TEST_ACCOUNT"), Pool: pool, Challenge: id, Code: code})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\nround %d %v\n", round, res.OK)
		at.advance(20 * day)
	}
}
