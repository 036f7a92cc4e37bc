package security

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/mission/office"
)

// A panel's 1xx answers are swallowed: a 103 would carry its Set-Cookie past us and clear the headers of the final one.
func TestS08_NoInformationalAnswers(t *testing.T) {
	whole := theOffice(t)
	o := whole.Branch(t, "panel", panelAt(between(t, whole, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/profile" && r.URL.Path != "/customer/early" {
			return false
		}
		h := w.Header()
		h.Set("Link", "</style.css>; rel=preload")
		h.Add("Set-Cookie", "laravel_session=early-in-clear; path=/")
		for _, status := range []int{http.StatusProcessing, http.StatusEarlyHints, http.StatusEarlyHints} {
			w.WriteHeader(status)
		}
		h.Set("X-Final", "yes")
		return html(w, http.StatusOK, "<p>final</p>")
	}, nil)))
	c := o.Clerk(t)
	c.LogIn()
	for _, path := range []string{"/profile", "/customer/early"} {
		text := bytesOf(t, o, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: panel.example.net\r\nConnection: close\r\nCookie: %s\r\n\r\n", path, c.Cookies("/")))
		if !strings.HasPrefix(text, "HTTP/1.1 200 ") || strings.Count(text, "HTTP/1.1 ") != 1 {
			t.Errorf("%s: the answer is\n%s", path, text)
		}
		if strings.Contains(text, "early-in-clear") {
			t.Errorf("%s: the panel's cookie is in the answer in clear", path)
		}
		if !strings.Contains(text, "X-Final: yes") || !strings.Contains(text, "laravel_session=ig1.") {
			t.Errorf("%s: the final answer lost its headers\n%s", path, text)
		}
	}
}

// bytesOf returns everything that the gateway answers before it closes.
func bytesOf(t *testing.T, o *office.Office, text string) string {
	t.Helper()
	c, err := net.DialTimeout("tcp", o.Host(), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	if _, err := bufio.NewReader(c).WriteTo(&all); err != nil {
		t.Fatal(err)
	}
	return all.String()
}
