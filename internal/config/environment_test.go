package config

import (
	"reflect"
	"testing"
)

// overrides has a value that is not the default for every key.
var overrides = map[string]string{
	"listen": "10.0.0.1:80", "public_url": "https://x.example.net", "hosts": "h.example.net", "trusted_proxies": "10.0.0.0/8",
	"trust_everyone": "true", "tls.cert_file": "c.pem", "tls.key_file": "k.pem", "panel.url": "https://10.0.0.2",
	"panel.ca_file": "ca.pem", "panel.server_name": "s.example.net", "panel.timeout": "9s", "panel.profile": "laravel",
	"panel.id": "x", "panel.cookies": "passthrough", "panel.accept_unbound": "true", "passwords.source": "file",
	"passwords.users_file": "u", "passwords.roles_file": "r", "passwords.emergency_file": "e", "headers.user": "X-User",
	"headers.role": "X-Role", "administrators": "a,b", "two_factor.policy": "required", "two_factor.required_for": "c,d",
	"two_factor.grace_until": "2026-01-01", "two_factor.enrolment": "ticket", "two_factor.issuer": "I", "two_factor.skew": "2",
	"two_factor.trusted_devices.enabled": "false", "two_factor.trusted_devices.lifetime": "1h", "sessions.idle": "1h",
	"sessions.absolute": "2h", "sessions.redis.url": "redis://r.example.net", "sessions.redis.url_file": "url",
	"sessions.redis.sentinel.master": "m", "sessions.redis.sentinel.addresses": "10.0.0.3:1", "sessions.redis.cluster.addresses": "10.0.0.4:1",
	"database.url": "sqlite:///d.db", "database.url_file": "url", "keys_file": "k.yaml", "admin.listen": "10.0.0.1:81",
	"ui.product": "P", "ui.support": "S", "ui.logo": "l.svg", "ui.accent": "#000000", "ui.languages": "bn,en", "ui.timezone": "UTC",
	"audit.retention": "24h", "log.level": "warn", "log.format": "text", "log.access": "all",
}

// Each variable must change its own value, and nothing but it.
func TestEveryKeyHasAVariable(t *testing.T) {
	before := flatten(newReading("f.yaml").draft.Config)
	names := map[string]string{}
	for _, key := range newReading("f.yaml").known {
		value, ok := overrides[key]
		if !ok {
			t.Errorf("%s has no case here", key)
			continue
		}
		if other, taken := names[variable(key)]; taken {
			t.Errorf("%s and %s share a variable", key, other)
		}
		names[variable(key)] = key
		r := newReading("f.yaml")
		r.environ([]string{variable(key) + "=" + value})
		if len(r.faults) > 0 {
			t.Errorf("%s: %v", key, r.faults)
		}
		after := flatten(r.draft.Config)
		differ := 0
		for path := range union(before, after) {
			if !reflect.DeepEqual(before[path], after[path]) {
				differ++
			}
		}
		fromFile := r.draft.redisFile != "" || r.draft.databaseFile != ""
		if differ != 1 && !(fromFile && differ == 0) {
			t.Errorf("%s changes %d values", variable(key), differ)
		}
	}
	if len(names) != len(overrides) {
		t.Errorf("%d keys, %d cases", len(names), len(overrides))
	}
}

func TestOtherVariablesAreNotRead(t *testing.T) {
	_, err := parse("f.yaml", []byte(small), []string{"PUBLIC_URL=x", "ISPGATE=x", "ispgate_public_url=x", "ISPGATE_CONFIG=x", "", "="})
	if err != nil {
		t.Error(err)
	}
}
