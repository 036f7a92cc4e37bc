package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestCutOff: a request whose body has what may not pass reaches the panel without it, at protected and public routes.
func TestCutOff(t *testing.T) {
	h := built(t, func(_ http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err == nil {
			t.Errorf("the panel got all of %s: %q", r.URL, b)
		}
	})
	const form, parts = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
	for _, c := range []struct {
		name, target, types, body string
		want                      int
	}{
		{"S14, a form", "/page", form, "a=b&PHPSESSID=stolen", http.StatusBadRequest},
		{"S14, the held name", "/page", form, "a=b&laravel.session=stolen", http.StatusBadRequest},
		{"S14, parts", "/page", parts, "--x\r\nContent-Disposition: form-data; name=\"PHPSESSID\"\r\n\r\nstolen\r\n--x--\r\n", http.StatusBadRequest},
		{"S14, public", "/pay/1", form, "PHPSESSID=stolen", http.StatusBadRequest},
		{"S14, much before it", "/pay/1", form, strings.Repeat("a=b&", 100000) + "PHPSESSID=stolen", http.StatusBadRequest},
		{"S4, a form", "/pay/1", form, "_method=DELETE", http.StatusForbidden},
		{"S4, JSON", "/pay/1", "application/json", `{"_method":"DELETE"}`, http.StatusForbidden},
	} {
		if w := ask(h.proxied(), "POST", c.target, c.body, "Cookie", h.sealedCookie("laravel_session=1"), "Content-Type", c.types); w.Code != c.want {
			t.Errorf("%s: %d, want %d", c.name, w.Code, c.want)
		}
	}
}

// TestS15_UnmarkedDoesNotPass: a password that cannot be remembered does not pass.
func TestS15_UnmarkedDoesNotPass(t *testing.T) {
	for _, c := range [][2]string{{"/page?password=x", ""}, {"/page", "password=x"}} {
		h := builtWith(t, namingProfile, func(_ http.ResponseWriter, r *http.Request) {
			if b, err := io.ReadAll(r.Body); err == nil {
				t.Errorf("the panel got %s %q", r.URL, b)
			}
		})
		h.desk.session.Created, h.desk.unwritable = h.now(), true
		if w := ask(h.proxied(), "POST", c[0], c[1], "Cookie", h.sealedCookie("laravel_session=1")); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%v: %d", c, w.Code)
		}
	}
}

// TestS14_Cookie2: nobody opens or drops what is in it.
func TestS14_Cookie2(t *testing.T) {
	h := built(t, hello)
	for _, target := range []string{"/page", "/pay/1"} {
		ask(h.proxied(), "GET", target, "", "Cookie", h.sealedCookie("laravel_session=1"), "Cookie2", "PHPSESSID=stolen")
		if got := h.last().Header; got.Get("Cookie") == "" || got["Cookie2"] != nil {
			t.Errorf("%s: the panel gets %v", target, got)
		}
	}
}
