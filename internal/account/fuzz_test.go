package account

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pquerna/otp"
)

// FuzzURI: whatever a person or a product is called, an app that reads the address finds this secret, these parameters and this
// name, and nothing else.
func FuzzURI(f *testing.F) {
	for _, name := range []string{"clerk@example.net", "a:b", "a/b?c=d&secret=JBSWY3DPEHPK3PXP#e", "José", "", "%3A", "+ ", "\x00\n", "user&issuer=Evil", "\xff"} {
		f.Add("ISPBills", name)
		f.Add(name, "clerk")
	}
	secret, err := NewSecret()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, issuer, name string) {
		text := secret.URI(issuer, name)
		for i := range len(text) {
			if text[i] <= ' ' || text[i] > '~' || strings.IndexByte("\"<>\\^`{|}", text[i]) >= 0 {
				t.Fatalf("%q, %q: byte %#x in %q", issuer, name, text[i], text)
			}
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Fragment != "" || u.User != nil {
			t.Fatalf("%q, %q: %q, %v", issuer, name, text, err)
		}
		for key, want := range map[string]string{"secret": secret.base32(), "algorithm": "SHA1", "digits": "6", "period": "30"} {
			if got := u.Query()[key]; len(got) != 1 || got[0] != want {
				t.Errorf("%q, %q: %s is %q", issuer, name, key, got)
			}
		}
		if len(u.Query()) > 5 {
			t.Errorf("%q, %q: more parameters than ours: %q", issuer, name, u.RawQuery)
		}
		key, err := otp.NewKeyFromURL(text)
		if err != nil {
			t.Fatal(err)
		}
		_, label, cut := strings.Cut(strings.TrimPrefix(u.Path, "/"), ":")
		if !cut {
			label = strings.TrimPrefix(u.Path, "/")
		}
		if utf8.ValidString(name) && utf8.ValidString(issuer) && u.Query().Get("issuer") != "" && (label != name || key.Issuer() != u.Query().Get("issuer")) {
			t.Errorf("%q, %q: the app shows %q of %q", issuer, name, label, key.Issuer())
		}
	})
}
