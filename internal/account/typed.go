package account

import (
	"crypto/rand"
	"strings"
)

// Recovery codes and tickets are typed by people: letters of an alphabet of 31 without look-alikes, in groups of four.
const (
	typedAlphabet = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
	typedGroup    = 4
)

// newTyped makes a secret of so many letters from crypto/rand, each worth 4.95 bits.
func newTyped(letters int) string {
	var b strings.Builder
	for n := 0; n < letters; {
		var raw [32]byte
		rand.Read(raw[:]) // never fails
		for _, c := range raw {
			if int(c) >= 256-256%len(typedAlphabet) || n == letters {
				continue // a remainder would favour the first letters
			}
			if n > 0 && n%typedGroup == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(typedAlphabet[int(c)%len(typedAlphabet)])
			n++
		}
	}
	return b.String()
}

// parseTyped takes such a secret as typed: any case, spaces and dashes wherever.
func parseTyped(typed string, letters int) (string, bool) {
	if len(typed) > 128 {
		return "", false
	}
	plain := strings.ToUpper(strings.NewReplacer("-", "", " ", "", "\t", "", "\r", "", "\n", "").Replace(typed))
	if len(plain) != letters || strings.Trim(plain, typedAlphabet) != "" {
		return "", false
	}
	return plain, true
}
