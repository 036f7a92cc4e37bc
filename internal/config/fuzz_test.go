package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// FuzzLoad: any file gives a whole configuration or faults that name a place, never a panic, and the same each time.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.yaml", example} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text, "ISPGATE_HOSTS=a,b")
		}
	}
	f.Add([]byte(small), "ISPGATE_\n\x1b=x")
	f.Fuzz(func(t *testing.T, text []byte, env string) {
		if strings.Contains(string(text)+env, "url_file") || strings.Contains(env, "URL_FILE") {
			return // it would read files
		}
		c, err := parse("f.yaml", text, []string{env})
		if (c == nil) == (err == nil) {
			t.Fatalf("both or neither: %v, %v", c, err)
		}
		if err == nil {
			wholeConfig(t, c)
			return
		}
		for _, fault := range err.(Faults) {
			if fault.Problem == "" || strings.ContainsAny(fault.String(), "\n\r\x1b") {
				t.Errorf("fault %q", fault)
			}
		}
		if _, again := parse("f.yaml", text, []string{env}); !reflect.DeepEqual(again, err) {
			t.Errorf("first %v, then %v", err, again)
		}
	})
}

func wholeConfig(t *testing.T, c *Config) {
	p := c.Panel.Profile
	if c.PublicURL == nil || c.Panel.URL == nil || (p.Name == "") == (p.Node == nil) || len(c.Listen) == 0 || c.UI.Timezone == nil ||
		c.Sessions.Idle <= 0 || c.Sessions.Idle > c.Sessions.Absolute || c.TwoFactor.Skew < 0 || c.TwoFactor.Skew > 2 {
		t.Errorf("taken, but not whole: %v", flatten(c))
	}
	if c.PublicURL.Scheme == "http" && !isLoopback(c.PublicURL.Hostname()) {
		t.Errorf("http off loopback: %v", c.PublicURL)
	}
}

// FuzzSecret: a password never shows in a fault, whatever stands round it on its line.
func FuzzSecret(f *testing.F) {
	for _, around := range []string{"postgres://u:|@h", "*|", "&|", "!|", "[|", "{|: ", "\"\\|", "%|", "- |", "|: x", "| #", "<<: |", "'|", "`|", "@|"} {
		before, after, _ := strings.Cut(around, "|")
		f.Add(before, after)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		line := before + canary + after
		if strings.ContainsAny(line, "\n\r\u0085\u2028\u2029") || strings.Contains(line, "url_file") {
			return // another line may be another key
		}
		for _, text := range []string{"database:\n  url: " + line + "\n", "sessions:\n  redis:\n    url: " + line + "\n"} {
			if _, err := parse("f.yaml", []byte(small+text), nil); err != nil && strings.Contains(err.Error(), canary) {
				t.Errorf("%s\ngave %v", text, err)
			}
		}
	})
}
