package session

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/ispgate/ispgate/internal/keyring"
)

// recordVersion changes when a record of the old form would be misread. Unknown versions are not opened (S35).
const recordVersion = 4

var errRecord = errors.New("is not a session record of this version")

// record is what Redis holds of a token behind its idle clock, sealed under the token's secret and bound to its key and session
// (S32). A retired one tells where the session went: to the token Next; or, when Next is empty, to a higher stage, where it may not lead.
type record struct {
	_          struct{} `cbor:",toarray"` // the order of the fields is the form
	Version    int
	Account    hexID
	Person     string
	Name       *string // nil: as Person
	Role       string
	Generation int64
	Stage      Stage
	Created    int64  // Unix milliseconds
	End        int64  // milliseconds after Created
	Until      int64  // milliseconds after End: 0 or less; of a retired one, Unix milliseconds
	CodeAt     *int64 // milliseconds after Created; nil: never
	Local      string
	Browser    hexID
	Custody    hexID
	ReturnTo   string
	Note       Note
	Retired    bool
	Next       []byte
}

func (s Session) record() record {
	r := record{
		Version: recordVersion, Account: hexID(s.Account), Person: s.Person, Role: s.Role, Generation: s.Generation, Stage: s.Stage,
		Created: s.Created.UnixMilli(), Local: s.Local, Browser: hexID(s.Browser), Custody: hexID(s.Custody), ReturnTo: s.ReturnTo, Note: s.Note,
	}
	r.End = s.End.UnixMilli() - r.Created
	r.Until = s.until.UnixMilli() - s.End.UnixMilli()
	if s.Name != s.Person {
		r.Name = &s.Name
	}
	if !s.CodeAt.IsZero() {
		r.CodeAt = new(s.CodeAt.UnixMilli() - r.Created)
	}
	return r
}

// session is what the record of t says: nobody's where it is the zero one, and little where it is retired.
func (r record) session(t token) Session {
	switch {
	case r.Version == 0:
		return Session{}
	case r.Retired:
		return Session{ID: t.session(), until: r.until()}
	}
	s := Session{
		ID: t.session(), Account: string(r.Account), Person: r.Person, Name: r.Person, Role: r.Role, Generation: r.Generation, Stage: r.Stage,
		Created: time.UnixMilli(r.Created), End: time.UnixMilli(r.Created + r.End), until: r.until(),
		Local: r.Local, Browser: string(r.Browser), Custody: string(r.Custody), ReturnTo: r.ReturnTo, Note: r.Note,
	}
	if r.Name != nil {
		s.Name = *r.Name
	}
	if r.CodeAt != nil {
		s.CodeAt = time.UnixMilli(r.Created + *r.CodeAt)
	}
	return s
}

func (r record) until() time.Time { return time.UnixMilli(r.Created + r.End + r.Until) }

// valid keeps a record out that opens but could not have been written by this version.
func (r record) valid() bool {
	return r.Version == recordVersion && (r.Retired || r.Account != "" && r.Stage > Anonymous && r.Stage <= Full)
}

// hexID is an id of ours: hex digits, stored as the bytes that they stand for. What is none is stored as it is.
type hexID string

// MarshalCBOR makes a byte string, or a text of what is no id.
func (id hexID) MarshalCBOR() ([]byte, error) {
	if raw, err := hex.DecodeString(string(id)); err == nil && hex.EncodeToString(raw) == string(id) {
		return cbor.Marshal(raw)
	}
	return cbor.Marshal(string(id))
}

// UnmarshalCBOR reads what MarshalCBOR makes.
func (id *hexID) UnmarshalCBOR(data []byte) error {
	var value any
	if err := cbor.Unmarshal(data, &value); err != nil {
		return err
	}
	switch value := value.(type) {
	case []byte:
		*id = hexID(hex.EncodeToString(value))
	case string:
		*id = hexID(value)
	default:
		return errRecord
	}
	return nil
}

// slot is the beginning of all keys of one account: they share a hash slot in Redis Cluster.
func slot(tag [tagSize]byte) string {
	return "ispgate:{" + base64.RawURLEncoding.EncodeToString(tag[:]) + "}:"
}

const recordKey = "s:"

// keys have names of at most 44 bytes, which take 48 in Redis; one more would take 64.
type keys struct{ record, index string }

func keysOf(t token) keys {
	slot, digest := slot(t.tag), t.digest()
	return keys{slot + recordKey + digest, slot + "idx"}
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

// warm has the library learn our forms before requests come at once: the race detector objects to what it does at the first meeting.
func warm(box *keyring.Box) {
	var r record
	var c storedCard
	whole := record{Name: new(string), CodeAt: new(int64), Note: Note{Pending: &Pending{Made: time.Unix(0, 0)}}}
	if err := errors.Join(open(box, seal(box, whole), &r), open(box, seal(box, c), &c)); err != nil {
		panic("session: " + err.Error()) // we just sealed them
	}
}

// stored is the value of a record's key.
func (m *Manager) stored(t token, e entry) []byte {
	return append(e.clock.bytes(), m.sealRecord(t, e.record)...)
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

// entry is what Redis says of a token. The zero entry is nobody.
type entry struct {
	record record
	clock  clock
}

// decode reads the value of a record's key; nil: there is none. Whatever is missing, idle or does not open makes it nobody's.
func (m *Manager) decode(t token, value any) (entry, error) {
	text, ok := value.(string)
	if !ok {
		return entry{}, nil
	}
	e, err := m.openStored(t, text)
	if err != nil || !e.record.Retired && m.idle(e.clock) {
		return entry{}, err
	}
	return e, nil
}

// openStored opens what stored made for the same token.
func (m *Manager) openStored(t token, value string) (entry, error) {
	c, sealed, err := readClock(value)
	if err != nil {
		return entry{}, err
	}
	r, err := m.openRecord(t, []byte(sealed))
	return entry{r, c}, err
}
