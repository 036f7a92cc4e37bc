package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const canary = "k4n4ry"

func TestS40_SecretIsNeverPrinted(t *testing.T) {
	c := Default()
	c.Database.URL = Secret("postgres://u:" + canary + "@h/d")
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%t", "%U", "%10.3s"} {
		fmt.Fprintf(&out, verb+"\n", c.Database.URL)
		fmt.Fprintf(&out, verb+"\n", c.Database)
		fmt.Fprintf(&out, verb+"\n", &c.Database.URL)
		fmt.Fprintf(&out, verb+"\n", []Secret{c.Database.URL})
	}
	fmt.Fprintln(&out, c, c.Database.URL, fmt.Errorf("x %w", fmt.Errorf("%v", c.Database)))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "url", c.Database.URL, "all", c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "url", c.Database.URL, "all", c.Database)
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		text, err := marshal(map[string]any{"url": c.Database.URL, "all": c})
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	hex := fmt.Sprintf("%x", canary)
	if text := out.String(); strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), hex) || strings.Contains(text, "107 52") {
		t.Errorf("printed: %s", text)
	}
	if !strings.Contains(c.Database.URL.Reveal(), canary) {
		t.Error("Reveal does not reveal")
	}
}

// Whatever is wrong about a URL with a password, the fault does not repeat it.
func TestS40_FaultsNeverShowASecret(t *testing.T) {
	for _, file := range []string{
		"database: {url: postgres://u:%s@h}", "database: {url: postgres://u:a,%s@h/d}", "database: {url: postgres://u:a, %s}",
		"database: {url:postgres://u:%s@h/d}", "database: url:postgres://u:%s@h/d", "database: %s", "database: [%s]",
		"database: {url: [%s]}", "database: {url: {%s: 1}}", "database: {url: *%s}", "database: {url: &%s x}", "database: {url: !%s x}",
		"database: {url: \"%s}", "database: {url: '%s", "database: {url: sqlite:///%s?x}", "database: {url: \"\\%s\"}",
		"database: {url_file: x, %s: 1}", "database: {%s: 1, %s: 2}", "database:\n\turl: %s", "database:\n  url: a: %s",
		"sessions: {redis: {url: redis://:%s@h/x}}", "sessions: {redis: {url: 'redis://:%%zz%s@h'}}", "postgres://u:%s@h/d: x",
		"panel: {url: 'http://u:%s@h'}", "public_url: https://u:%s@h", "listen: redis://:%s@h:1/0", "keys_file: redis://:%s@h",
		"trusted_proxies: ['redis://:%s@h']", "hosts: ['u:%s@h']", "log: {level: 'redis://:%s@h'}", "two_factor: {skew: 'u:%s@h'}",
	} {
		text := strings.ReplaceAll(file, "%s", canary)
		_, err := parse("f.yaml", []byte(text), []string{"ISPGATE_DATABASE_URL=" + canary, "ISPGATE_SESSIONS_REDIS_URL=redis://:%" + canary})
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s\ngave: %v", text, err)
		}
	}
}

func TestS43_SecretFile(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string // in the fault; empty: taken
	}{
		"one line":             {"redis://:p@h:6379/1\n", 0o600, ""},
		"no newline":           {"redis://:p@h:6379/1", 0o600, ""},
		"windows line":         {"redis://:p@h:6379/1\r\n", 0o600, ""},
		"group reads":          {"redis://:p@h:6379/1\n", 0o440, ""},
		"two lines":            {"redis://:p@h:6379/1\n" + canary + "\n", 0o600, "holds more than one line"},
		"empty":                {"\n", 0o600, "is empty"},
		"not a url":            {canary, 0o600, "wants redis://"},
		"too long":             {strings.Repeat(canary, mostSecret), 0o600, "holds more than one line"},
		"S43 world reads":      {"redis://:p@h:6379/1\n", 0o604, "has mode 0604: others can use it"},
		"S43 group writes":     {"redis://:p@h:6379/1\n", 0o660, "has mode 0660: others can use it"},
		"S43 everybody writes": {"redis://:p@h:6379/1\n", 0o666, "has mode 0666: others can use it"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "url", c.text, c.mode)
			got, err := parse(filepath.Join(filepath.Dir(path), "f.yaml"), []byte(small+"sessions: {redis: {url_file: url}}\n"), nil)
			switch {
			case c.want == "" && (err != nil || got.Sessions.Redis.URL.Reveal() != "redis://:p@h:6379/1"):
				t.Errorf("got %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), "sessions.redis.url_file: ") || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %s", err, c.want)
			case err != nil && strings.Contains(err.Error(), canary):
				t.Errorf("the fault shows the file: %v", err)
			}
		})
	}
}

func TestSecretFileFromTheEnvironmentWins(t *testing.T) {
	path := write(t, "url", "mysql://u:p@h/d\n", 0o600)
	text := small + "database: {url: sqlite:///x.db}\n"
	c, err := parse("f.yaml", []byte(text), []string{"ISPGATE_DATABASE_URL_FILE=" + path})
	if err != nil || c.Database.URL.Reveal() != "mysql://u:p@h/d" {
		t.Errorf("got %v, %v", c, err)
	}
	c, err = parse("f.yaml", []byte(text), []string{"ISPGATE_DATABASE_URL_FILE="})
	if err != nil || c.Database.URL.Reveal() != "sqlite:///x.db" {
		t.Errorf("an empty name is no file: got %v, %v", c, err)
	}
}
