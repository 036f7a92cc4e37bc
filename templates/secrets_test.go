package templates

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestRecoveryCodesStandAlone: each code is the whole text of one element (design 5).
func TestRecoveryCodesStandAlone(t *testing.T) {
	page := render(t, testSet(t, nil), RecoveryCodes{Codes: sampleCodes, Account: "a", Made: sampleTime, Enabled: true, ContinueURL: "/"})
	var got []string
	var link string
	for _, n := range elements(t, page) {
		if n.Data == "code" {
			got = append(got, n.FirstChild.Data)
		}
		if has(n, "download") {
			link = attr(n, "href")
		}
	}
	if !slices.Equal(got, sampleCodes) {
		t.Errorf("codes %q", got)
	}
	text, err := url.PathUnescape(strings.TrimPrefix(link, "data:text/plain;charset=utf-8,"))
	if err != nil || !strings.Contains(text, "\r\n"+strings.Join(sampleCodes, "\r\n")+"\r\n") {
		t.Errorf("the download says %q, %v", text, err)
	}
}

// TestSetupIsShown: the otpauth link and the key arrive unchanged.
func TestSetupIsShown(t *testing.T) {
	var link, key string
	for _, n := range elements(t, render(t, testSet(t, nil), samplePage[TwoFactorOff]("off"))) {
		if strings.HasPrefix(attr(n, "href"), "otpauth:") {
			link = attr(n, "href")
		}
		if attr(n, "id") == "setup-key" {
			key = textOf(n)
		}
	}
	off := samplePage[TwoFactorOff]("off")
	if link != string(off.URI) || key != off.Key {
		t.Errorf("link %q, key %q", link, key)
	}
}

func samplePage[P Page](name string) P {
	for _, s := range samples() {
		if s.name == name {
			return s.page.(P)
		}
	}
	panic("no sample " + name)
}

// TestLoginKeepsOnlyTheName: after a wrong password the name stands in its field, escaped, and the password field is empty.
func TestLoginKeepsOnlyTheName(t *testing.T) {
	for _, name := range []string{"operator@demo.isp", `"><script>alert(1)</script>`, "ব্যবহারকারী", "{product}"} {
		page := render(t, testSet(t, nil), Login{Action: "/ispgate/login", Username: name, Error: Say(LoginWrong)})
		for _, n := range elements(t, page) {
			if attr(n, "name") == "username" && attr(n, "value") != name {
				t.Errorf("name %q became %q", name, attr(n, "value"))
			}
			if attr(n, "name") == "password" && has(n, "value") {
				t.Error("the password field has a value")
			}
			if n.Data == "script" && attr(n, "src") == "" {
				t.Errorf("name %q became a script", name)
			}
		}
	}
}

// TestValuesAreNotTexts: a value with braces is not filled in again, and markup in it stays text.
func TestValuesAreNotTexts(t *testing.T) {
	s := testSet(t, func(l *Look) { l.Product, l.Issuer = "{issuer} <b>", "Bills" })
	page := render(t, s, Verify{Action: "/x", RecoveryURL: "/r", RestartURL: "/l"})
	if !strings.Contains(page, "{issuer} &lt;b&gt;") || strings.Contains(page, "<b>") {
		t.Error("the product's name was read as a text or as markup")
	}
}

// failing refuses every write.
type failing struct{ writes int }

func (f *failing) Write([]byte) (int, error) { f.writes++; return 0, errors.New("gone") }

func TestRenderReportsAFailedWrite(t *testing.T) {
	f := &failing{}
	if err := testSet(t, nil).Render(f, sampleFrame, Logout{Action: "/x", BackURL: "/"}); err == nil || f.writes != 1 {
		t.Errorf("error %v after %d writes", err, f.writes)
	}
}
