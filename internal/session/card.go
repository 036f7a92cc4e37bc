package session

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/redis/go-redis/v9"
)

// storedCard is a card as Redis has it, sealed under the server's keys and bound to its index and account. Generation and Local
// tell which have ended. An account's index is one text, a CBOR sequence (RFC 8742) of sealed cards, to which logins append: a hash
// of so long values would take three times the memory. A rotation leaves the card of the old token dead.
type storedCard struct {
	_          struct{} `cbor:",toarray"` // the order of the fields is the form
	ID         hexID
	Token      []byte // names the current token in Redis
	Stage      Stage
	Created    int64 // Unix seconds
	Address    netip.Addr
	UserAgent  string // packed
	Generation int64
	Local      string
}

func (m *Manager) sealCard(index string, s Session, meta Meta) []byte {
	address, _ := netip.ParseAddr(meta.Address) // the zero one for nobody's
	token, err := base64.RawURLEncoding.DecodeString(s.token.digest())
	if err != nil {
		panic("session: " + err.Error()) // we just encoded it
	}
	sealed, err := cbor.Marshal(seal(m.cards, storedCard{
		ID: hexID(s.ID), Token: token, Stage: s.Stage, Created: s.Created.Unix(), Address: address, UserAgent: packAgent(meta.UserAgent),
		Generation: s.Generation, Local: s.Local,
	}, m.opt.Installation, index, s.Account))
	if err != nil {
		panic("session: " + err.Error()) // bytes always marshal
	}
	return sealed
}

// card is what lists show of c.
func (c storedCard) card() Card {
	shown := Card{ID: string(c.ID), Stage: c.Stage, Created: time.Unix(c.Created, 0).UTC(), UserAgent: unpackAgent(c.UserAgent),
		token: base64.RawURLEncoding.EncodeToString(c.Token)}
	if c.Address.IsValid() {
		shown.Address = c.Address.String()
	}
	return shown
}

// List returns the living sessions of an account, oldest first, to the second. It is for people to look at: nothing is decided by it. What has
// ended with its line of the users file is deleted, so that it does not come back with the line. The error is ErrStore.
func (m *Manager) List(ctx context.Context, account string) ([]Card, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var all []Card
	for _, tag := range m.tags(account) {
		cards, err := m.listSlot(ctx, tag, account)
		if err != nil {
			return nil, err
		}
		all = append(all, cards...)
	}
	slices.SortStableFunc(all, func(a, b Card) int { return a.Created.Compare(b.Created) }) // of one second as their tokens were made
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

// listSlot reads the cards of one slot and sweeps out the dead ones.
func (m *Manager) listSlot(ctx context.Context, tag [tagSize]byte, account string) (live []Card, err error) {
	err = m.transact(ctx, func(tx *redis.Tx) (err error) {
		live, err = m.tidy(ctx, tx, slot(tag), account)
		return err
	}, slot(tag)+"idx")
	return live, err
}

// sweep is listSlot for its sweeping alone. Whoever disturbs it sweeps, too, or leaves it to the next.
func (m *Manager) sweep(ctx context.Context, s Session) {
	slot := slot(s.token.tag)
	_ = m.opt.Redis.Watch(ctx, func(tx *redis.Tx) error {
		_, err := m.tidy(ctx, tx, slot, s.Account)
		return err
	}, slot+"idx")
}

func (m *Manager) tidy(ctx context.Context, tx *redis.Tx, slot, account string) (live []Card, err error) {
	index := slot + "idx"
	text, err := tx.Get(ctx, index).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cards, void := m.openCards(slot, account, text)
	clocks, err := clocksOf(ctx, tx, slot, cards)
	if err != nil {
		return nil, err
	}
	var kept []byte
	for i, c := range cards {
		if !m.idle(clocks[i]) {
			live = append(live, c.Card)
		}
		if !m.stopped(clocks[i]) {
			kept = append(kept, c.sealed...)
		}
	}
	if bytes.Equal(kept, text) {
		return live, nil
	}
	_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
		if len(kept) == 0 {
			void = append(void, index)
		} else {
			p.Set(ctx, index, kept, redis.KeepTTL)
		}
		if len(void) > 0 {
			p.Del(ctx, void...)
		}
		return nil
	})
	return live, err
}

// clocksOf are the idle clocks of cards: the zero one where the record of the token is gone, and of a retired one.
func clocksOf(ctx context.Context, tx *redis.Tx, slot string, cards []found) ([]clock, error) {
	if len(cards) == 0 {
		return nil, nil
	}
	var keys []string
	for _, c := range cards {
		keys = append(keys, slot+recordKey+c.token)
	}
	values, err := tx.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	all := make([]clock, len(cards))
	for i, value := range values {
		text, _ := value.(string)
		all[i], _, _ = readClock(text) // the zero one where there is none
	}
	return all, nil
}

// found is a card with what Redis has of it.
type found struct {
	Card
	sealed []byte
}

// openCards gives the cards of an index that may be alive; void are the records that must go. What does not open is left out.
func (m *Manager) openCards(slot, account string, text []byte) (cards []found, void []string) {
	for rest := text; len(rest) > 0; {
		var sealed []byte
		var c storedCard
		after, err := cbor.UnmarshalFirst(rest, &sealed)
		if err != nil {
			break
		}
		whole := rest[:len(rest)-len(after)]
		rest = after
		if open(m.cards, sealed, &c, m.opt.Installation, slot+"idx", account) != nil {
			continue
		}
		s := Session{ID: string(c.ID), Account: account, Generation: c.Generation, Local: c.Local}
		shown := c.card()
		gone := m.opt.Stands != nil && !m.stands(s) // who does not know the file lists them all
		if gone {
			void = append(void, slot+recordKey+shown.token)
		}
		if !gone && !m.revoked.cover(s) {
			cards = append(cards, found{shown, whole})
		}
	}
	return cards, void
}
