package config

import (
	"slices"
	"time"

	"gopkg.in/yaml.v3"
)

// draft is a Config in the making, with the values that do not outlive it.
type draft struct {
	*Config
	redisFile    string // sessions.redis.url_file
	databaseFile string // database.url_file
}

func newDraft() *draft {
	c := Default()
	c.Sessions.Redis.Sentinel, c.Sessions.Redis.Cluster = &Sentinel{}, &Cluster{}
	return &draft{Config: c}
}

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// keys is every key of the file (design 3.2). at resolves a relative file path.
func (d *draft) keys(at func(string) string) []slot {
	path := filePath(at)
	return slices.Concat(d.doorKeys(path), d.panelKeys(at, path), d.factorKeys(), d.storeKeys(path), d.restKeys(path))
}

func (d *draft) doorKeys(path func(string) (string, error)) []slot {
	listen := nonEmpty(many("listen", &d.Listen, listener), "wants at least one address, such as 127.0.0.1:8080")
	listen.shape = either
	return []slot{
		listen,
		one("public_url", &d.PublicURL, origin),
		many("hosts", &d.Hosts, hostHeader),
		trusted("trusted_proxies", d.Config),
		toggle("trust_everyone", &d.TrustEveryone),
		one("tls.cert_file", &d.TLS.CertFile, path),
		one("tls.key_file", &d.TLS.KeyFile, path),
	}
}

func (d *draft) panelKeys(at func(string) string, path func(string) (string, error)) []slot {
	p := &d.Panel
	profile := one("panel.profile", &p.Profile, profileName(at))
	profile.shape = anything
	return []slot{
		one("panel.url", &p.URL, origin),
		one("panel.ca_file", &p.CAFile, path),
		one("panel.server_name", &p.ServerName, optional(hostName)),
		one("panel.timeout", &p.Timeout, duration(time.Second, day)),
		profile,
		one("panel.id", &p.ID, matching(`^[A-Za-z0-9._-]{1,64}$`, "1 to 64 letters, digits, dots, dashes or underscores")),
		one("panel.cookies", &p.Cookies, word("sealed", "passthrough")),
		toggle("panel.accept_unbound", &p.AcceptUnbound),
		one("passwords.source", &d.Passwords.Source, word("panel", "file")),
		one("passwords.users_file", &d.Passwords.UsersFile, path),
		one("passwords.roles_file", &d.Passwords.RolesFile, path),
		one("passwords.emergency_file", &d.Passwords.EmergencyFile, path),
		one("headers.user", &d.Headers.User, headerName),
		one("headers.role", &d.Headers.Role, headerName),
	}
}

func (d *draft) factorKeys() []slot {
	f := &d.TwoFactor
	return []slot{
		many("administrators", &d.Administrators, line(1, 255)),
		one("two_factor.policy", &f.Policy, word("observe", "optional", "required")),
		many("two_factor.required_for", &f.RequiredFor, line(1, 255)),
		one("two_factor.grace_until", &f.GraceUntil, date),
		one("two_factor.enrolment", &f.Enrolment, word("auto", "open", "ticket")),
		one("two_factor.issuer", &f.Issuer, issuer),
		count("two_factor.skew", &f.Skew, 0, 2),
		toggle("two_factor.trusted_devices.enabled", &f.TrustedDevices.Enabled),
		one("two_factor.trusted_devices.lifetime", &f.TrustedDevices.Lifetime, duration(time.Hour, year)),
	}
}

func (d *draft) storeKeys(path func(string) (string, error)) []slot {
	r := &d.Sessions.Redis
	return []slot{
		one("sessions.idle", &d.Sessions.Idle, duration(time.Second, year)),
		one("sessions.absolute", &d.Sessions.Absolute, duration(time.Second, year)),
		secret("sessions.redis.url", &r.URL, redisURL),
		one("sessions.redis.url_file", &d.redisFile, path),
		one("sessions.redis.sentinel.master", &r.Sentinel.Master, line(0, 255)),
		many("sessions.redis.sentinel.addresses", &r.Sentinel.Addresses, hostPort),
		many("sessions.redis.cluster.addresses", &r.Cluster.Addresses, hostPort),
		secret("database.url", &d.Database.URL, databaseURL),
		one("database.url_file", &d.databaseFile, path),
		one("keys_file", &d.KeysFile, required(path, "wants the path of the key file")),
	}
}

func (d *draft) restKeys(path func(string) (string, error)) []slot {
	return []slot{
		one("admin.listen", &d.Admin.Listen, listener),
		one("ui.product", &d.UI.Product, line(1, 64)),
		one("ui.support", &d.UI.Support, line(0, 255)),
		one("ui.logo", &d.UI.Logo, path),
		one("ui.accent", &d.UI.Accent, matching(`^#[0-9a-fA-F]{6}$`, `a colour such as "#1457d9"`)),
		nonEmpty(many("ui.languages", &d.UI.Languages, languageTag), "wants at least one language, such as [en]"),
		one("ui.timezone", &d.UI.Timezone, timezone),
		one("audit.retention", &d.Audit.Retention, duration(day, 100*year)),
		one("log.level", &d.Log.Level, word("debug", "info", "warn", "error")),
		one("log.format", &d.Log.Format, word("json", "text")),
		one("log.access", &d.Log.Access, word("off", "sampled", "all")),
	}
}

// storeProfile takes a profile that is written out in the file.
func (d *draft) storeProfile(file string, n *yaml.Node) {
	d.Panel.Profile = Profile{Node: n, File: file}
}

// finish drops what only the making needed and puts the date into its time zone.
func (d *draft) finish() *Config {
	c := d.Config
	if r := &c.Sessions.Redis; r.Sentinel.Master == "" {
		r.Sentinel = nil
	}
	if r := &c.Sessions.Redis; len(r.Cluster.Addresses) == 0 {
		r.Cluster = nil
	}
	if g := c.TwoFactor.GraceUntil; !g.IsZero() {
		c.TwoFactor.GraceUntil = time.Date(g.Year(), g.Month(), g.Day(), 0, 0, 0, 0, c.UI.Timezone)
	}
	p := &c.Panel.Profile
	if p.Name == "" && p.Node == nil {
		p.Name = "generic" // of an application without a login it says enough
	}
	p.Loginless = c.Passwords.Source == "file"
	return c
}
