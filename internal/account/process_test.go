package account

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
)

// each is how many uses of a code one of the two processes makes at once: S21 wants fifty.
const each = 25

// process is one of twoProcesses. It answers a line with a line.
type process struct {
	in    io.Writer
	out   *bufio.Scanner
	aside strings.Builder // what it printed besides
}

func startProcess(t *testing.T, env ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOtherProcess$", "-test.v")
	cmd.Env = append(os.Environ(), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &process{in: in, out: bufio.NewScanner(out)}
	t.Cleanup(func() {
		in.Close() // it ends by itself then
		for p.out.Scan() {
			fmt.Fprintln(&p.aside, p.out.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the other process: %v\n%s", err, &p.aside)
		}
	})
	return p
}

func (p *process) tell(t *testing.T, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		t.Fatal(err)
	}
}

func (p *process) hear(t *testing.T) string {
	t.Helper()
	for p.out.Scan() {
		if said, ok := strings.CutPrefix(p.out.Text(), "said "); ok {
			return said
		}
		fmt.Fprintln(&p.aside, p.out.Text())
	}
	t.Fatal("the other process has ended: ", p.out.Err())
	return ""
}

// TestOtherProcess is one of the processes of twoProcesses; on its own it has nothing to do.
func TestOtherProcess(t *testing.T) {
	url := os.Getenv("ACCOUNT_TEST_URL")
	if url == "" {
		return
	}
	patience = time.Minute // who fails here has lost to another use, not to the clock of a busy machine
	w := otherWorld(t, url)
	p := person{Account: Account{ID: os.Getenv("ACCOUNT_TEST_ACCOUNT")}}
	raw, _ := hex.DecodeString(os.Getenv("ACCOUNT_TEST_SECRET"))
	var err error
	if p.secret, err = ParseSecret(raw); err != nil {
		t.Fatal(err)
	}
	browser := func(i int) string { return fmt.Sprint("browser ", os.Getenv("ACCOUNT_TEST_NUMBER"), "-", i) }
	n := 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		step, code, _ := strings.Cut(lines.Text(), " ")
		if step == "ready" {
			w.clock.advance(20 * day)
			if n++; code == "" {
				w.prepare(t, p, browser)
			}
			fmt.Println("\nsaid ready")
			continue
		}
		fmt.Println("\nsaid", atOnce(t, each, func(i int) (Result, error) {
			try := Try{Account: p.ID, Pool: Pool(browser(i)), Challenge: fmt.Sprint(browser(i), " ", n), Code: code}
			if code != "" {
				return w.Recover(t.Context(), try)
			}
			try.Challenge, try.Code = browser(i), w.code(t, p.secret)
			return w.Verify(t.Context(), try)
		}))
	}
}

// prepare opens a challenge in each browser.
func (w *world) prepare(t *testing.T, p person, browser func(int) string) {
	t.Helper()
	for i := range each {
		if res := w.challenge(t, p.ID, browser(i), Pool(browser(i))); !res.OK {
			t.Fatalf("%+v", res)
		}
	}
}

func otherWorld(t *testing.T, url string) *world {
	t.Helper()
	ring, err := keyring.Load(os.Getenv("ACCOUNT_TEST_KEYS"))
	if err != nil {
		t.Fatal(err)
	}
	at, err := strconv.ParseInt(os.Getenv("ACCOUNT_TEST_CLOCK"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: &clock{}}
	w.clock.ms.Store(at)
	w.opt = Options{URL: url, Ring: ring, Panel: "default", Fingerprint: "panel default id", Skew: 1, Log: slog.New(slog.DiscardHandler), Now: w.clock.now}
	w.Store = w.open(t)
	return w
}
