package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// listening are the kernel's tables of sockets (proc(5), /proc/net/tcp).
var listening = []string{"/proc/net/tcp", "/proc/net/tcp6"}

// beside fails when a panel on this machine also listens where others can reach it: every rule of the gateway would be
// worth nothing. Nothing is dialled; the kernel is asked who listens. A panel elsewhere cannot be judged from here.
func beside(panel *url.URL) error {
	if addr, err := netip.ParseAddr(panel.Hostname()); panel.Hostname() != "localhost" && (err != nil || !addr.IsLoopback()) {
		return nil
	}
	port := panel.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[panel.Scheme]
	}
	for _, table := range listening {
		open, err := reachable(table, port)
		if errors.Is(err, fs.ErrNotExist) {
			continue // not Linux, or no IPv6
		}
		if err != nil {
			return err
		}
		if open != "" {
			return fmt.Errorf("it also listens on %s: bind it to 127.0.0.1 or close port %s in the firewall", open, port)
		}
	}
	return nil
}

// reachable finds a listener on port whose address is not loopback.
func reachable(table, port string) (string, error) {
	f, err := os.Open(table) // #nosec G304 -- one of the kernel's two tables
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		const listen = "0A" // TCP_LISTEN
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != listen {
			continue
		}
		addr, p, ok := socket(fields[1])
		if ok && strconv.Itoa(int(p)) == port && !addr.IsLoopback() {
			return addr.String(), nil
		}
	}
	return "", lines.Err()
}

// socket reads hexaddress:hexport; addresses are 32-bit words in the machine's byte order, little-endian where we run.
func socket(s string) (netip.Addr, uint16, bool) {
	a, p, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(a)
	port, err2 := strconv.ParseUint(p, 16, 16)
	if err != nil || err2 != nil {
		return netip.Addr{}, 0, false
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
	}
	addr, ok := netip.AddrFromSlice(raw)
	return addr.Unmap(), uint16(port), ok
}
