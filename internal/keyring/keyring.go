// Package keyring holds the master keys and the three things done with them: Seal, Open and MAC, each for one named
// purpose.
//
// It owns the key file (YAML, 0600) and the derivation of every key in the program: HKDF-SHA256 over a master key,
// separated by purpose. The first key of the file writes, all of them read; each sealed value and each MAC begins with
// the id of its key. It knows nothing of what is sealed.
//
//	master key ── HKDF(purpose, secret) ──> Box ── Seal / Open (AES-256-GCM, AAD = purpose + binding)
//	          └── HKDF(purpose)        ──> MAC  (HMAC-SHA-256 over length-prefixed parts)
//
// A ring that adopts other keys changes in place: whoever derived something from it follows (Following).
package keyring

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

const idSize = 4

// ErrUnknownKey says that a value names a key that the key file has no longer (S36). What was never sealed names any.
var ErrUnknownKey = errors.New("sealed under a key that is not in the key file, or never sealed")

// ErrForged says that a value was not sealed by this keyring for this purpose and binding.
var ErrForged = errors.New("sealed value does not open")

type key struct {
	id     [idSize]byte
	master []byte
}

// Ring is a set of master keys. It is safe for concurrent use; only Adopt changes it.
type Ring struct {
	now atomic.Pointer[[]key] // the first one writes
}

func ringOf(keys ...key) *Ring {
	r := &Ring{}
	r.now.Store(&keys)
	return r
}

func (r *Ring) keys() []key { return *r.now.Load() }

// New makes a ring of one random key that exists only in memory.
func New() (*Ring, error) {
	k, err := newKey()
	if err != nil {
		return nil, err
	}
	return ringOf(k), nil
}

func newKey() (key, error) {
	k := key{master: make([]byte, KeySize)}
	if _, err := rand.Read(k.master); err != nil {
		return key{}, fmt.Errorf("read random bytes: %w", err)
	}
	if _, err := rand.Read(k.id[:]); err != nil {
		return key{}, fmt.Errorf("read random bytes: %w", err)
	}
	return k, nil
}

func (k key) name() string { return hex.EncodeToString(k.id[:]) }

// derive returns n bytes of HKDF-SHA256 (RFC 5869): the master key is the input, secret the salt, purpose the info.
func (k key) derive(purpose string, secret []byte, n int) []byte {
	out, err := hkdf.Key(sha256.New, k.master, secret, purpose, n)
	if err != nil {
		panic("keyring: " + err.Error()) // only for n > 255*32
	}
	return out
}

// Derive returns one 32-byte key for each master key, the writing one first, for libraries that bring their own
// construction (securecookie).
func (r *Ring) Derive(purpose string) [][]byte {
	keys := r.keys()
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = k.derive(purpose, nil, KeySize)
	}
	return out
}

// MAC authenticates parts for a purpose under the writing key. The result begins with the key's id and is 36 bytes long.
func (r *Ring) MAC(purpose string, parts ...string) []byte {
	return r.keys()[0].mac(purpose, parts)
}

// MACs returns what MAC would give under each key of the ring, the writing one first: for look-ups by MAC.
func (r *Ring) MACs(purpose string, parts ...string) [][]byte {
	keys := r.keys()
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = k.mac(purpose, parts)
	}
	return out
}

// CheckMAC compares mac with what MAC makes for the same purpose and parts, in constant time. It returns ErrUnknownKey or
// ErrForged where they differ.
func (r *Ring) CheckMAC(mac []byte, purpose string, parts ...string) error {
	k, ok := find(r.keys(), mac)
	switch {
	case len(mac) < idSize:
		return ErrForged
	case !ok:
		return unknown(mac)
	case !hmac.Equal(mac, k.mac(purpose, parts)):
		return ErrForged
	}
	return nil
}

func unknown(sealed []byte) error { return fmt.Errorf("%w: id %x", ErrUnknownKey, sealed[:idSize]) }

func (k key) mac(purpose string, parts []string) []byte {
	h := hmac.New(sha256.New, k.derive("mac/"+purpose, nil, KeySize))
	h.Write(join(nil, parts...))
	return h.Sum(append(make([]byte, 0, idSize+sha256.Size), k.id[:]...))
}

func find(keys []key, sealed []byte) (key, bool) {
	if len(sealed) < idSize {
		return key{}, false
	}
	for _, k := range keys {
		if [idSize]byte(sealed[:idSize]) == k.id {
			return k, true
		}
	}
	return key{}, false
}

// ID names the writing key, for logs.
func (r *Ring) ID() string { return r.keys()[0].name() }

// join writes each part behind its length, so that ("ab","c") and ("a","bc") differ.
func join(out []byte, parts ...string) []byte {
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p))) // #nosec G115 -- purposes and values are far below 4 GiB
		out = append(out, p...)
	}
	return out
}
