package keyring

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

const fileHead = "# ispgate keys. The first key writes, all read. Whoever has this file can read every secret: keep it 0600.\n"

type file struct {
	Keys []fileKey `yaml:"keys"`
}

type fileKey struct {
	ID  string `yaml:"id"`
	Key string `yaml:"key"`
}

// Create writes a key file with one random key, mode 0600 in a 0700 directory, which it makes; one that is there and open to
// others is refused (S43). An existing file is never overwritten: the error is fs.ErrExist (errors.Is). After any other
// error there is no file.
func Create(path string) error {
	ring, err := New()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the directory of the key file: %w", err)
	}
	if err := PrivateDirectory("key file", path); err != nil {
		return err
	}
	return writeNew(path, ring)
}

// writeNew writes a file that is not there yet, or none.
func writeNew(path string, ring *Ring) error {
	text, err := yaml.Marshal(ring.file())
	if err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the operator names it
	if err != nil {
		return fmt.Errorf("create the key file: %w", err)
	}
	_, err = f.Write(append([]byte(fileHead), text...))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the key file: %w", errors.Join(err, os.Remove(path))) // half a file would read as one that exists
	}
	return nil
}

func (r *Ring) file() file {
	var out file
	for _, k := range r.keys() {
		out.Keys = append(out.Keys, fileKey{k.name(), base64.StdEncoding.EncodeToString(k.master)})
	}
	return out
}

// Load reads a key file. It refuses one that group or world can use, also by its directory (S43), and any key that is
// malformed or doubled.
func Load(path string) (*Ring, error) {
	f, err := os.Open(path) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, fmt.Errorf("open the key file: %w (the first ispgate init makes one; afterwards put its copy back)", err)
	}
	defer f.Close()
	if err := errors.Join(Private("key file", path), PrivateDirectory("key file", path)); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	ring, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return ring, nil
}

func parse(text []byte) (*Ring, error) {
	var in file
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&in); err != nil {
		return nil, errors.New("is not a list of keys (id, key)") // yaml's own message quotes the text: a key
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("goes on after its list of keys") // a second document: keys in it would not be read
	}
	if len(in.Keys) == 0 {
		return nil, errors.New("has no keys")
	}
	var keys []key
	for i, fk := range in.Keys {
		id, idErr := hex.DecodeString(fk.ID)
		master, keyErr := base64.StdEncoding.DecodeString(fk.Key)
		if idErr != nil || len(id) != idSize || keyErr != nil || len(master) != KeySize {
			return nil, fmt.Errorf("key %d is malformed: id is 8 hex digits, key is base64 of %d bytes", i+1, KeySize)
		}
		if _, known := find(keys, id); known {
			return nil, fmt.Errorf("key id %s occurs twice", fk.ID)
		}
		keys = append(keys, key{id: [idSize]byte(id), master: master})
	}
	return ringOf(keys...), nil
}
