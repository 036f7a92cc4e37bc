package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small is a configuration without faults; tests add to it.
const small = `public_url: https://panel.example.net
trusted_proxies: [127.0.0.1/32]
panel: {url: http://127.0.0.1:8000, profile: ispbills}
`

func TestUnreadableFilesAreFaults(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): "does not exist",
		dir:                             "is a directory",
	} {
		c, err := Load(name, nil)
		var faults Faults
		if c != nil || !errors.As(err, &faults) || len(faults) != 1 {
			t.Fatalf("%s: got %v, %v", name, c, err)
		}
		if f := faults[0]; f.File != name || f.Line != 0 || !strings.Contains(f.Problem, want) {
			t.Errorf("%s: fault %q, want %q", name, err, want)
		}
	}
}

func TestLargeFileIsRefused(t *testing.T) {
	path := write(t, "big.yaml", small+strings.Repeat("# more\n", mostBytes/7+1), 0o600)
	if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), "is larger than") {
		t.Errorf("got %v", err)
	}
}

func TestFaultsComeByLineThenByVariable(t *testing.T) {
	_, err := parse("f.yaml", []byte("zzz: 1\nlog: {level: x}\n"+small+"listen: 1\n"), []string{"ISPGATE_Z=1", "ISPGATE_A=1"})
	var places []string
	for _, f := range err.(Faults) {
		place, _, _ := strings.Cut(f.String(), ": ")
		places = append(places, place)
	}
	if got, want := strings.Join(places, " "), "f.yaml:1 f.yaml:2 f.yaml:6 environment environment"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
}

// The deadline is the start of its day, where the operators are.
func TestGraceEndsAtMidnightInTheTimezone(t *testing.T) {
	c, err := parse("f.yaml", []byte(small+"two_factor: {grace_until: 2026-03-31}\nui: {timezone: Asia/Dhaka}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 3, 30, 18, 0, 0, 0, time.UTC); !c.TwoFactor.GraceUntil.Equal(want) {
		t.Errorf("grace until %v, want %v", c.TwoFactor.GraceUntil.UTC(), want)
	}
}

func TestProfileNodeKeepsItsLines(t *testing.T) {
	c, err := parse("f.yaml", []byte("public_url: http://localhost\npanel:\n  url: http://10.0.0.1\n  profile:\n    base: laravel\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := c.Panel.Profile; p.Name != "" || p.File != "f.yaml" || p.Node.Line != 5 || p.Node.Content[1].Value != "laravel" {
		t.Errorf("profile %+v", p)
	}
}

// S3: nobody is trusted unless he is named.
func TestS03_NobodyIsTrustedByDefault(t *testing.T) {
	if d := Default(); len(d.TrustedProxies) > 0 || d.TrustEveryone {
		t.Errorf("trusted by default: %v, everyone %v", d.TrustedProxies, d.TrustEveryone)
	}
	c, err := parse("f.yaml", []byte("public_url: http://localhost\npanel: {url: http://10.0.0.1, profile: laravel}\n"), nil)
	if err != nil || len(c.TrustedProxies) > 0 {
		t.Errorf("trusted without being named: %v, %v", c, err)
	}
}

func TestS03_EverybodyNeedsTheSwitch(t *testing.T) {
	for networks, wide := range map[string]bool{
		"0.0.0.0/0": true, "'::/0'": true, "0.0.0.0/1, 128.0.0.0/1": true, "'::/1', '8000::/1'": true, "8.0.0.0/7": true, "2000::/3": true,
		"fc00::/6": true, "8.0.0.0/8, 9.0.0.0/32": true, "'2400::/16', '2600::/64'": true,
		"8.0.0.0/8, 8.8.0.0/16, 8.8.8.0/24": false, "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 127.0.0.0/8, 100.64.0.0/10, 8.0.0.0/8": false,
		"'fc00::/7', 'fe80::/10', '::1/128', '2400::/16'": false, "173.245.48.0/20, 104.16.0.0/13, 172.64.0.0/13, '2400:cb00::/32'": false,
	} {
		text := strings.Replace(small, "127.0.0.1/32", networks, 1)
		_, err := parse("f.yaml", []byte(text), nil)
		if (err != nil) != wide || wide && !strings.Contains(err.Error(), "trust_everyone") {
			t.Errorf("[%s] without trust_everyone: %v", networks, err)
		}
		c, err := parse("f.yaml", []byte(text+"trust_everyone: true\n"), nil)
		if err != nil || len(c.TrustedProxies) != strings.Count(networks, "/") {
			t.Errorf("[%s] was not taken with trust_everyone: %v", networks, err)
		}
	}
}

func TestDefaultIsFreshEachTime(t *testing.T) {
	Default().Listen[0] = "changed"
	if Default().Listen[0] == "changed" {
		t.Error("two callers share one default")
	}
}

func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path
}
