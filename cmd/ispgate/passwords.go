package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/users"
)

// usersFile is the one file of local passwords that a configuration may name.
type usersFile struct {
	key   string // of the configuration
	realm string // how the keys of its accounts begin
	users.Options
}

// usersFileOf is nil where passwords are the panel's alone.
func usersFileOf(cfg *config.Config, p *panel.Profile) *usersFile {
	o := users.Options{Fold: p.Spelling, Log: slog.New(slog.DiscardHandler)}
	switch c := cfg.Passwords; {
	case c.Source == "file":
		o.File, o.Roles = c.UsersFile, c.RolesFile
		return &usersFile{"passwords.users_file", "name", o}
	case c.EmergencyFile != "":
		o.File = c.EmergencyFile
		return &usersFile{"passwords.emergency_file", account.Emergency, o}
	}
	return nil
}

// open reads the file; what is wrong with it an operator must mend.
func (u *usersFile) open() (*users.File, error) {
	if u == nil {
		return nil, nil
	}
	file, err := users.Open(u.Options)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s:\n%w", u.key, err)}
	}
	return file, nil
}

// usersFile opens the file of local passwords as the gateway uses it; nil: there is none.
func (b builder) usersFile(changed func(key string, gone bool)) (*users.File, error) {
	u := usersFileOf(b.cfg, b.profile)
	if u == nil {
		return nil, nil
	}
	u.Log = b.log
	u.Reloaded = func(ok bool) {
		b.metrics.usersReloads.WithLabelValues(map[bool]string{true: "ok", false: "failed"}[ok]).Inc()
	}
	u.Changed = func(name string, gone bool) { changed(u.realm+":"+name, gone) }
	file, err := u.open()
	if err == nil {
		for _, note := range file.Notes() {
			b.log.Warn("users file", "note", note)
		}
	}
	return file, err
}

// passwordChanged writes down whose line in the users file is another one, and deletes the sessions that began with the old one:
// they are refused from now on anyway, and would come back with the line.
func (b builder) passwordChanged(sessions *session.Manager, key string, gone bool) {
	ctx := context.Background()
	acc, err := b.stores.accounts.Keyed(ctx, key)
	if errors.Is(err, account.ErrNotFound) {
		return // never logged in
	}
	kind := "password_changed"
	if gone {
		kind = "user_removed"
	}
	if err == nil {
		b.stores.accounts.Audit(ctx, account.Event{Kind: kind, Account: acc.ID, Name: acc.Name})
		_, err = sessions.List(ctx, acc.ID)
	}
	if err != nil {
		b.log.Warn("sessions are refused, but not deleted, after a change of the users file", "key", key, "cause", err)
	}
}
