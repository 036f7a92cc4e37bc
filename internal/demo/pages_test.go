package demo

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

func TestEveryPageOfTheMenuOpens(t *testing.T) {
	panel, _, b := start(t, Options{Product: "Meghna Net", TwoFactorURL: "/own/two-factor"})
	b.login("admin@demo.isp")
	for _, route := range panel.routes {
		if route.method != "GET" || route.door != members || strings.Contains(route.path, "{id}") || route.path == "/" ||
			strings.HasSuffix(route.path, "/stream") || strings.HasSuffix(route.path, "/data") || route.path == "/admin/socket" || route.path == "/files/download" {
			continue
		}
		a := b.get(route.path)
		a.expect(t, http.StatusOK, "")
		a.contains(t, "– Meghna Net</title>", 1)
		a.contains(t, `<a href="/own/two-factor">Two Factor</a>`, 1)
		a.contains(t, `action="`+b.base+`/logout"`, 1)
	}
	for _, page := range []string{"/customer", "/customer/login", "/bkash/customer_payment/success"} {
		a := b.get(page)
		a.expect(t, http.StatusOK, "")
		a.contains(t, "user-id", 0) // a public page names nobody
	}
	b.get("/assets/app.css").contains(t, ".burger", 5)
	b.get("/assets/nothing.css").expect(t, http.StatusNotFound, "")
	b.get("/assets/%2e").expect(t, http.StatusNotFound, "")
	b.get("/nothing").expect(t, http.StatusNotFound, "")
}

func TestSavingACustomerFlashesOnce(t *testing.T) {
	_, _, b := start(t, Options{})
	b.login("operator@demo.isp")
	fields := url.Values{"name": {"<b>Nasima</b>"}, "mobile": {"01712345678"}, "address": {"House 1"}, "package": {"Gamer"}, "status": {"suspended"}}
	b.post("/admin/customers/1001", "/admin/customers/1001", fields).expect(t, http.StatusFound, b.base+"/admin/customers/1001")
	a := b.get("/admin/customers/1001")
	a.contains(t, "Customer saved.", 1)
	a.contains(t, "&lt;b&gt;Nasima&lt;/b&gt;", 3)
	a.contains(t, "<b>Nasima", 0)
	b.get("/admin/customers/1001").contains(t, "Customer saved.", 0)

	fields.Set("mobile", "12")
	fields.Set("status", "expired suspended")
	b.post("/admin/customers/1001", "/admin/customers/1001", fields)
	a = b.get("/admin/customers/1001")
	a.contains(t, "must be a Bangladeshi number", 1)
	a.contains(t, "The selected status is invalid.", 1)
	a.contains(t, "Customer saved.", 0)
}

func TestCustomerTableData(t *testing.T) {
	_, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	for _, test := range []struct {
		query                   string
		rows, total, last, from int
	}{
		{"", 15, 60, 4, 1},
		{"?page=4&per_page=16", 12, 60, 4, 49},
		{"?page=99", 15, 60, 4, 46},
		{"?status=suspended", 3, 3, 1, 1},
		{"?search=1060", 1, 1, 1, 1},
		{"?search=no+such+person", 0, 0, 1, 0},
	} {
		var got listing[customer]
		if err := json.Unmarshal([]byte(b.get("/admin/customers/data"+test.query).text), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Data) != test.rows || got.Total != test.total || got.LastPage != test.last || got.From != test.from {
			t.Errorf("%q: %d rows of %d, %d pages, from %d", test.query, len(got.Data), got.Total, got.LastPage, got.From)
		}
	}
}

func TestPayments(t *testing.T) {
	panel, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	before, _ := panel.books.customer(1005) // expired, owes a month
	b.post("/admin/customers/1005/payments", "/admin/customers/1005", url.Values{"amount": {fmt.Sprint(before.Due)}})
	if after, _ := panel.books.customer(1005); before.Due == 0 || after.Due != 0 {
		t.Fatalf("due %d before, %d after", before.Due, after.Due)
	}
	if got := taka(1234567); got != "BDT 12,34,567" {
		t.Fatal(got)
	}
}

