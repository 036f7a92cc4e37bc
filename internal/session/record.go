package session

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/ispgate/ispgate/internal/keyring"
)

// recordVersion changes when a record of the old form would be misread. Unknown versions are not opened (S35).
const recordVersion = 3

var errRecord = errors.New("is not a session record of this version")

// record is what Redis holds of a token, sealed under the token's secret and bound to its key (S32). A retired one
// tells where the session went: to the token Next; or, when Next is empty, to a higher stage, where it may not lead.
type record struct {
	_          struct{} `cbor:",toarray"` // the order of the fields is the form
	Version    int
	ID         string
	Account    string
	Person     string
	Name       string
	Role       string
	Generation int64
	Stage      Stage
	Created    int64 // this and the next three: Unix milliseconds
	End        int64
	Until      int64
	CodeAt     int64
	Local      string
	Browser    string
	Custody    string
	ReturnTo   string
	Note       Note
	Retired    bool
	Next       []byte
}

func (s Session) record() record {
	return record{
		Version: recordVersion, ID: s.ID, Account: s.Account, Person: s.Person, Name: s.Name, Role: s.Role, Generation: s.Generation,
		Stage: s.Stage, Created: millis(s.Created), End: millis(s.End), Until: millis(s.until), CodeAt: millis(s.CodeAt),
		Local: s.Local, Browser: s.Browser, Custody: s.Custody, ReturnTo: s.ReturnTo, Note: s.Note,
	}
}

func (r record) session() Session {
	return Session{
		ID: r.ID, Account: r.Account, Person: r.Person, Name: r.Name, Role: r.Role, Generation: r.Generation,
		Stage: r.Stage, Created: moment(r.Created), End: moment(r.End), until: moment(r.Until), CodeAt: moment(r.CodeAt),
		Local: r.Local, Browser: r.Browser, Custody: r.Custody, ReturnTo: r.ReturnTo, Note: r.Note,
	}
}

// valid keeps a record out that opens but could not have been written by this version.
func (r record) valid() bool {
	if r.Version != recordVersion || r.ID == "" {
		return false
	}
	return r.Retired || r.Account != "" && r.Stage > Anonymous && r.Stage <= Full
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// slot is the beginning of all keys of one account: they share a hash slot in Redis Cluster.
func slot(tag [tagSize]byte) string {
	return "ispgate:{" + base64.RawURLEncoding.EncodeToString(tag[:]) + "}:"
}

// keys have names of at most 44 bytes, which take 48 in Redis; one more would take 64.
type keys struct{ record, seen, index string }

func keysOf(t token) keys {
	slot, digest := slot(t.tag), t.digest()
	return keys{slot + "s:" + digest, slot + "t:" + digest, slot + "idx"}
}

// vault seals what belongs to one token: neither Redis nor the key file alone opens it.
func (m *Manager) vault(t token) *keyring.Box { return m.opt.Ring.Box("session", t.secret) }

// seal writes v as CBOR (RFC 8949): a record takes half the bytes that it takes as JSON, and is read in a fraction of the time.
func seal(box *keyring.Box, v any, binding ...string) []byte {
	form, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode() // to the nanosecond, as they were
	if err != nil {
		panic("session: " + err.Error())
	}
	plain, err := form.Marshal(v)
	if err != nil {
		panic("session: " + err.Error()) // plain structs always marshal
	}
	return box.Seal(plain, binding...)
}

func open(box *keyring.Box, sealed []byte, v any, binding ...string) error {
	plain, err := box.Open(sealed, binding...)
	if err != nil {
		return err
	}
	return cbor.Unmarshal(plain, v)
}

func (m *Manager) sealRecord(t token, r record) []byte {
	return seal(m.vault(t), r, m.opt.Installation, keysOf(t).record, t.session())
}

// openRecord opens what sealRecord made for the same token in the same installation.
func (m *Manager) openRecord(t token, sealed []byte) (record, error) {
	var r record
	if err := open(m.vault(t), sealed, &r, m.opt.Installation, keysOf(t).record, t.session()); err != nil {
		return record{}, fmt.Errorf("open a session record: %w", err)
	}
	if !r.valid() {
		return record{}, errRecord
	}
	return r, nil
}

// entry is what the two keys of a token say. The zero entry is nobody.
type entry struct {
	record record
	seen   time.Time
	acted  time.Time
}

// decode reads the values of an MGET of record and seen. Whatever is missing or does not open makes it nobody's.
func (m *Manager) decode(t token, values []any) (entry, error) {
	sealed, ok := values[0].(string)
	if !ok {
		return entry{}, nil
	}
	r, err := m.openRecord(t, []byte(sealed))
	if err != nil {
		return entry{}, err
	}
	e := entry{record: r}
	if r.Retired {
		return e, nil
	}
	seen, ok := values[1].(string)
	if !ok {
		return entry{}, nil // idle for too long
	}
	if e.seen, e.acted, err = readActivity(seen); err != nil {
		return entry{}, err
	}
	return e, nil
}
