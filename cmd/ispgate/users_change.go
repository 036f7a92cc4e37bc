package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
)

// userChange is one thing that an administrator does to an account.
type userChange struct {
	verb, short, long string
	kind              string // of the audit event
	hint              string // what to do where nobody has the name
	run               func(context.Context, directory, account.Account) (answer, error)
}

// answer is what a change says: out is for scripts too, note for the person at the terminal.
type answer struct{ out, note string }

const seeList = "users list shows who has one"

var userChanges = []userChange{
	{verb: "ticket", kind: "ticket_issued", run: issueTicket,
		short: "Issue the one-time ticket that allows one enrolment",
		long: `Issue the one-time ticket that allows NAME to enable a second factor once, within 72 hours: after reset-2fa, and where
two_factor.enrolment demands one. Standard output gets the ticket alone. An earlier ticket of the account is void.`,
		hint: "where a second factor is required, a right password leads to the page that asks for the ticket: " +
			"let the person log in that far, then issue it"},
	{verb: "reset-2fa", kind: "reset", run: resetFactor, hint: seeList,
		short: "Take the second factor away, for a lost phone",
		long: `Take the second factor, the recovery codes and any open ticket of NAME away, forget the browsers and end all sessions. The person reaches the
panel again after enrolling, which then needs a ticket: users ticket.`},
	{verb: "unlock", kind: "unlocked", run: unlockAccount, hint: seeList,
		short: "Allow five more codes after too many wrong ones",
		long: `Grant NAME one extra challenge of five codes, whatever has been used up: in all browsers that are not recognised together,
and in each that is.`},
	{verb: "revoke", kind: "revoked", run: revokeSessions, hint: seeList,
		short: "End all sessions",
		long:  `End all sessions of NAME on every node. The second factor stays as it is.`},
	{verb: "delete", kind: "deleted", run: deleteAccount, hint: seeList,
		short: "Forget an account",
		long: `Forget the account NAME: its sessions end, its second factor, recovery codes, browsers and remembered spellings are gone.
Whoever logs in under that name next is somebody new. Do it when the panel gives a name to another person.`},
}

func (u userChange) command() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   u.verb + " NAME -c FILE",
		Short: u.short,
		Long:  u.long,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withDirectory(c, path, func(ctx context.Context, d directory) error {
				acc, err := d.named(ctx, args[0], u.hint)
				if err != nil {
					return err
				}
				said, err := u.run(ctx, d, acc)
				if err != nil {
					return err
				}
				d.Audit(ctx, account.Event{Kind: u.kind, Account: acc.ID, Name: acc.Name, Detail: "by " + operator()})
				fmt.Fprint(c.ErrOrStderr(), said.note)
				_, err = fmt.Fprint(c.OutOrStdout(), said.out)
				return err
			})
		},
	}
	configFlag(c, &path)
	return c
}

func issueTicket(ctx context.Context, d directory, acc account.Account) (answer, error) {
	began := time.Now()
	ticket, err := d.IssueTicket(ctx, acc.ID)
	if errors.Is(err, account.ErrState) {
		return answer{}, fmt.Errorf("%s has a second factor, so there is nothing to enrol; if the phone is lost, run users reset-2fa first", shown(acc.Name))
	}
	if err != nil {
		return answer{}, err
	}
	return answer{out: ticket + "\n", note: fmt.Sprintf("The ticket of %s, for one enrolment until %s. It is not shown again; hand it over by a safe way.\n",
		shown(acc.Name), d.clock(began.Add(account.TicketLife)))}, nil
}

func resetFactor(ctx context.Context, d directory, acc account.Account) (answer, error) {
	if err := d.Reset(ctx, acc.ID); err != nil {
		return answer{}, err
	}
	note := ""
	if acc.State != account.Active {
		note = fmt.Sprintf("%s had no second factor. Was that the right name? users delete and a new login undo this.\n", shown(acc.Name))
	}
	return answer{note: note, out: fmt.Sprintf("%s has no second factor any more and all sessions have ended; the next login asks for a ticket: users ticket issues it\n",
		shown(acc.Name))}, nil
}

func unlockAccount(ctx context.Context, d directory, acc account.Account) (answer, error) {
	if err := d.Unlock(ctx, acc.ID); err != nil {
		return answer{}, err
	}
	return answer{out: fmt.Sprintf("%s may try five more codes, after the password as always\n", shown(acc.Name))}, nil
}

func revokeSessions(ctx context.Context, d directory, acc account.Account) (answer, error) {
	if err := d.Revoke(ctx, acc.ID); err != nil {
		return answer{}, err
	}
	return answer{out: fmt.Sprintf("all sessions of %s have ended\n", shown(acc.Name))}, nil
}

func deleteAccount(ctx context.Context, d directory, acc account.Account) (answer, error) {
	if err := d.Delete(ctx, acc.ID); err != nil {
		return answer{}, err
	}
	return answer{out: fmt.Sprintf("%s is forgotten and all sessions have ended\n", shown(acc.Name))}, nil
}

func usersRenameCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "rename NAME NEW-NAME -c FILE",
		Short: "Pin another name to an account",
		Long: `Pin NEW-NAME to the account NAME after the panel has renamed the person: the panel is told NEW-NAME from the next login on.
Sessions under the old name end. The second factor stays.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return withDirectory(c, path, func(ctx context.Context, d directory) error {
				acc, err := d.named(ctx, args[0], seeList)
				if err != nil {
					return err
				}
				if err := d.Rename(ctx, acc.ID, args[1]); err != nil {
					return err
				}
				d.Audit(ctx, account.Event{Kind: "renamed", Account: acc.ID, Name: args[1], Detail: "by " + operator()})
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s is now %s and all sessions have ended\n", shown(acc.Name), shown(args[1]))
				return err
			})
		},
	}
	configFlag(c, &path)
	return c
}

// operator names who runs this command. The environment is not asked, whoever calls could write anything there; only what
// sudo leaves to root is believed.
func operator() string {
	uid := strconv.Itoa(os.Getuid())
	name := "uid " + uid
	if u, err := user.LookupId(uid); err == nil {
		name = u.Username
	}
	if by := os.Getenv("SUDO_USER"); uid == "0" && by != "" {
		name += ", sudo by " + by
	}
	return name
}
