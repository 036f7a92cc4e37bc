package session

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// userAgentSize bounds what a card keeps of a header that strangers write, in bytes.
const userAgentSize = 256

// storedCard is a card as Redis has it, sealed under the server's keys. Generation and Local tell which have ended.
type storedCard struct {
	Card
	Account    string `json:"account"`
	Generation int64  `json:"generation"`
	Local      string `json:"local,omitempty"`
	Token      string `json:"token"`
}

func (m *Manager) sealCard(index string, s Session, meta Meta) []byte {
	agent := strings.ToValidUTF8(meta.UserAgent[:min(len(meta.UserAgent), userAgentSize)], "")
	text, err := json.Marshal(storedCard{
		Card:    Card{ID: s.ID, Stage: s.Stage, Created: s.Created.UTC(), Address: meta.Address, UserAgent: agent},
		Account: s.Account, Generation: s.Generation, Local: s.Local, Token: s.token.digest(),
	})
	if err != nil {
		panic("session: " + err.Error()) // plain structs always marshal
	}
	return m.cards.Seal(text, index, s.ID)
}

// List returns the living sessions of an account, oldest first. It is for people to look at: nothing is decided by it. What has
// ended with its line of the users file is deleted, so that it does not come back with the line. The error is ErrStore.
func (m *Manager) List(ctx context.Context, account string) ([]Card, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var all []Card
	for _, tag := range m.tags(account) {
		cards, err := m.listSlot(ctx, tag)
		if err != nil {
			return nil, err
		}
		all = append(all, cards...)
	}
	slices.SortFunc(all, func(a, b Card) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// Alive reports whether s still lives, under whatever token: for streams that outlast rotations (S7). The error is ErrStore.
func (m *Manager) Alive(ctx context.Context, s Session) (bool, error) {
	if s, err := m.today(s); err != nil || s.Stage == Anonymous {
		return false, err
	}
	cards, err := m.List(ctx, s.Account)
	return slices.ContainsFunc(cards, func(c Card) bool { return c.ID == s.ID }), err
}

// listSlot reads the cards of one slot and sweeps out the dead ones, unless a login changed the index meanwhile.
func (m *Manager) listSlot(ctx context.Context, tag [tagSize]byte) (live []Card, err error) {
	slot := slot(tag)
	index := slot + "idx"
	err = m.transact(ctx, func(tx *redis.Tx) error {
		live = nil
		fields, err := tx.HGetAll(ctx, index).Result()
		if err != nil || len(fields) == 0 {
			return err
		}
		cards, dead, void := m.openCards(slot, fields)
		seen := make([]*redis.IntCmd, len(cards))
		if _, err = tx.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, c := range cards {
				seen[i] = p.Exists(ctx, slot+"t:"+c.token)
			}
			return nil
		}); err != nil {
			return err
		}
		for i, c := range cards {
			if seen[i].Val() == 1 {
				live = append(live, c)
			} else {
				dead = append(dead, c.ID)
			}
		}
		if len(dead) == 0 {
			return nil
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			if len(void) > 0 {
				p.Del(ctx, void...)
			}
			p.HDel(ctx, index, dead...)
			return nil
		})
		return err
	}, index)
	return live, err
}

// openCards tells the cards that may be alive from those that have ended or do not open; void are the records that must go.
func (m *Manager) openCards(slot string, fields map[string]string) (cards []Card, dead, void []string) {
	for id, sealed := range fields {
		var c storedCard
		text, err := m.cards.Open([]byte(sealed), slot+"idx", id)
		if err != nil || json.Unmarshal(text, &c) != nil {
			dead = append(dead, id)
			continue
		}
		s := Session{ID: c.ID, Account: c.Account, Generation: c.Generation, Local: c.Local}
		gone := m.opt.Stands != nil && !m.stands(s) // who does not know the file lists them all
		if gone {
			void = append(void, slot+"s:"+c.Token)
		}
		if gone || m.revoked.cover(s) {
			dead = append(dead, id)
			continue
		}
		c.Card.token = c.Token
		cards = append(cards, c.Card)
	}
	return cards, dead, void
}
