package account

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

const (
	documentFormat  = "ispgate accounts"
	documentVersion = 1 // another one for every change of the moved tables
)

// ErrDocument says that a document is not a whole export that this program reads.
var ErrDocument = errors.New("the document cannot be imported")

// Document is an export: the rows of every account and what hangs on them as they are in the database, secrets sealed, and one
// MAC over them all. It says who has a second factor, and opens nothing without the key file. The audit trail is not in it.
type Document struct {
	Exported time.Time
	rows     map[string][][]any // by table; the values in the order of its columns
	mac      []byte
}

// content is what a column holds.
type content int

const (
	text content = iota // string
	number
	octets // []byte: sealed values and MACs
)

type column struct {
	name string
	of   content
}

// table is one that a document holds, its key first. inert: a row that does not verify lets nobody in and closes nothing.
type table struct {
	name    string
	inert   bool
	columns []column
}

// moved leaves out the audit trail, which stays with the database that wrote it, and challenges, which end with the sessions.
var moved = []table{
	{"meta", false, []column{{"name", text}, {"value", text}, {"turn", number}, {"mac", octets}}},
	{"accounts", false, []column{{"id", text}, {"panel", text}, {"panel_key", text}, {"name", text}, {"state", text}, {"generation", number},
		{"enabled_at", number}, {"factors", text}, {"code_set", text}, {"turn", number}, {"created_at", number}, {"mac", octets}}},
	{"factors", false, []column{{"id", text}, {"account", text}, {"kind", text}, {"secret", octets}, {"created_at", number}}},
	{"spent_steps", false, []column{{"account", text}, {"last_step", number}, {"spent_at", number}}},
	{"recovery_codes", true, []column{{"account", text}, {"mac", octets}, {"code_set", text}, {"created_at", number}, {"used_at", number}}},
	{"browsers", true, []column{{"id", text}, {"mac", octets}, {"address", text}, {"user_agent", text}, {"created_at", number}, {"seen_at", number}}},
	{"browser_accounts", true, []column{{"browser", text}, {"account", text}, {"factor", text}, {"trusted_until", number}, {"created_at", number}, {"mac", octets}}},
	{"budgets", false, []column{{"account", text}, {"pool", text}, {"turn", number}, {"extra", number}}},
	{"failures", false, []column{{"account", text}, {"pool", text}, {"turn", number}, {"challenge", number}, {"at", number}, {"refunded", number}}},
	{"spellings", false, []column{{"account", text}, {"spelling", text}, {"panel", text}, {"created_at", number}, {"mac", octets}}},
	{"tickets", true, []column{{"account", text}, {"expires_at", number}, {"mac", octets}}},
	{"revoked", false, []column{{"turn", number}, {"account", text}, {"generation", number}, {"session", text}, {"at", number}}},
}

// Accounts is how many there are in it.
func (d *Document) Accounts() int { return len(d.rows["accounts"]) }

// parts are what the MAC covers: every value that an import uses, however the JSON is laid out.
func (d *Document) parts() []string {
	parts := []string{documentFormat, strconv.Itoa(documentVersion), d.Exported.UTC().Format(time.RFC3339Nano)}
	for _, t := range moved {
		parts = append(parts, t.name, strconv.Itoa(len(d.rows[t.name])))
		for _, row := range d.rows[t.name] {
			for _, value := range row {
				if raw, ok := value.([]byte); ok {
					value = string(raw)
				}
				parts = append(parts, fmt.Sprint(value))
			}
		}
	}
	return parts
}

// written is a document as JSON has it.
type written struct {
	Format   string                      `json:"format"`
	Version  int                         `json:"version"`
	Exported time.Time                   `json:"exported"`
	Tables   map[string][]map[string]any `json:"tables"`
	MAC      []byte                      `json:"mac"`
}

// MarshalJSON writes octets in base64, a row as an object.
func (d *Document) MarshalJSON() ([]byte, error) {
	out := written{documentFormat, documentVersion, d.Exported.UTC(), map[string][]map[string]any{}, d.mac}
	for _, t := range moved {
		out.Tables[t.name] = []map[string]any{}
		for _, row := range d.rows[t.name] {
			fields := map[string]any{}
			for i, c := range t.columns {
				fields[c.name] = row[i]
			}
			out.Tables[t.name] = append(out.Tables[t.name], fields)
		}
	}
	return json.Marshal(out)
}

// ReadDocument takes what MarshalJSON wrote. It returns ErrDocument where that is cut off, of another version or not an
// export at all; what was changed in it shows when it is imported.
func ReadDocument(in io.Reader) (*Document, error) {
	raw, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	var head struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("%w: it is cut off, or no JSON: %w", ErrDocument, err)
	}
	if head.Format != documentFormat {
		return nil, fmt.Errorf("%w: it was not made by ispgate users export", ErrDocument)
	}
	if head.Version != documentVersion {
		return nil, fmt.Errorf("%w: it is of version %d and this ispgate reads version %d: export and import with the same ispgate",
			ErrDocument, head.Version, documentVersion)
	}
	var w written
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&w); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return w.document()
}

func (w written) document() (*Document, error) {
	d := &Document{Exported: w.Exported, rows: map[string][][]any{}, mac: w.MAC}
	if len(w.Tables) != len(moved) {
		return nil, fmt.Errorf("%w: it has %d tables, not %d", ErrDocument, len(w.Tables), len(moved))
	}
	for _, t := range moved {
		for n, fields := range w.Tables[t.name] {
			row, err := t.row(fields)
			if err != nil {
				return nil, fmt.Errorf("%w: %s, row %d: %w", ErrDocument, t.name, n+1, err)
			}
			d.rows[t.name] = append(d.rows[t.name], row)
		}
	}
	return d, nil
}

func (t table) row(fields map[string]any) (row []any, err error) {
	if len(fields) != len(t.columns) {
		return nil, fmt.Errorf("it has %d fields, not %d", len(fields), len(t.columns))
	}
	for _, c := range t.columns {
		value, err := c.read(fields[c.name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		row = append(row, value)
	}
	return row, nil
}

func (c column) read(value any) (any, error) {
	if n, ok := value.(json.Number); ok && c.of == number {
		return n.Int64()
	}
	s, ok := value.(string)
	switch {
	case !ok || c.of == number:
		return nil, errors.New("it is missing, or of another kind")
	case c.of == octets:
		return base64.StdEncoding.DecodeString(s)
	}
	return s, nil
}
