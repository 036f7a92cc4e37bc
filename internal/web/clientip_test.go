package web

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

var proxies = Trusted{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("fd00::/8")}

func TestS03_ClientIP(t *testing.T) {
	cases := []struct {
		name, peer    string
		forwarded     []string
		client        string
		trusted       bool
		believeNobody bool
	}{
		{"nobody is trusted by default", "10.0.0.1:99", []string{"1.2.3.4"}, "10.0.0.1", false, true},
		{"untrusted peer lies", "9.9.9.9:99", []string{"1.2.3.4"}, "9.9.9.9", false, false},
		{"untrusted peer names a proxy", "9.9.9.9:99", []string{"10.0.0.1"}, "9.9.9.9", false, false},
		{"no header", "10.0.0.1:99", nil, "10.0.0.1", true, false},
		{"one hop", "10.0.0.1:99", []string{"1.2.3.4"}, "1.2.3.4", true, false},
		{"leftmost is the client's own word", "10.0.0.1:99", []string{"6.6.6.6, 1.2.3.4"}, "1.2.3.4", true, false},
		{"proxies on the right are skipped", "10.0.0.1:99", []string{"6.6.6.6, 1.2.3.4, 10.0.0.2,10.0.0.3"}, "1.2.3.4", true, false},
		{"a proxy left of the client", "10.0.0.1:99", []string{"10.0.0.9, 1.2.3.4"}, "1.2.3.4", true, false},
		{"two headers are one list", "10.0.0.1:99", []string{"6.6.6.6", "1.2.3.4, 10.0.0.2"}, "1.2.3.4", true, false},
		{"second header counts first", "10.0.0.1:99", []string{"1.2.3.4", "5.6.7.8"}, "5.6.7.8", true, false},
		{"only proxies", "10.0.0.1:99", []string{"10.0.0.2, 10.0.0.3"}, "10.0.0.2", true, false},
		{"with a port", "10.0.0.1:99", []string{"1.2.3.4:5555"}, "1.2.3.4", true, false},
		{"IPv6 in brackets", "10.0.0.1:99", []string{"[2001:db8::1]"}, "2001:db8::1", true, false},
		{"IPv6 with a port", "10.0.0.1:99", []string{"[2001:db8::1]:443"}, "2001:db8::1", true, false},
		{"IPv6 peer", "[fd00::1]:99", []string{"2001:db8::1"}, "2001:db8::1", true, false},
		{"mapped IPv4 is IPv4", "[::ffff:10.0.0.1]:99", []string{"::ffff:1.2.3.4"}, "1.2.3.4", true, false},
		{"a mapped proxy is a proxy", "10.0.0.1:99", []string{"1.2.3.4, ::ffff:10.0.0.2"}, "1.2.3.4", true, false},
		{"zone is dropped", "10.0.0.1:99", []string{"fe80::1%eth0"}, "fe80::1", true, false},
		{"zone of a peer", "[fd00::1%eth0]:99", nil, "fd00::1", true, false},
		{"a hop that is no address ends the walk", "10.0.0.1:99", []string{"1.2.3.4, unknown, 10.0.0.2"}, "10.0.0.2", true, false},
		{"an empty hop ends the walk", "10.0.0.1:99", []string{"1.2.3.4, "}, "10.0.0.1", true, false},
		{"a name is no address", "10.0.0.1:99", []string{"localhost"}, "10.0.0.1", true, false},
		{"octal is no address", "10.0.0.1:99", []string{"1.2.3.4, 010.0.0.1"}, "10.0.0.1", true, false},
		{"an address of another length", "10.0.0.1:99", []string{"1.2.3"}, "10.0.0.1", true, false},
		{"loopback on the right is a proxy", "127.0.0.1:99", []string{"1.2.3.4, 127.0.0.1"}, "1.2.3.4", true, false},
		{"loopback that is not listed is a client", "10.0.0.1:99", []string{"1.2.3.4, ::1"}, "::1", true, false},
		{"a Unix socket is this machine", "@", []string{"1.2.3.4"}, "1.2.3.4", true, false},
		{"a Unix socket that nobody trusts", "", []string{"1.2.3.4"}, "127.0.0.1", false, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			believed := proxies
			if c.believeNobody {
				believed = nil
			}
			_, client, trusted := believed.Client(&http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.forwarded}})
			if client.String() != c.client || trusted != c.trusted {
				t.Errorf("got %s, trusted %t; want %s, %t", client, trusted, c.client, c.trusted)
			}
		})
	}
}

