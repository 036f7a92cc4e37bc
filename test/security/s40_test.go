package security

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// canaries are the secrets that a full run was given, by what they are.
type canaries map[string][]string

func (c canaries) plant(kind string, secrets ...string) {
	for _, s := range secrets {
		if len(s) >= 6 {
			c[kind] = append(c[kind], s)
		}
	}
}

// plantKey plants the same bytes in every usual spelling.
func (c canaries) plantKey(kind string, raw []byte) {
	c.plant(kind, string(raw), hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), base64.StdEncoding.EncodeToString(raw),
		base64.RawURLEncoding.EncodeToString(raw), base32.StdEncoding.EncodeToString(raw), fmt.Sprint(raw))
}

// wantNone looks for every canary in a text. Six digits count as a code only where they stand alone.
func (c canaries) wantNone(t *testing.T, where, text string, but ...string) {
	t.Helper()
	for kind, secrets := range c {
		if strings.Contains(strings.Join(but, ","), kind) {
			continue
		}
		for _, secret := range secrets {
			at := strings.Index(text, secret)
			if kind == "code" {
				at = -1
				if found := regexp.MustCompile(`(^|[^0-9A-Fa-f.])` + secret + `($|[^0-9A-Fa-f])`).FindStringIndex(text); found != nil {
					at = found[0]
				}
			}
			if at >= 0 {
				t.Errorf("%s: %s in clear: …%q…", where, kind, text[max(0, at-60):min(len(text), at+len(secret)+20)])
				break
			}
		}
	}
}

