package config

import "slices"

// rule binds keys to one another. It is judged only when the values of all its keys were taken; its fault stands
// where the first of them was written, or where it would be.
type rule struct {
	keys  []string
	check func(*Config) string // the problem, or empty
}

var rules = []rule{
	{[]string{"public_url"}, hasPublicURL},
	{[]string{"panel.url"}, hasPanelURL},
	{[]string{"panel.profile"}, hasProfile},
	{[]string{"tls.cert_file", "tls.key_file"}, wholeCertificate},
	{[]string{"public_url"}, httpOnLoopbackOnly},
	{[]string{"public_url", "tls.cert_file", "tls.key_file"}, httpWithoutTLS},
	{[]string{"public_url", "tls.cert_file", "tls.key_file", "trusted_proxies"}, httpsHasAnEnd},
	{[]string{"trusted_proxies", "trust_everyone"}, everyoneIsMeant},
	{[]string{"hosts", "public_url"}, secondNamesOnly},
	{[]string{"panel.url", "listen"}, panelIsNotUs},
	{[]string{"admin.listen", "listen"}, adminApart},
	{[]string{"panel.cookies", "panel.accept_unbound"}, unboundIsMeant},
	{[]string{"panel.ca_file", "panel.server_name", "panel.url"}, panelSpeaksTLS},
	{[]string{"passwords.source", "passwords.users_file"}, usersHaveFile},
	{[]string{"passwords.users_file", "passwords.roles_file", "passwords.source"}, filesAreAsked},
	{[]string{"headers.role", "headers.user"}, headersDiffer},
	{[]string{"sessions.idle", "sessions.absolute"}, idleWithinAbsolute},
	{[]string{"sessions.redis.sentinel.master", "sessions.redis.sentinel.addresses"}, wholeSentinel},
	{[]string{"sessions.redis.cluster.addresses", "sessions.redis.sentinel.master"}, sentinelOrCluster},
	{[]string{"sessions.redis.cluster.addresses", "sessions.redis.url", "sessions.redis.url_file"}, clusterHasOneDatabase},
}

func hasPublicURL(c *Config) string {
	if c.PublicURL == nil {
		return "is required (the origin browsers see, such as https://panel.example.net)"
	}
	return ""
}

func hasPanelURL(c *Config) string {
	if c.Panel.URL == nil {
		return "is required (where the panel listens, such as http://127.0.0.1:8000)"
	}
	return ""
}

func hasProfile(c *Config) string {
	if c.Panel.Profile.Name == "" && c.Panel.Profile.Node == nil && c.Passwords.Source != "file" {
		return "is required (a built-in name such as ispbills or laravel, the path of a .yaml file, or the profile itself)"
	}
	return ""
}

func wholeCertificate(c *Config) string {
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		return "cert_file and key_file go together (name both, or neither)"
	}
	return ""
}

func httpOnLoopbackOnly(c *Config) string {
	if u := c.PublicURL; u != nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return "is http, which sends passwords in the clear (use https; http only on localhost)"
	}
	return ""
}

func httpWithoutTLS(c *Config) string {
	if u := c.PublicURL; u != nil && u.Scheme == "http" && c.TLS.CertFile != "" && c.TLS.KeyFile != "" {
		return "is http although tls is set (write https)"
	}
	return ""
}

func httpsHasAnEnd(c *Config) string {
	u := c.PublicURL
	if u == nil || u.Scheme != "https" || c.TLS != (TLS{}) || len(c.TrustedProxies) > 0 || c.TrustNone {
		return ""
	}
	return "is https, but nothing here ends it (set tls, or trusted_proxies to the proxy that does; trusted_proxies: [none] to insist)"
}

func everyoneIsMeant(c *Config) string {
	if !c.TrustEveryone && wide(c.TrustedProxies) {
		return "believes X-Forwarded-* from much of the internet (name the proxies, or set trust_everyone: true)"
	}
	return ""
}

func secondNamesOnly(c *Config) string {
	if c.PublicURL != nil && slices.Contains(c.Hosts, c.PublicURL.Host) {
		return "repeats the host of public_url (leave it out)"
	}
	return ""
}

func unboundIsMeant(c *Config) string {
	if c.Panel.Cookies == "passthrough" && !c.Panel.AcceptUnbound {
		return "passthrough leaves the panel's cookies usable without the gateway (sealed, or set accept_unbound: true)"
	}
	return ""
}

func panelSpeaksTLS(c *Config) string {
	if c.Panel.URL != nil && c.Panel.URL.Scheme == "http" && (c.Panel.CAFile != "" || c.Panel.ServerName != "") {
		return "has no effect while panel.url is http (write https, or leave it out)"
	}
	return ""
}

func usersHaveFile(c *Config) string {
	if c.Passwords.Source == "file" && c.Passwords.UsersFile == "" {
		return "file needs passwords.users_file"
	}
	return ""
}

func filesAreAsked(c *Config) string {
	if p := c.Passwords; p.Source == "panel" && (p.UsersFile != "" || p.RolesFile != "") {
		return "has no effect while passwords.source is panel (write source: file, or leave it out)"
	}
	return ""
}

func headersDiffer(c *Config) string {
	if c.Headers.User == c.Headers.Role {
		return "is the header of headers.user (name two)"
	}
	return ""
}

func idleWithinAbsolute(c *Config) string {
	if c.Sessions.Idle > c.Sessions.Absolute {
		return "idle (" + short(c.Sessions.Idle) + ") is longer than absolute (" + short(c.Sessions.Absolute) + ")"
	}
	return ""
}

func wholeSentinel(c *Config) string {
	if s := c.Sessions.Redis.Sentinel; (s.Master == "") != (len(s.Addresses) == 0) {
		return "master and addresses go together (name both, or neither)"
	}
	return ""
}

func sentinelOrCluster(c *Config) string {
	if c.Sessions.Redis.Sentinel.Master != "" && len(c.Sessions.Redis.Cluster.Addresses) > 0 {
		return "cluster stands beside sentinel (write one of the two)"
	}
	return ""
}

func clusterHasOneDatabase(c *Config) string {
	url := c.Sessions.Redis.URL.Reveal()
	if len(c.Sessions.Redis.Cluster.Addresses) > 0 && redisDatabase(url) != 0 {
		return "a cluster has only database 0 (end the url in /0)"
	}
	return ""
}
