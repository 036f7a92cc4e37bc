package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
)

// Box seals and opens values for one purpose. It keeps its ciphers, so one that is used often should be kept. It is safe for concurrent use.
type Box struct {
	purpose string
	ciphers func() ciphers // of the ring's keys of now
}

type ciphers struct {
	keys  []key
	aeads []cipher.AEAD // in the order of keys
}

// Box derives the sealing keys of a purpose. A non-empty secret is mixed into them: then neither the key file nor the
// secret alone opens what was sealed.
func (r *Ring) Box(purpose string, secret []byte) *Box {
	return &Box{purpose, Following(r, func(r *Ring) ciphers {
		c := ciphers{keys: r.keys()}
		for _, k := range c.keys {
			c.aeads = append(c.aeads, newAEAD(k.derive("seal/"+purpose, secret, KeySize)))
		}
		return c
	})}
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("keyring: " + err.Error()) // only for a wrong key length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("keyring: " + err.Error())
	}
	return aead
}

// Seal encrypts plaintext under the writing key: key id ‖ nonce ‖ ciphertext. It opens only with the same binding.
func (b *Box) Seal(plaintext []byte, binding ...string) []byte {
	c := b.ciphers()
	aead := c.aeads[0]
	out := make([]byte, idSize+aead.NonceSize(), idSize+aead.NonceSize()+len(plaintext)+aead.Overhead())
	copy(out, c.keys[0].id[:])
	if _, err := rand.Read(out[idSize:]); err != nil {
		panic("keyring: " + err.Error()) // crypto/rand never fails on the platforms we run on
	}
	return aead.Seal(out, out[idSize:], plaintext, b.aad(binding))
}

// Open decrypts what Seal made for the same purpose, secret and binding. It returns ErrUnknownKey or ErrForged.
func (b *Box) Open(sealed []byte, binding ...string) ([]byte, error) {
	c := b.ciphers()
	n := idSize + c.aeads[0].NonceSize()
	if len(sealed) < n+c.aeads[0].Overhead() {
		return nil, ErrForged
	}
	for i, k := range c.keys {
		if [idSize]byte(sealed[:idSize]) != k.id {
			continue
		}
		plaintext, err := c.aeads[i].Open(nil, sealed[idSize:n], sealed[n:], b.aad(binding))
		if err != nil {
			return nil, ErrForged
		}
		return plaintext, nil
	}
	return nil, unknown(sealed)
}

func (b *Box) aad(binding []string) []byte {
	return join(join(make([]byte, 0, 128), b.purpose), binding...) // long enough for all but a long name
}
