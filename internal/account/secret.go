package account

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"github.com/pquerna/otp"
)

// secretSize is 160 bit: RFC 4226 §4, R6, recommends it.
const secretSize = 20

// Secret is a TOTP secret. It cannot be printed, logged or marshalled by accident; the zero value matches no code.
type Secret struct{ raw []byte }

// NewSecret makes one of 160 bit from crypto/rand.
func NewSecret() (Secret, error) {
	raw := make([]byte, secretSize)
	if _, err := rand.Read(raw); err != nil {
		return Secret{}, fmt.Errorf("make a secret: %w", err)
	}
	return Secret{raw}, nil
}

// ParseSecret takes back what Bytes gave.
func ParseSecret(raw []byte) (Secret, error) {
	if len(raw) != secretSize {
		return Secret{}, errors.New("a TOTP secret has 20 bytes")
	}
	return Secret{append([]byte(nil), raw...)}, nil
}

// Bytes is the secret in clear, to be sealed at once.
func (s Secret) Bytes() []byte { return append([]byte(nil), s.raw...) }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return len(s.raw) == 0 }

func (s Secret) base32() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(s.raw)
}

// Key is the secret for typing: base32 in groups of four.
func (s Secret) Key() string {
	text := s.base32()
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), " ")
}

// URI is the otpauth:// address that apps read from a QR code: SHA1, 6 digits, 30 s. A colon in the issuer becomes a
// space: it would end the issuer in the label, and apps refuse labels that contradict the issuer parameter.
func (s Secret) URI(issuer, name string) string {
	issuer = strings.Join(strings.Fields(strings.ReplaceAll(issuer, ":", " ")), " ")
	label := uriEscape(name)
	query := "?secret=" + s.base32() + "&algorithm=SHA1&digits=6&period=30"
	if issuer != "" {
		label = uriEscape(issuer) + ":" + label
		query += "&issuer=" + uriEscape(issuer)
	}
	key, err := otp.NewKeyFromURL("otpauth://totp/" + label + query)
	if err != nil {
		return "" // every reserved byte is escaped: net/url takes it
	}
	return key.String()
}

// uriEscape leaves no reserved byte; a space is %20, because apps do not read "+" as one.
func uriEscape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

const redacted = "[secret]"

// Format hides the secret from every verb of fmt, %d included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String hides the secret.
func (s Secret) String() string { return redacted }

// GoString hides the secret.
func (s Secret) GoString() string { return redacted }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the secret from JSON, YAML and XML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
