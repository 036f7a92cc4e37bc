// Package config reads the one configuration file: its keys, their defaults and their faults.
//
// It owns the names of the keys, what each may hold, and the rules between them. It opens no connection and knows
// neither panels nor databases; only cmd imports it.
//
//	file ──> nodes ──> table of keys ──> Config ──> rules ──> Config, or every fault at once
//	ISPGATE_… ───────────────┘ (the same table; the environment wins)
package config

import (
	"net/netip"
	"net/url"
	"time"

	"gopkg.in/yaml.v3"
)

// Config is a configuration without faults. File paths are absolute or relative to the working directory: relative
// ones in the file or the environment count from the directory of the file.
type Config struct {
	Listen         []string       // host:port, or unix:/path
	PublicURL      *url.URL       // scheme and host only, lower case, no default port
	Hosts          []string       // host or host:port, lower case
	TrustedProxies []netip.Prefix // whose X-Forwarded-* are believed; empty = nobody (S3)
	TrustNone      bool           // [none] was written: https without a proxy and without tls is meant
	TrustEveryone  bool           // TrustedProxies that hold much of the internet are meant
	TLS            TLS
	Panel          Panel
	Passwords      Passwords
	Headers        Headers
	Administrators []string
	TwoFactor      TwoFactor
	Sessions       Sessions
	Database       Database
	KeysFile       string
	Admin          Admin
	UI             UI
	Audit          Audit
	Log            Log
}

// TLS names the certificate of the public listeners: both files or neither.
type TLS struct{ CertFile, KeyFile string }

// Panel says where the panel is and how to speak to it.
type Panel struct {
	URL           *url.URL // scheme and host only
	CAFile        string
	ServerName    string
	Timeout       time.Duration // of a proxied request
	Profile       Profile
	ID            string // names this panel in the database
	Cookies       string // sealed | passthrough
	AcceptUnbound bool   // passthrough is meant
}

// Profile is a reference to a panel profile (Name), or the profile itself (Node). Exactly one is set.
type Profile struct {
	Name string     // a built-in name, or the path of a file (it has a slash, or ends in .yaml or .yml)
	Node *yaml.Node // the mapping itself, free of aliases; its lines are those of File
	File string     // the configuration file, for the faults of Node

	Loginless bool // passwords.source is file: what the profile says of a login does not count
}

// Passwords says who checks passwords.
type Passwords struct {
	Source        string // panel | file
	UsersFile     string // with file
	RolesFile     string // with file
	EmergencyFile string // with panel: while its login is out of order
}

// Headers names what the panel is told of the user, in canonical spelling.
type Headers struct{ User, Role string }

// TwoFactor is the policy of the second factor.
type TwoFactor struct {
	Policy         string   // observe | optional | required
	RequiredFor    []string // user names or roles
	GraceUntil     time.Time
	Enrolment      string // auto | open | ticket
	Issuer         string
	Skew           int // steps either side, 0 to 2
	TrustedDevices TrustedDevices
}

// TrustedDevices are browsers that may skip the code.
type TrustedDevices struct {
	Enabled  bool
	Lifetime time.Duration
}

// Sessions says how long they last and where they are kept. Idle ≤ Absolute.
type Sessions struct {
	Idle, Absolute time.Duration
	Redis          Redis
}

// Redis is one server, or a set of them. With Sentinel or Cluster the URL still gives user, password, database and
// whether TLS is spoken; only its address is not used. At most one of the two is set.
type Redis struct {
	URL      Secret // redis:// or rediss://
	Sentinel *Sentinel
	Cluster  *Cluster
}

// Sentinel finds the master by its name.
type Sentinel struct {
	Master    string
	Addresses []string // host:port
}

// Cluster is a Redis Cluster, known by some of its nodes.
type Cluster struct{ Addresses []string }

// Database is the account database.
type Database struct {
	URL Secret // sqlite:///path, postgres://… or mysql://…
}

// Admin is the listener of metrics and health.
type Admin struct{ Listen string }

// UI is how our pages look and speak.
type UI struct {
	Product, Support string
	Logo             string   // path of an image file
	Accent           string   // #rrggbb
	Languages        []string // BCP 47; the first is the default
	Timezone         *time.Location
}

// Audit says how long the trail is kept.
type Audit struct{ Retention time.Duration }

// Log is what is written to standard error, and how.
type Log struct {
	Level  string // debug | info | warn | error
	Format string // json | text
	Access string // off | sampled | all
}
