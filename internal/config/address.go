package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// listener is where we listen: host:port (port 0 lets the system choose), or unix:/path.
func listener(text string) (string, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if _, err := line(2, 107)(path); err != nil || !strings.HasPrefix(path, "/") { // sun_path holds 108 bytes
			return "", fmt.Errorf("wants unix:/path of at most 107 characters%s", not(text))
		}
		return text, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || host != "" && !isHost(host) || !isPort(port, 0) {
		cure := ""
		if isPort(text, 0) {
			cure = fmt.Sprintf(" (did you mean 127.0.0.1:%s?)", text)
		}
		return "", fmt.Errorf("wants an address such as 127.0.0.1:8080 or unix:/path%s%s", not(text), cure)
	}
	return text, nil
}

// hostPort is where a server is reached.
func hostPort(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil || !isHost(host) || !isPort(port, 1) {
		return "", fmt.Errorf("wants host:port%s", not(text))
	}
	return text, nil
}

// hostHeader is a Host that browsers may send: a host, and its port where it is not the scheme's own.
func hostHeader(text string) (string, error) {
	host := strings.ToLower(text)
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if isHost(host) && !strings.Contains(host, ":") || host == "["+bare+"]" && strings.Contains(bare, ":") && isHost(bare) {
		return host, nil
	}
	if _, err := hostPort(host); err != nil {
		return "", fmt.Errorf("wants a host name without scheme or path, such as old.example.net%s", not(text))
	}
	return host, nil
}

func hostName(text string) (string, error) {
	if !isHost(text) {
		return "", fmt.Errorf("wants a host name%s", not(text))
	}
	return strings.ToLower(text), nil
}

var (
	label   = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`) // _ as Docker names services
	numeric = regexp.MustCompile(`^[0-9]+$`)
)

// isHost tells IP addresses (without zone) and host names. A name whose last label is a number is a broken address.
func isHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == ""
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if !label.MatchString(l) {
			return false
		}
	}
	return len(host) <= 253 && !numeric.MatchString(labels[len(labels)-1])
}

func isPort(text string, least int) bool {
	port, err := strconv.Atoi(text)
	return err == nil && numeric.MatchString(text) && port >= least && port <= 65535
}

// isLoopback tells names and addresses that never leave this machine.
func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// network is a CIDR in its shortest form.
func network(text string) (netip.Prefix, error) {
	var nobody netip.Prefix
	if text == none {
		return nobody, errors.New("none stands alone (write [none] for no proxy at all, or only networks)")
	}
	if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
		return nobody, fmt.Errorf("wants a network such as 10.0.0.0/8, not %q (did you mean %s/%d?)", text, ip, ip.BitLen())
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || prefix.Addr().Is4In6():
		return nobody, fmt.Errorf("wants a network such as 10.0.0.0/8%s", not(text))
	case prefix != prefix.Masked():
		return nobody, fmt.Errorf("wants a network, and %q is an address in one (did you mean %s?)", text, prefix.Masked())
	}
	return prefix, nil
}

// origin is the scheme and host of a site, in the form browsers send: lower case, without the scheme's own port.
// What is written is not shown: it may hold a password.
func origin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("is empty (write an origin such as https://panel.example.net)")
	case err != nil || u.Opaque != "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("wants an origin such as https://panel.example.net")
	case u.User != nil:
		return nil, errors.New("holds a user name or password (an origin has none)")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return nil, errors.New("has a path or a query (write only scheme, host and port)")
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if !isHost(host) || strings.HasSuffix(u.Host, ":") || port != "" && !isPort(port, 1) {
		return nil, errors.New("has no valid host and port (names outside ASCII in their xn-- form)")
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host += ":" + port
	}
	return &url.URL{Scheme: u.Scheme, Host: host}, nil
}

// hostAndPort gives the port of an origin too where it is the scheme's own.
func hostAndPort(u *url.URL) (host, port string) {
	if port = u.Port(); port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Hostname(), port
}
