package proxy

import (
	"errors"
	"net/http"
	"strings"
)

// checkUpgrade is S7: only a GET with the single token `websocket` from our own origin may leave HTTP.
func checkUpgrade(r *http.Request, origin string) error {
	if !wantsUpgrade(r) {
		return nil
	}
	up := r.Header.Values("Upgrade")
	if r.Method != http.MethodGet || len(up) != 1 || !strings.EqualFold(strings.TrimSpace(up[0]), "websocket") {
		return errors.New("upgrade to something else than a websocket")
	}
	if r.ContentLength != 0 { // it would be read from what has left HTTP
		return errors.New("upgrade with a body")
	}
	return fromOrigin(r, origin)
}

// checkWebsocket is the same for a server in front, which asks without the Upgrade: the key tells (RFC 6455 section 4.1).
func checkWebsocket(r *http.Request, origin string) error {
	if len(r.Header["Sec-Websocket-Key"]) == 0 {
		return nil
	}
	return fromOrigin(r, origin)
}

func fromOrigin(r *http.Request, origin string) error {
	if o := r.Header.Values("Origin"); len(o) != 1 || o[0] != origin {
		return errors.New("websocket from another origin")
	}
	return nil
}

func wantsUpgrade(r *http.Request) bool {
	return len(r.Header.Values("Upgrade")) > 0 // `Connection: upgrade` alone asks for nothing: nginx recipes send it always
}
