package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

var rfcSecret = Secret{[]byte("12345678901234567890")}

func TestCodesOfRFC4226(t *testing.T) { // appendix D
	for count, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got, ok := rfcSecret.codeAt(int64(count)); !ok || got != want {
			t.Errorf("count %d: got %s, want %s", count, got, want)
		}
	}
}

func TestCodesOfRFC6238(t *testing.T) { // appendix B, SHA-1, the last six of eight digits
	for unix, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924",
		2000000000: "279037", 20000000000: "353130"} {
		if got, ok := rfcSecret.codeAt(stepAt(time.Unix(unix, 0))); !ok || got != want {
			t.Errorf("%d: got %s, want %s", unix, got, want)
		}
	}
}

// oathtool is the second opinion: a code that our own code did not make.
func oathtool(t *testing.T, s Secret, at time.Time) string {
	t.Helper()
	out, err := exec.Command("oathtool", "--totp", "-b", "-N", at.UTC().Format("2006-01-02 15:04:05 UTC"), s.base32()).Output()
	if err != nil {
		t.Fatalf("oathtool (Debian package oathtool): %v", err)
	}
	return strings.TrimSpace(string(out))
}

func TestCodesOfOathtool(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(29, 0), time.Unix(30, 0), time.Unix(1_800_000_000, 0), time.Unix(4_000_000_017, 0)} {
		s, err := NewSecret()
		if err != nil {
			t.Fatal(err)
		}
		want := oathtool(t, s, at)
		if got, ok := s.codeAt(stepAt(at)); !ok || got != want {
			t.Errorf("%v: got %s, oathtool says %s", at, got, want)
		}
	}
}

func TestMatchingStep(t *testing.T) {
	now := time.Unix(1_800_000_015, 0)
	for _, c := range []struct {
		name      string
		off, skew int
		want      bool
	}{
		{"now", 0, 1, true}, {"one before", -1, 1, true}, {"one after", 1, 1, true},
		{"two before", -2, 1, false}, {"two after", 2, 1, false},
		{"one before without skew", -1, 0, false}, {"two before with skew 2", -2, 2, true}, {"three after with skew 2", 3, 2, false},
	} {
		code := oathtool(t, rfcSecret, now.Add(time.Duration(c.off)*30*time.Second))
		step, ok := rfcSecret.matchStep(code, now, c.skew)
		if ok != c.want || ok && step != now.Unix()/30+int64(c.off) {
			t.Errorf("%s: step %d, %v", c.name, step, ok)
		}
	}
	if _, ok := (Secret{}).matchStep("000000", now, 1); ok {
		t.Error("the zero secret matches a code")
	}
}

func TestS25_CodesAsTyped(t *testing.T) {
	for typed, want := range map[string]string{"012345": "012345", "012 345": "012345", " 0-1-2-3-4-5 ": "012345", "000000": "000000"} {
		if got, ok := parseCode(typed); !ok || got != want {
			t.Errorf("%q: got %q, %v", typed, got, ok)
		}
	}
	for _, typed := range []string{"", "12345", "1234567", "12345678", "+12345", "1e5000", "0x1234", "12345a", "１２３４５６", "٠١٢٣٤٥", "12345\n",
		"12345\x00", "123\u00a0456", "123–456", "\t123456", "1.2345", "123456,123456"} {
		if got, ok := parseCode(typed); ok {
			t.Errorf("%q was taken as %q", typed, got)
		}
	}
}

func FuzzS25_CodesAsTyped(f *testing.F) {
	f.Add("123 456")
	f.Add("١٢٣٤٥٦")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := parseCode(typed)
		if !ok {
			return
		}
		if n, err := strconv.ParseUint(code, 10, 32); err != nil || fmt.Sprintf("%06d", n) != code {
			t.Errorf("%q was taken as %q", typed, code)
		}
	})
}

func TestSecretIsUnprintable(t *testing.T) {
	s, err := NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Bytes())*8 != 160 {
		t.Errorf("a secret of %d bits", len(s.Bytes())*8)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%t"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", struct{ S Secret }{s})
		fmt.Fprintf(&out, verb+"\n", []Secret{s})
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("x", "secret", s, "inside", struct{ S Secret }{s})
	}
	if err := json.NewEncoder(&out).Encode(map[string]any{"s": s, "p": &s, "l": []Secret{s}}); err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{string(s.raw), s.base32(), fmt.Sprintf("%x", s.raw), fmt.Sprintf("%X", s.raw), strings.Trim(fmt.Sprint(s.raw), "[]"), s.Key()} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printed: %s", leak)
		}
	}
}

func TestSecretRoundTrip(t *testing.T) {
	s, _ := NewSecret()
	back, err := ParseSecret(s.Bytes())
	if err != nil || back.base32() != s.base32() {
		t.Fatal("ParseSecret(Bytes()) is another secret", err)
	}
	for _, raw := range [][]byte{nil, {}, make([]byte, 19), make([]byte, 21)} {
		if _, err := ParseSecret(raw); err == nil {
			t.Errorf("%d bytes were taken as a secret", len(raw))
		}
	}
	if key := s.Key(); len(key) != 39 || strings.ReplaceAll(key, " ", "") != s.base32() {
		t.Errorf("key %q", key)
	}
}

func TestS27_DriftAtEnrolment(t *testing.T) {
	now := time.Unix(1_800_000_015, 0)
	for _, want := range []time.Duration{0, -2 * time.Minute, 90 * time.Second, -time.Hour, time.Hour} {
		got, ok := Drift(rfcSecret, oathtool(t, rfcSecret, now.Add(want)), now)
		if !ok || got != want {
			t.Errorf("%v: got %v, %v", want, got, ok)
		}
	}
	if _, ok := Drift(rfcSecret, oathtool(t, rfcSecret, now.Add(2*time.Hour)), now); ok {
		t.Error("a drift of two hours was found")
	}
	if _, ok := Drift(rfcSecret, "12345", now); ok {
		t.Error("a drift of no code was found")
	}
}
