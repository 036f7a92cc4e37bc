package mission

import (
	"encoding/base32"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// authenticator is the app on the phone: it knows what its camera read, and oathtool makes its codes.
type authenticator struct {
	t      *testing.T
	issuer string
	user   string
	secret string // base32
	phone  *office.Phone
}

// scan photographs the QR code of the page and reads it with zbarimg. The address inside is taken apart by net/url alone.
func scan(b *tab) *authenticator {
	b.t.Helper()
	photo, err := chromedp.Run(b.ctx, chromedp.Screenshot(chromedp.CSS(".qr")))
	if err != nil {
		b.t.Fatalf("photograph the QR code: %v", err)
	}
	text := readQR(b.t, photo)
	uri, err := url.Parse(text)
	if err != nil {
		b.t.Fatalf("QR code %q: %v", text, err)
	}
	label, query := strings.TrimPrefix(uri.Path, "/"), uri.Query()
	issuer, user, _ := strings.Cut(label, ":")
	for what, pair := range map[string][2]string{
		"scheme": {uri.Scheme, "otpauth"}, "kind": {uri.Host, "totp"}, "issuer in the label": {issuer, "ISPBills"},
		"issuer": {query.Get("issuer"), "ISPBills"}, "algorithm": {query.Get("algorithm"), "SHA1"},
		"digits": {query.Get("digits"), "6"}, "period": {query.Get("period"), "30"},
	} {
		if pair[0] != pair[1] {
			b.t.Errorf("QR code %q: %s %q, want %q", text, what, pair[0], pair[1])
		}
	}
	secret := query.Get("secret")
	if raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil || len(raw) != 20 {
		b.t.Fatalf("QR code %q: the secret is not 160 bits of base32 (%v)", text, err)
	}
	return &authenticator{t: b.t, issuer: issuer, user: user, secret: secret, phone: &office.Phone{Secret: secret}}
}

// readQR returns what zbarimg reads in a picture. Its errors are kept apart: without a D-Bus it says so each time.
func readQR(t *testing.T, png []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "photo.png")
	if err := os.WriteFile(file, png, 0o600); err != nil {
		t.Fatalf("read QR code: %v", err)
	}
	text, err := exec.Command(harness.Need(t, "zbarimg", "zbar-tools"), "--raw", "--quiet", file).Output()
	if err != nil {
		t.Fatalf("zbarimg finds no QR code: %v", err)
	}
	return strings.TrimSpace(string(text))
}

// code returns a code that the gateway takes now and that was not given before.
func (a *authenticator) code() string { a.t.Helper(); return a.phone.Code(a.t) }

// again returns the newest code a second time.
func (a *authenticator) again() string { a.t.Helper(); return a.phone.At(a.t, a.phone.Step()) }

// wrong returns six digits that are no code of these minutes.
func (a *authenticator) wrong() string { a.t.Helper(); return a.phone.Wrong(a.t) }
