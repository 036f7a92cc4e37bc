package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// TicketLife is how long a ticket may be used after it was issued (design 1).
const TicketLife = 72 * time.Hour

const ticketLetters = 20 // 99 bits; a group more than a recovery code, so that neither passes for the other

var errTicket = errors.New("no ticket, or not the account's, or past its time")

// IssueTicket makes the ticket that allows one enrolment of the account within 72 hours, and returns it in clear once. An
// earlier one is void. It returns ErrNotFound, ErrTampered, or ErrState when a factor is active: there is nothing to enrol.
func (s *Store) IssueTicket(ctx context.Context, accountID string) (string, error) {
	if _, err := s.find(ctx, "a.id", accountID); err != nil {
		return "", fmt.Errorf("issue a ticket: %w", err)
	}
	ticket := newTyped(ticketLetters)
	err := s.alter(ctx, "issue a ticket", accountID, func(ctx context.Context, q queries, r *record) error {
		if r.State == Active {
			return ErrState
		}
		if err := s.dropTicket(ctx, q, r.ID); err != nil {
			return err
		}
		plain, _ := parseTyped(ticket, ticketLetters)
		until := s.opt.Now().Add(TicketLife).UnixMilli()
		_, err := q.exec(ctx, `INSERT INTO tickets (account, expires_at, mac) VALUES (?, ?, ?)`,
			r.ID, until, s.opt.Ring.MAC("ticket", s.ticketParts(r.ID, until, plain)...))
		return err
	})
	if err != nil {
		return "", err
	}
	return ticket, nil
}

// checkTicket returns errTicket when the enrolment needs a ticket and t has not the account's: after a reset always (S18).
func (s *Store) checkTicket(ctx context.Context, q queries, r *record, t Try) error {
	if !t.NeedTicket && r.State != Reset {
		return nil
	}
	plain, ok := parseTyped(t.Ticket, ticketLetters)
	if !ok {
		return errTicket
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var until int64
	var mac []byte
	err := q.row(ctx, `SELECT expires_at, mac FROM tickets WHERE account = ?`, r.ID).Scan(&until, &mac)
	if errors.Is(err, sql.ErrNoRows) {
		return errTicket
	}
	if err != nil {
		return fmt.Errorf("read the ticket: %w", err)
	}
	if s.millis() >= until || s.opt.Ring.CheckMAC(mac, "ticket", s.ticketParts(r.ID, until, plain)...) != nil {
		return errTicket
	}
	return nil
}

// ticketParts bind a ticket to installation, account and end: a copied row, or a longer life, opens nothing.
func (s *Store) ticketParts(account string, until int64, plain string) []string {
	return []string{s.install, account, "enrol", strconv.FormatInt(until, 10), plain}
}

func (s *Store) dropTicket(ctx context.Context, q queries, account string) error {
	if _, err := q.exec(ctx, `DELETE FROM tickets WHERE account = ?`, account); err != nil {
		return fmt.Errorf("void the ticket: %w", err)
	}
	return nil
}