func TestUploadIsMeasured(t *testing.T) {
	_, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	content := bytes.Repeat([]byte("ispbills"), 300000)
	sum := sha256.Sum256(content)
	send := func(token string, headers ...string) answer {
		reader, writer := io.Pipe()
		form := multipart.NewWriter(writer)
		go func() {
			if token != "" {
				form.WriteField("_token", token)
			}
			part, err := form.CreateFormFile("file", "scan.pdf")
			if err == nil {
				_, err = part.Write(content)
			}
			if err == nil {
				err = form.Close()
			}
			writer.CloseWithError(err)
		}()
		return b.send("POST", "/admin/files", form.FormDataContentType(), reader, headers...)
	}
	a := send(b.token("/admin/files"), "Accept", "application/json")
	a.expect(t, http.StatusCreated, "")
	a.contains(t, fmt.Sprintf(`"size":%d,"sha256":"%s"`, len(content), hex.EncodeToString(sum[:])), 1)
	send(b.token("/admin/files")).expect(t, http.StatusFound, b.base+"/admin/files")
	b.get("/admin/files").contains(t, hex.EncodeToString(sum[:]), 3)
	send("").expect(t, 419, "")
}

func TestDownload(t *testing.T) {
	_, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	a := b.get("/files/download?bytes=1000")
	if a.ContentLength != 1000 || len(a.text) != 1000 || a.text[260] != 260%251 {
		t.Fatalf("%d bytes announced, %d came", a.ContentLength, len(a.text))
	}
	a = b.get("/files/download?bytes=1000", "Range", "bytes=250-251")
	if a.StatusCode != http.StatusPartialContent || a.text != "\xfa\x00" {
		t.Fatalf("%s %q", a.Status, a.text)
	}
	for _, wrong := range []string{"-1", "x", "4294967297"} {
		b.get("/files/download?bytes="+wrong).expect(t, http.StatusUnprocessableEntity, "")
	}
}

func TestBandwidthStreamFlushes(t *testing.T) {
	panel, clock, b := start(t, Options{})
	b.login("admin@demo.isp")
	response, err := b.client.Get(b.base + "/admin/bandwidth/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatal(kind)
	}
	// The second event must be made after the first was read: buffered ones would still show the old time.
	for lines, events := bufio.NewScanner(response.Body), 0; events < 2; {
		if !lines.Scan() {
			t.Fatalf("stream ended after %d events: %v", events, lines.Err())
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var got reading
		if err := json.Unmarshal([]byte(data), &got); err != nil || got.Down == 0 || len(got.POPs) != len(areas) {
			t.Fatalf("event %s: %v", data, err)
		}
		if !got.At.Equal(clock.now()) {
			t.Fatalf("event %d was made at %s, now is %s", events, got.At, clock.now())
		}
		clock.pass(time.Hour)
		events++
	}
	panel.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatalf("Close broke the stream: %v", err)
	}
}

func dial(b *browser, path, origin string) (*websocket.Conn, error) {
	config, err := websocket.NewConfig("ws"+strings.TrimPrefix(b.base, "http")+path, origin)
	if err != nil {
		return nil, err
	}
	config.Header.Set("User-Agent", "test")
	config.Header.Set("Cookie", "ispbills_session="+b.cookieValue("ispbills_session"))
	return config.DialContext(b.t.Context())
}

func TestSocket(t *testing.T) {
	panel, _, b := start(t, Options{})
	if _, err := dial(b, "/admin/socket", b.base); err == nil {
		t.Fatal("a socket for somebody who is not logged in")
	}
	b.login("admin@demo.isp")
	if _, err := dial(b, "/admin/socket", "http://evil.example"); err == nil {
		t.Fatal("a socket for a foreign origin")
	}
	conn, err := dial(b, "/admin/socket", b.base)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var got string
	for _, text := range []string{"salaam", strings.Repeat("x", 60000)} {
		if err := websocket.Message.Send(conn, text); err != nil {
			t.Fatal(err)
		}
		if err := websocket.Message.Receive(conn, &got); err != nil || got != text {
			t.Fatalf("echo of %d bytes: %d bytes, %v", len(text), len(got), err)
		}
	}
	ticker, err := dial(b, "/admin/socket?ticker=1", b.base)
	if err != nil {
		t.Fatal(err)
	}
	defer ticker.Close()
	if err := websocket.Message.Receive(ticker, &got); err != nil || !strings.Contains(got, ": ") {
		t.Fatalf("log line %q, %v", got, err)
	}
	panel.Close()
	if err := websocket.Message.Receive(conn, &got); err == nil {
		t.Fatal("Close left the socket open")
	}
}