// Secrets planted in a full run at debug level, with every outage on the way, are found in no log, metric, error page,
// Redis dump or database file.
func TestS40_NoSecretInClear(t *testing.T) {
	const dsn = "canary-dsn-Pa55word"
	o := office.Open(t, "log", "{level: debug, access: all}", "panel", panelAt("%s"), "sessions", "{redis: {url: 'redis://gate:"+dsn+"@%r/0'}}")
	o.Redis.Do("ACL SETUSER gate on >" + dsn + " ~* &* +@all")
	secrets := canaries{"dsn password": {dsn}, "password": {harness.LaravelPassword}}
	keys, err := os.ReadFile(o.Dir + "/keys.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`key: "?([A-Za-z0-9+/=]{40,})`).FindAllStringSubmatch(string(keys), -1) {
		raw, err := base64.StdEncoding.DecodeString(m[1])
		if err != nil {
			t.Fatal(err)
		}
		secrets.plantKey("key", raw)
	}
	if len(secrets["key"]) == 0 {
		t.Fatalf("no key in the key file")
	}
	var errors []*harness.Page
	c := fullRun(t, o, secrets, func(p *harness.Page) {
		if p.Status >= 400 {
			errors = append(errors, p)
		}
	})
	outages(t, o, c, secrets, func(p *harness.Page) { errors = append(errors, p) })

	if len(secrets["device token"]) == 0 {
		t.Error("no device token was planted")
	}
	for kind, planted := range secrets {
		t.Logf("%d × %s", len(planted), kind)
	}
	for _, page := range errors {
		secrets.wantNone(t, fmt.Sprintf("error page %d of %s", page.Status, page.URL.Path), fmt.Sprint(page.Header, page.Body), "pending secret", "name typed", "session cookie", "panel cookie")
	}
	if len(errors) < 15 {
		t.Errorf("only %d error pages", len(errors))
	}
	secrets.wantNone(t, "/metrics", body(t, o.Gateway.Admin+"/metrics"))
	secrets.wantNone(t, "/readyz", body(t, o.Gateway.Admin+"/readyz"))
	for key, value := range dump(t, redisClient(t, o)) {
		secrets.wantNone(t, "Redis, "+key, key+" "+value)
	}
	for _, file := range files(t, o.Dir, "ispgate.db*") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		secrets.wantNone(t, file[len(o.Dir):], string(text))
	}
	o.Gateway.Stop()
	secrets.wantNone(t, "the log", o.Gateway.Output())
}

// fullRun does everything that a person does, once right and once wrong, with secrets in the wrong fields as well.
func fullRun(t *testing.T, o *office.Office, secrets canaries, got func(*harness.Page)) *office.Clerk {
	t.Helper()
	c := o.Clerk(t)
	const typed = "Canary-Typed-As-Name-77"
	secrets.plant("name typed", typed)
	secrets.plant("wrong password", "canary-wrong-password")
	got(c.PostForm(office.Login, url.Values{"username": {typed}, "password": {"canary-wrong-password"}}))
	got(c.PostForm(office.Login, url.Values{"username": {typed + "@example.test"}, "password": {"canary-wrong-password"}}))
	got(c.Password("canary-wrong-password"))
	c.LogIn()
	keepCookies(c, secrets)
	c.Setup()
	secrets.plant("pending secret", c.Phone.Secret)
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(c.Phone.Secret)
	if err != nil {
		t.Fatal(err)
	}
	secrets.plantKey("pending secret", raw)
	code := func() string {
		text := c.Phone.Code(t)
		secrets.plant("code", text)
		return text
	}
	secrets.plant("ticket", "canary-ticket-XYZZY")
	got(c.PostForm(office.Enable, url.Values{"code": {c.Phone.Wrong(t)}, "ticket": {"canary-ticket-XYZZY"}}))
	page := c.PostForm(office.Enable, url.Values{"code": {code()}, "ticket": {"canary-ticket-XYZZY"}}).Want(http.StatusOK)
	c.Keep(page)
	for _, recovery := range c.Codes {
		secrets.plant("recovery code", recovery, strings.ReplaceAll(recovery, "-", ""), strings.ToLower(recovery))
	}
	keepCookies(c, secrets)
	c.LogOut()
	c.Challenge()
	keepCookies(c, secrets)
	got(c.Code(c.Phone.Wrong(t)))
	got(c.Code(c.Codes[5])) // in the wrong field
	got(c.Recover(code()))
	got(c.Recover("canary-recovery-QWERTY"))
	secrets.plant("wrong recovery code", "canary-recovery-QWERTY")
	c.PostForm(office.Verify, url.Values{"code": {code()}, "trust_device": {"1"}})
	c.WantPanel()
	keepCookies(c, secrets)
	for _, path := range []string{"/nonexistent", office.Login, "/ispgate/nonexistent", "/customer/portal", office.TwoFactor, "/login", office.Login + "/x", "/api/auth/login"} {
		got(c.Get(path + "?token=canary-query-token&PHPSESSID=canary-query-session"))
		got(c.Get(path + "?token=canary-query-token"))
	}
	secrets.plant("query token", "canary-query-token", "canary-query-session")
	for kind, r := range map[string]*http.Request{
		"JSON":       request(t, "POST", office.Login, `{"password":"canary-json-password"}`, "Content-Type", "application/json"),
		"bad form":   request(t, "POST", office.Login, "password=canary-json-password&x=%zz"),
		"cross-site": request(t, "POST", office.Verify, "code=123456&password=canary-json-password", "Origin", "https://evil.example/canary-json-password"),
		"too large":  request(t, "POST", office.Login, "password=canary-json-password"+strings.Repeat("x", 20000)),
		"header":     request(t, "GET", "/dashboard", "", "Authorization", "Bearer canary-json-password", "X-Remote-User", "canary-json-password"),
		"upgrade":    request(t, "GET", "/dashboard", "", "Connection", "upgrade", "Upgrade", "canary-json-password"),
	} {
		secrets.plant("body or header", "canary-json-password")
		_ = kind
		got(send(t, c.Browser, r))
	}
	return c
}

func keepCookies(c *office.Clerk, secrets canaries) {
	secrets.plant("session cookie", c.Cookie("/", ours))
	if token := c.Cookie("/", device); token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			panic(err)
		}
		secrets.plant("device token", token)
		secrets.plantKey("device token", raw[16:]) // what stands before it is the browser's name
	}
	for pair := range strings.SplitSeq(c.Cookies("/"), "; ") {
		if _, value, _ := strings.Cut(pair, "="); strings.HasPrefix(value, "ig1.") {
			secrets.plant("panel cookie", value)
		}
	}
}

// outages takes the stores and the panel away under somebody who types secrets.
func outages(t *testing.T, o *office.Office, c *office.Clerk, secrets canaries, got func(*harness.Page)) {
	t.Helper()
	e := c.Elsewhere()
	e.Challenge()
	ask := func() {
		got(e.Code(c.Phone.Wrong(t)))
		got(e.Recover(c.Codes[6]))
		got(c.Get("/dashboard?token=canary-query-token"))
		got(c.PostForm(office.Disable, url.Values{"password": {harness.LaravelPassword}}))
		got(o.Clerk(t).Password(harness.LaravelPassword))
	}
	o.Panel.Stop()
	got(c.Get("/dashboard?token=canary-query-token"))
	got(o.Clerk(t).Password(harness.LaravelPassword))
	o.Panel.Start()
	o.Redis.Stop()
	ask()
	o.Redis.Start()
	o.Redis.Do("ACL SETUSER gate on >canary-dsn-Pa55word ~* &* +@all")
	o.Redis.Do("ACL SETUSER gate -@all") // NOPERM: Redis quotes commands in its errors
	o.Redis.Do("CLIENT KILL TYPE normal SKIPME yes")
	ask()
	o.Redis.Do("ACL SETUSER gate on >canary-dsn-Pa55word ~* &* +@all")
	c.WantPanel()
}
