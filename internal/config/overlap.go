package config

import (
	"net"
	"slices"
	"strings"
)

func panelIsNotUs(c *Config) string {
	if c.Panel.URL == nil {
		return ""
	}
	panel := net.JoinHostPort(hostAndPort(c.Panel.URL))
	if slices.ContainsFunc(c.Listen, func(l string) bool { return overlap(panel, l, isLocal) }) {
		return "is the address of listen: requests would come back here (name the panel's own address)"
	}
	return ""
}

func adminApart(c *Config) string {
	ours := func(string) bool { return true }
	if slices.ContainsFunc(c.Listen, func(l string) bool { return overlap(c.Admin.Listen, l, ours) }) {
		return "is the address of listen (metrics never stand on the public listener: take another port)"
	}
	return ""
}

// overlap tells whether an address reaches the socket of a listener: the same, or the same port where one of the two
// takes every address and ours tells that the other is of this machine. Port 0 is never the same.
func overlap(address, listener string, ours func(host string) bool) bool {
	if strings.HasPrefix(address, "unix:") || strings.HasPrefix(listener, "unix:") {
		return address == listener
	}
	a, portA, errA := net.SplitHostPort(address)
	b, portB, errB := net.SplitHostPort(listener)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	named := isLoopback(a) && isLoopback(b) && (a == "localhost" || b == "localhost")
	return a == b || named || isWildcard(a) && ours(b) || isWildcard(b) && ours(a)
}

func isWildcard(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }

func isLocal(host string) bool { return isWildcard(host) || isLoopback(host) }