// TestS03_OnlyOneHeaderCounts: no other header moves the client's address, from anybody.
func TestS03_OnlyOneHeaderCounts(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	for _, name := range []string{"Forwarded", "X-Real-IP", "True-Client-IP", "Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Cluster-Client-IP", "X_Forwarded_For", "X-Forwarded", "X-Original-Forwarded-For"} {
		for _, peer := range []string{"9.9.9.9:1", "10.0.0.1:1"} {
			ask(s, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if got := Of(r).Client.String() + ":1"; got != peer {
					t.Errorf("%s from %s: client %s", name, peer, got)
				}
			}), "GET", "/x", "", "Peer", peer, name, "1.2.3.4")
		}
	}
}

// TestS29_Identifying: loopback and proxies stand for everybody.
func TestS29_Identifying(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	for peer, want := range map[string]string{"9.9.9.9:1": "9.9.9.9", "10.0.0.1:1": "invalid IP", "127.0.0.1:1": "invalid IP", "[::1]:1": "invalid IP", "@": "invalid IP"} {
		ask(s, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := s.Identifying(r).String(); got != want {
				t.Errorf("%s: %s, want %s", peer, got, want)
			}
		}), "GET", "/x", "", "Peer", peer)
	}
}

func FuzzClientIP(f *testing.F) {
	f.Add("10.0.0.1:1", "1.2.3.4, 10.0.0.2")
	f.Add("9.9.9.9:1", "1.2.3.4")
	f.Add("@", "[::1]:80,fd00::1,unknown")
	f.Add("[fe80::1%eth0]:1", "::ffff:10.0.0.1, 010.1.1.1")
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		peer, client, trusted := proxies.Client(r)
		if !peer.IsValid() || !client.IsValid() || trusted != proxies.Contains(peer) {
			t.Fatalf("peer %s, client %s, trusted %t", peer, client, trusted)
		}
		if !trusted {
			if client != peer {
				t.Fatalf("%s without trust became %s", peer, client)
			}
			return
		}
		if client == peer {
			return
		}
		// what stands right of the client's own hop are proxies, all of them
		hops := strings.Split(forwarded, ",")
		for i := len(hops) - 1; i >= 0; i-- {
			h := hop(strings.TrimSpace(hops[i]))
			if h == client && (i == 0 || !proxies.Contains(h) || !hop(strings.TrimSpace(hops[i-1])).IsValid()) {
				return
			}
			if !proxies.Contains(h) {
				t.Fatalf("%q: %s, but %q stands right of it", forwarded, client, hops[i])
			}
		}
		t.Fatalf("%q: %s is none of the hops", forwarded, client)
	})
}

// TestS03_UntrustedForwarder: a proxy that was forgotten in the configuration is pointed out once, and only where it can be one.
func TestS03_UntrustedForwarder(t *testing.T) {
	for _, c := range []struct {
		name, peer, header string
		none, told         bool
	}{
		{"this machine", "127.0.0.2:1", "X-Forwarded-For", false, true},
		{"the network", "192.168.3.4:1", "Forwarded", false, true},
		{"nginx's own names", "[fd12::1]:1", "X-Original-Url", false, true},
		{"a trusted proxy", "10.0.0.1:1", "X-Forwarded-For", false, false},
		{"the world", "9.9.9.9:1", "X-Forwarded-For", false, false},
		{"no such header", "127.0.0.2:1", "Accept", false, false},
		{"there is no proxy", "127.0.0.2:1", "X-Forwarded-For", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, log := siteAt(t, "https://panel.example.net")
			s.NoProxy = c.none
			for range 3 {
				ask(s, http.HandlerFunc(sayTarget), "GET", "/", "", "Peer", c.peer, c.header, "1.2.3.4")
			}
			lines := strings.Count(log.String(), "forwarded headers arrive")
			if want := map[bool]int{true: 1}[c.told]; lines != want || s.UntrustedForwarder().IsValid() != c.told {
				t.Errorf("%d lines, peer %s; want %d", lines, s.UntrustedForwarder(), want)
			}
			if _, cure, _ := strings.Cut(log.String(), `"cure"`); c.told && (!strings.Contains(cure, "[none]") || strings.Contains(cure, s.UntrustedForwarder().String())) {
				t.Errorf("the cure names an address that a stranger may have: %s", cure)
			}
		})
	}
}
