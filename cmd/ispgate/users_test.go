package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/test/harness"
)

// accounts is an installation whose people the test makes, and the program looks at.
type accounts struct {
	*account.Store
	file string
}

func newAccounts(t *testing.T) accounts {
	t.Helper()
	d := t.TempDir()
	a := accounts{file: filepath.Join(d, "config.yaml")}
	text := fmt.Sprintf(`public_url: https://panel.example.net
trusted_proxies: [127.0.0.1/32]
panel: {url: 'http://127.0.0.1:9', profile: ispbills}
sessions: {redis: {url: 'redis://127.0.0.1:9/0'}}
database: {url: 'sqlite://%[1]s/data/ispgate.db'}
keys_file: %[1]s/data/keys.yaml
`, d)
	if err := os.WriteFile(a.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, code := harness.Run(t, nil, "init", "-c", a.file); code != 0 {
		t.Fatalf("init: exit code %d\n%s", code, output)
	}
	cfg, err := loadConfig(a.file)
	if err != nil {
		t.Fatal(err)
	}
	profile, err := loadProfile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	st, err := openStores(t.Context(), cfg, profile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
	})
	a.Store = st.accounts
	return a
}

// users runs one command of the program and checks its exit code.
func (a accounts) users(t *testing.T, code int, args ...string) (out, notes string) {
	t.Helper()
	command := exec.Command(harness.Binary(t), append(append([]string{"users"}, args...), "-c", a.file)...)
	command.Env = append(os.Environ(), "USER=somebody-else", "SUDO_USER=admin")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	_ = command.Run()
	if got := command.ProcessState.ExitCode(); got != code {
		t.Errorf("users %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, &stdout, &stderr)
	}
	return stdout.String(), stderr.String()
}

func (a accounts) meet(t *testing.T, name string) account.Account {
	t.Helper()
	acc, err := a.Meet(t.Context(), account.Identity{ID: "of " + name, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return acc
}

// enable tries the code that an app with a new secret shows now, or will show after ahead.
func (a accounts) enable(t *testing.T, id, ticket string, ahead time.Duration) account.Result {
	t.Helper()
	secret, err := account.NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	code := harness.OATH(t, strings.ReplaceAll(secret.Key(), " ", ""), time.Now().Add(ahead))
	_, res, err := a.Enable(t.Context(), account.Try{Account: id, Challenge: "session of " + id, Code: code, Ticket: ticket}, secret)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (a accounts) get(t *testing.T, id string) account.Account {
	t.Helper()
	acc, err := a.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return acc
}

func wantText(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s does not say %q:\n%s", what, part, text)
		}
	}
}

func TestUsersListAndShow(t *testing.T) {
	a := newAccounts(t)
	if out, _ := a.users(t, 0, "list", "--output", "json"); out != "[]\n" {
		t.Errorf("nobody: %q", out)
	}
	a.meet(t, "zoe")
	alice := a.meet(t, "alice")
	odd := a.meet(t, "b\u202eob")
	a.enable(t, alice.ID, "", 0)
	alice = a.get(t, alice.ID)

	out, _ := a.users(t, 0, "list")
	lines := strings.Split(out, "\n")
	for i, start := range []string{"NAME ", "alice ", `"b\u202eob" `, "zoe "} {
		if len(lines) != 5 || !strings.HasPrefix(lines[i], start) {
			t.Fatalf("list, line %d: want %q\n%s", i, start, out)
		}
	}
	since := alice.Enabled.In(time.FixedZone("Dhaka", 6*60*60)).Format("2006-01-02 15:04 -07:00")
	wantText(t, "alice's line", lines[1], "active", since, "10")
	wantText(t, "zoe's line", lines[3], "none", "-", "0")

	var listed []userLine
	out, _ = a.users(t, 0, "list", "--output", "json")
	if err := json.Unmarshal([]byte(out), &listed); err != nil || len(listed) != 3 || listed[1].Name != odd.Name || listed[2].Enabled != nil {
		t.Errorf("list as JSON: %v\n%s", err, out)
	}
	var one userLine
	out, _ = a.users(t, 0, "show", "alice", "--output", "json")
	if err := json.Unmarshal([]byte(out), &one); err != nil || one.Enabled == nil || !one.Enabled.Equal(alice.Enabled) {
		t.Fatalf("show as JSON: %v\n%s", err, out)
	}
	one.Enabled = nil
	if want := (userLine{Name: "alice", Key: "id:of alice", SecondFactor: account.Active, CodesLeft: 10, Generation: 2, ID: alice.ID}); one != want {
		t.Errorf("show: %+v, want %+v", one, want)
	}
	out, _ = a.users(t, 0, "show", "alice")
	wantText(t, "show", out, "alice", "id:of alice", "active", since, alice.ID)
}

func TestS18_UsersResetAndTicket(t *testing.T) {
	a := newAccounts(t)
	alice := a.meet(t, "alice")
	a.enable(t, alice.ID, "", 0)
	_, notes := a.users(t, exitFailed, "ticket", "alice")
	wantText(t, "ticket over an active factor", notes, "alice has a second factor", "users reset-2fa")
	out, _ := a.users(t, 0, "reset-2fa", "alice")
	wantText(t, "reset-2fa", out, "alice", "users ticket")
	_, notes = a.users(t, 0, "reset-2fa", "alice")
	wantText(t, "reset-2fa without a factor", notes, "alice had no second factor", "users delete")
	if got := a.get(t, alice.ID); got.State != account.Reset || got.Generation != 4 {
		t.Errorf("after reset-2fa: %+v", got)
	}
	if res := a.enable(t, alice.ID, "", 0); !res.BadTicket {
		t.Errorf("without a ticket: %+v", res)
	}
	old, _ := a.users(t, 0, "ticket", "alice")
	ticket, notes := a.users(t, 0, "ticket", "alice")
	if !regexp.MustCompile(`^[A-Z2-9]{4}(-[A-Z2-9]{4}){4}\n$`).MatchString(ticket) || strings.Contains(notes, strings.TrimSpace(ticket)) {
		t.Errorf("ticket: %q, beside it %q", ticket, notes)
	}
	wantText(t, "ticket", notes, "alice")
	_, end, _ := strings.Cut(notes, "until ")
	end, _, _ = strings.Cut(end, ". ")
	if at, err := time.Parse("2006-01-02 15:04 -07:00", end); err != nil || (72*time.Hour-time.Until(at)).Abs() > 3*time.Minute {
		t.Errorf("the ticket ends %q (%v), want in 72 hours", end, err)
	}
	if res := a.enable(t, alice.ID, old, 0); !res.BadTicket {
		t.Errorf("the older ticket: %+v", res)
	}
	if res := a.enable(t, alice.ID, ticket, 30*time.Second); !res.OK { // the step of now is spent
		t.Errorf("the ticket: %+v", res)
	}
}

func TestUsersUnlockAndRevoke(t *testing.T) {
	a := newAccounts(t)
	alice := a.meet(t, "alice")
	a.enable(t, alice.ID, "", 0)
	wrong := account.Try{Account: alice.ID, Pool: account.Unknown, Challenge: "a", Code: "wrong"}
	if _, err := a.Challenge(t.Context(), alice.ID, "a", account.Unknown); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := a.Verify(t.Context(), wrong); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Challenge(t.Context(), alice.ID, "b", account.Unknown); err != nil {
		t.Fatal(err)
	}
	wrong.Challenge = "b"
	if res, err := a.Verify(t.Context(), wrong); err != nil || res.Wait == 0 {
		t.Fatalf("after five wrong codes: %+v, %v", res, err)
	}
	out, _ := a.users(t, 0, "unlock", "alice")
	wantText(t, "unlock", out, "alice", "five more codes")
	if res, err := a.Challenge(t.Context(), alice.ID, "c", account.Unknown); err != nil || !res.OK {
		t.Errorf("unlocked: %+v, %v", res, err)
	}
	wrong.Challenge = "c"
	if res, err := a.Verify(t.Context(), wrong); err != nil || res.Wait != 0 || res.Left != 4 {
		t.Errorf("the first code after unlock: %+v, %v", res, err)
	}
	out, _ = a.users(t, 0, "revoke", "alice")
	wantText(t, "revoke", out, "alice")
	if got := a.get(t, alice.ID); got.Generation != 3 || got.State != account.Active {
		t.Errorf("revoked: %+v", got)
	}
}

// Every change is one event that names who made it; nothing else is.
func TestUsersAudit(t *testing.T) {
	a := newAccounts(t)
	alice := a.meet(t, "alice")
	me, err := user.LookupId(fmt.Sprint(os.Getuid()))
	if err != nil {
		t.Fatal(err)
	}
	by := "by " + me.Username
	if os.Getuid() == 0 {
		by += ", sudo by admin"
	}
	ticket, _ := a.users(t, 0, "ticket", "alice")
	for _, verb := range []string{"reset-2fa", "unlock", "revoke"} {
		a.users(t, 0, verb, "alice")
	}
	a.users(t, 0, "list")
	a.users(t, 0, "show", "alice")
	a.users(t, exitFailed, "revoke", "nobody")
	events, err := a.AuditEvents(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, e := range events {
		kinds[e.Kind]++
		if e.Account != alice.ID || e.Name != "alice" || e.Detail != by {
			t.Errorf("event %+v, want detail %q", e.Event, by)
		}
		if strings.Contains(fmt.Sprintf("%+v", e), strings.TrimSpace(ticket)) {
			t.Errorf("the ticket is in the trail: %+v", e)
		}
	}
	if want := map[string]int{"ticket_issued": 1, "reset": 1, "unlocked": 1, "revoked": 1}; fmt.Sprint(kinds) != fmt.Sprint(want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
	if trail, err := a.VerifyAudit(t.Context(), nil); len(trail.Breaks) > 0 || err != nil {
		t.Error("the trail:", trail.Breaks, err)
	}
}
