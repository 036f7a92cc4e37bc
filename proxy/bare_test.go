package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// rough is a panel that answers with these bytes, whatever it is asked, and hangs up.
func rough(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	}
}

// told is everything that a browser gets for one request.
func told(t *testing.T, h *house, line string) string {
	t.Helper()
	c, _ := wire(t, h)
	_, _ = io.WriteString(c, line+" HTTP/1.1\r\nHost: panel.example.net\r\nAccept: text/html\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n")
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// TestS13_TrailersStayBehind: they come when cookies and names have been looked at.
func TestS13_TrailersStayBehind(t *testing.T) {
	const late = "Set-Cookie: laravel_session=canary\r\nSet-Cookie: __Host-ispgate=canary\r\nRemote-User: canary\r\nX-Other: canary\r\n\r\n"
	for name, answer := range map[string]string{
		"announced":            "Trailer: Set-Cookie, X-Other\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n" + late,
		"not announced":        "Transfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n" + late,
		"announced, no chunks": "Trailer: Set-Cookie\r\nContent-Length: 5\r\n\r\nwhole",
	} {
		t.Run(name, func(t *testing.T) {
			h := built(t, rough("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"+answer))
			for _, line := range []string{"GET /x", "GET /pay/1"} {
				all := told(t, h, line)
				if strings.Contains(all, "canary") || strings.Contains(all, "Trailer") || !strings.Contains(all, "whole") {
					t.Errorf("%s: the browser gets\n%s", line, all)
				}
			}
		})
	}
}

// TestImpossibleAnswers of the panel are our 502 page, whole.
func TestImpossibleAnswers(t *testing.T) {
	for _, status := range []string{"000", "001", "099", "-01", "1000", "2x0"} {
		h := built(t, rough("HTTP/1.1 "+status+" OK\r\nContent-Length: 2\r\n\r\nok"))
		for _, line := range []string{"GET /x", "GET /pay/1"} {
			if all := told(t, h, line); !strings.HasPrefix(all, "HTTP/1.1 502 ") || !strings.HasSuffix(all, "</html>\n") {
				t.Errorf("status %s, %s: the browser gets\n%s", status, line, all)
			}
		}
		if strings.Contains(h.log.String(), "panic") {
			t.Errorf("status %s: %s", status, h.log)
		}
	}
}

// TestHeadersThatLeadToThePanel lead to us (T9).
func TestHeadersThatLeadToThePanel(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"Location":         {"http://127.0.0.1:8000/a?b": "https://panel.example.net/a?b", "https://evil.example/a": "https://evil.example/a", "/a": "/a"},
		"Content-Location": {"http://127.0.0.1:8000/a?b": "https://panel.example.net/a?b", "http://panel.example.net/a": "https://panel.example.net/a", "https://evil.example/a": "https://evil.example/a", "a": "a"},
		"Refresh": {
			"0;url=http://127.0.0.1:8000/a?b": "0;url=https://panel.example.net/a?b", `3.5 ; URL = "//127.0.0.1:8000/a" x`: `3.5 ; URL = "https://panel.example.net/a" x`,
			"0, 'http://panel.example.net:8000/a'": "0, 'https://panel.example.net/a'", "0;http://127.0.0.1:8000": "0;https://panel.example.net/", "0;url=https://evil.example/http://127.0.0.1/": "0;url=https://evil.example/http://127.0.0.1/",
			"5": "5", "0;url=/a": "0;url=/a", "0;url=": "0;url=", "": "",
		},
	} {
		for value, want := range values {
			h := built(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()[name] = []string{value, value}
				w.WriteHeader(http.StatusCreated)
			})
			if got := ask(h.proxied(), "GET", "/x", "").Header().Values(name); len(got) != 2 || got[0] != want || got[1] != want {
				t.Errorf("%s: %q becomes %q, want %q", name, value, got, want)
			}
		}
	}
}

// TestS40_BrokenAnswersAreNotQuoted: what the panel said may be a session's cookie.
func TestS40_BrokenAnswersAreNotQuoted(t *testing.T) {
	for _, answer := range []string{"canary\r\n\r\n", "HTTP/1.1 canary OK\r\n\r\n", "HTTP/1.1 200 OK\r\nSet-Cookie laravel_session=canary\r\n\r\n", "HTTP/1.1 200 OK\r\n canary\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: canary\r\n\r\n"} {
		h := built(t, rough(answer))
		if all := told(t, h, "POST /x"); !strings.HasPrefix(all, "HTTP/1.1 502 ") {
			t.Errorf("after %q the browser gets\n%s", answer, all)
		}
		if text := h.log.String(); strings.Contains(text, "canary") || !strings.Contains(text, `"cause":`) {
			t.Errorf("after %q the log says %s", answer, text)
		}
	}
}