func TestPublicDoorsNeedNoLogin(t *testing.T) {
	panel, _, b := start(t, Options{})
	b.get("/bkash/customer_payment/success?paymentID=TR1&status=success").contains(t, "<b>TR1</b>", 1)
	b.get("/bkash/customer_payment/success?status=cancel").contains(t, "was not made", 1)
	form := "application/x-www-form-urlencoded"
	b.send("POST", "/bkash/customer_payment/callback", form, strings.NewReader("paymentID=TR1&customer=1005&amount=100")).
		contains(t, `"statusCode":"0000"`, 1)
	c, _ := panel.books.customer(1001)
	b.send("POST", "/hotspot/login", form, strings.NewReader("username=1001&password="+c.Mobile), "User-Agent", "").contains(t, "Access-Accept", 1)
	b.send("POST", "/hotspot/login", form, strings.NewReader("username=1001&password=x")).expect(t, http.StatusForbidden, "")
	b.get("/forgot-password").expect(t, http.StatusOK, "")

	b.get("/customer/home").expect(t, http.StatusFound, b.base+"/customer/login")
	b.post("/customer/web/login", "/customer/login", url.Values{"customer_id": {"1001"}, "mobile": {"01711111111"}}).
		expect(t, http.StatusFound, b.base+"/customer/login")
	b.post("/customer/web/login", "/customer/login", url.Values{"customer_id": {"1001"}, "mobile": {c.Mobile}}).
		expect(t, http.StatusFound, b.base+"/customer/home")
	b.get("/customer/home").contains(t, c.Name, 1)
	b.get("/dashboard").expect(t, http.StatusFound, b.base+"/login")
}

func TestAPI(t *testing.T) {
	_, clock, b := start(t, Options{})
	b.get("/api/customers").expect(t, http.StatusUnauthorized, "")
	b.send("POST", "/api/auth/login", "application/json", strings.NewReader(`{"email":"admin@demo.isp","password":"x"}`)).expect(t, http.StatusUnauthorized, "")
	a := b.send("POST", "/api/auth/login", "application/json", strings.NewReader(`{"email":"admin@demo.isp","password":"demo-password"}`))
	a.expect(t, http.StatusOK, "")
	if len(a.Cookies()) != 0 {
		t.Fatalf("the API sets cookies: %v", a.Cookies())
	}
	var token struct {
		Text string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.text), &token); err != nil {
		t.Fatal(err)
	}
	b.get("/api/customers", "Authorization", "Bearer "+token.Text).contains(t, `"total":60`, 1)
	b.get("/dashboard", "Authorization", "Bearer "+token.Text).expect(t, http.StatusFound, b.base+"/login")
	clock.pass(time.Hour)
	b.get("/api/customers", "Authorization", "Bearer "+token.Text).expect(t, http.StatusUnauthorized, "")
}

func TestChangePassword(t *testing.T) {
	_, _, b := start(t, Options{})
	b.login("operator@demo.isp")
	fields := url.Values{"current_password": {"wrong"}, "password": {"a new password"}, "password_confirmation": {"a new password"}}
	b.post("/admin/change-password", "/admin/change-password", fields)
	b.get("/admin/change-password").contains(t, "The current password is not right.", 1)
	fields.Set("current_password", "demo-password")
	b.post("/admin/change-password", "/admin/change-password", fields)
	b.get("/admin/change-password").contains(t, "Your password has been changed.", 1)
	other := another(t, b.base)
	other.try("operator@demo.isp", "a new password").expect(t, http.StatusFound, b.base+"/dashboard")
}

func TestNobodyLogsInWithoutAPassword(t *testing.T) {
	_, _, b := start(t, Options{Accounts: []Account{{Email: "new@isp.example"}}})
	b.try("new@isp.example", "").expect(t, http.StatusFound, b.base+"/login")
	b.get("/dashboard").expect(t, http.StatusFound, b.base+"/login")
	b.send("POST", "/api/auth/login", "application/json", strings.NewReader(`{"email":"new@isp.example","password":""}`)).
		expect(t, http.StatusUnauthorized, "")
}

func TestOwnAccounts(t *testing.T) {
	_, _, b := start(t, Options{Accounts: []Account{{Email: "rina@isp.example", Password: "শুভ সকাল"}}})
	b.try("admin@demo.isp", "demo-password").expect(t, http.StatusFound, b.base+"/login")
	b.try("rina@isp.example", "শুভ সকাল").expect(t, http.StatusFound, b.base+"/dashboard")
	a := b.get("/admin/profile")
	a.contains(t, `<meta name="user-role" content="operator">`, 1)
	a.contains(t, "<dd>rina</dd>", 1)
}
