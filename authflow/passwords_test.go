package authflow

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/users"
)

// says is a panel that has made up its mind.
type says panel.Verdict

func (s says) Login(context.Context, panel.Attempt) panel.Outcome {
	return panel.Outcome{Verdict: panel.Verdict(s), Reason: "the panel"}
}

// The emergency file is asked only where the panel cannot be asked or believed, and what it says matters only when it says yes.
func TestBreakGlass(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "emergency")
	if err := os.WriteFile(path, []byte("noc:"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := users.Open(users.Options{File: path, Fold: func(typed string) (string, error) { return typed, nil }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	f := &Flow{Options: Options{Users: file}}
	for verdict, asked := range map[panel.Verdict]bool{panel.OK: false, panel.BadCredentials: false, panel.Throttled: false, panel.Challenge: false,
		panel.Unavailable: true, panel.FormChanged: true} {
		for password, right := range map[string]bool{"right": true, "wrong": false} {
			judge := breakGlass{panel: says(verdict), own: local{file: file, realm: account.Emergency}}
			out := judge.Login(t.Context(), panel.Attempt{Username: "noc", Password: password})
			if in := out.Local != ""; in != (asked && right) || in && (out.Verdict != panel.OK || out.Realm != account.Emergency || out.Who.Name != "noc (emergency)") {
				t.Errorf("%s, %s: %+v", verdict, password, out)
			}
			if !asked && out.Verdict != verdict || asked && !right && out.Verdict != verdict {
				t.Errorf("%s, %s: came out as %s", verdict, password, out.Verdict)
			}
		}
		if counts := f.wrong(verdict); counts != (asked || verdict == panel.BadCredentials) {
			t.Errorf("%s: the try counts: %t", verdict, counts)
		}
	}
}

// An emergency account enrols with a ticket, whatever the policy.
func TestPolicyOfEmergencyAccounts(t *testing.T) {
	noc := account.Account{Key: "emergency:noc", Name: "noc (emergency)", State: account.None}
	for _, p := range []Policy{{Mode: "observe"}, {Mode: "optional", Enrolment: "open"}, {Mode: "required", Enrolment: "open", GraceUntil: today.AddDate(1, 0, 0)}} {
		f := &Flow{Options: Options{Policy: p, Now: func() time.Time { return today }}}
		if stage, ok := f.stageAfter(noc, ""); !ok || stage.String() != "enrolling" || !p.Ticket(noc, today) || !p.Offers(noc) {
			t.Errorf("%s: stage %s, ticket %t, offers %t", p.Mode, stage, p.Ticket(noc, today), p.Offers(noc))
		}
	}
	if (account.Account{Key: "name:emergency:noc"}).Emergency() || (account.Account{Key: "id:emergency:noc"}).Emergency() {
		t.Error("a name or an id of the panel makes an emergency account")
	}
}
