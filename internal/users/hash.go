package users

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/bcrypt"
)

const (
	maxBcrypt     = 72      // bytes of a password that bcrypt looks at
	weakBcrypt    = 10      // OWASP Password Storage Cheat Sheet: the least cost
	maxBcryptCost = 15      // some seconds
	maxMemory     = 1 << 20 // KiB of argon2id
	maxPasses     = 64
)

// Both forms whole: what libraries do not look at must not be there.
var (
	bcryptForm   = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)
	argon2idForm = regexp.MustCompile(`^\$argon2id\$v=19\$m=[0-9]{1,10},t=[0-9]{1,10},p=[0-9]{1,3}\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$`)
)

const makeNew = "make a new one: ispgate users hash NAME"

// kindOf names what it costs to compare with a hash: of two hashes of one kind nobody can tell which was compared.
func kindOf(hash string) (string, error) {
	switch {
	case bcryptForm.MatchString(hash):
		cost, err := bcrypt.Cost([]byte(hash))
		if err != nil || cost > maxBcryptCost {
			return "", fmt.Errorf("has a bcrypt cost that is not from 4 to %d (%s)", maxBcryptCost, makeNew)
		}
		return fmt.Sprintf("bcrypt, cost %d", cost), nil
	case argon2idForm.MatchString(hash):
		p, _, _, err := argon2id.DecodeHash(hash)
		if err != nil {
			return "", errors.New("has a damaged argon2id hash (" + makeNew + ")")
		}
		if p.Iterations < 1 || p.Iterations > maxPasses || p.Parallelism < 1 || p.Memory > maxMemory {
			return "", fmt.Errorf("has argon2id parameters out of bounds: m at most %d, t from 1 to %d, p from 1 to 255 (%s)", maxMemory, maxPasses, makeNew)
		}
		return fmt.Sprintf("argon2id, m=%d t=%d p=%d", p.Memory, p.Iterations, p.Parallelism), nil
	}
	return "", errors.New(foreign(hash) + " (only bcrypt and argon2id are taken; " + makeNew + ")")
}

// foreign says what a hash is that is not taken. It is never quoted: it may be a password in clear.
func foreign(hash string) string {
	for prefix, name := range map[string]string{"$apr1$": "has an MD5 hash", "$1$": "has an MD5 hash", "{SHA}": "has a SHA-1 hash", "$5$": "has a SHA-256 crypt hash",
		"$6$": "has a SHA-512 crypt hash", "$2": "has a damaged bcrypt hash", "$argon2i$": "has an argon2i hash", "$argon2d$": "has an argon2d hash", "$argon2id$": "has a damaged argon2id hash", "$y$": "has a yescrypt hash"} {
		if strings.HasPrefix(hash, prefix) {
			return name
		}
	}
	return "has no hash that is known"
}

// matches compares in constant time. bcrypt does not look at what follows byte 72, and repeats a password with a NUL after it, so
// that "a" and "a\x00a" are one to it: such passwords are nobody's (S30). The work is done all the same (S28).
func matches(hash, password string) bool {
	if !strings.HasPrefix(hash, "$2") {
		ok, err := argon2id.ComparePasswordAndHash(password, hash)
		return ok && err == nil
	}
	fits := len(password) <= maxBcrypt && !strings.Contains(password, "\x00")
	err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password[:min(len(password), maxBcrypt)]))
	return fits && err == nil
}

// Hash makes the hash of a new password: argon2id with the parameters of the OWASP Password Storage Cheat Sheet (19 MiB, two
// passes), or bcrypt of cost 12, which takes at most 72 bytes and no NUL.
func Hash(password string, asBcrypt bool) (string, error) {
	switch {
	case password == "":
		return "", errors.New("the password is empty")
	case len(password) > MaxPassword:
		return "", fmt.Errorf("the password has %d bytes: at most %d", len(password), MaxPassword)
	case !asBcrypt:
		return argon2id.CreateHash(password, &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	case len(password) > maxBcrypt:
		return "", fmt.Errorf("the password has %d bytes: bcrypt looks at %d only; leave --bcrypt out", len(password), maxBcrypt)
	case strings.Contains(password, "\x00"):
		return "", errors.New("the password holds a NUL, which bcrypt cannot tell from its end; leave --bcrypt out")
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), 12)
	return string(hash), err
}
