package mission

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ispgate/ispgate/test/harness"
)

// TestBrowserPanelWorks does through the gateway what a panel's pages do by themselves.
func TestBrowserPanelWorks(t *testing.T) {
	b := chromium(t, harness.Demo(t).URL)
	b.open("/").submitPassword(admin, password).at("/dashboard", 200)
	for name, check := range map[string]func(*testing.T, *tab){
		"bandwidth by server-sent events": watchBandwidth, "websocket": talkToRouter, "customers by XHR": findCustomer,
		"upload": sendFile, "download": fetchFile, "form and flash message": saveCustomer,
	} {
		t.Run(name, func(t *testing.T) {
			one := *b // the browser complains to this subtest
			one.t = t
			check(t, &one)
			one.quiet()
		})
	}
}

func watchBandwidth(t *testing.T, b *tab) {
	b.press("Bandwidth").at("/admin/bandwidth", 200)
	b.await("live feed", `document.getElementById("feed").textContent === "live"`)
	first := b.text("#down")
	b.await("other number than "+first, `document.getElementById("down").textContent !== "`+first+`"`)
	if n, err := strconv.Atoi(b.text("#down")); err != nil || n <= 0 {
		t.Errorf("download reads %q Mbit/s", b.text("#down"))
	}
	b.await("third point of the curve", `document.getElementById("trace").getAttribute("points").split(" ").length >= 3`)
}

func talkToRouter(t *testing.T, b *tab) {
	b.press("Bandwidth")
	b.await("open websocket", `document.getElementById("socket-state").textContent === "open"`)
	b.fill("Say something to the router (it answers the same)", "ping from the clerk").clickOnly("Send")
	b.await("echo", `document.getElementById("log").textContent.includes("> ping from the clerk")`)
	b.await("line of the router", `/pppoe|dhcp|queue/.test(document.getElementById("log").textContent)`)
}

func findCustomer(t *testing.T, b *tab) {
	b.press("Customers").at("/admin/customers", 200)
	name := value[string](b, `document.querySelector("#customer-table tbody tr:nth-child(7) small").textContent`)
	asked := value[int](b, `performance.getEntriesByType("resource").filter(e => e.initiatorType === "fetch").length`)
	b.do(chromedp.SendKeys(chromedp.CSS("#customer-filter input"), name))
	b.await("table with "+name+" alone", `document.querySelectorAll("#customer-table tbody tr").length === 1 &&
		document.querySelector("#customer-table tbody small").textContent === "`+name+`"`)
	if now := value[int](b, `performance.getEntriesByType("resource").filter(e => e.initiatorType === "fetch").length`); now <= asked {
		t.Error("the table changed without a request of the script")
	}
	b.at("/admin/customers", 200)
}

func sendFile(t *testing.T, b *tab) {
	content := bytes.Repeat([]byte("scan of a bank statement\n"), 200_000) // 5 MB
	file := filepath.Join(t.TempDir(), "statement.pdf")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	b.press("Files").at("/admin/files", 200)
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
	sum := sha256.Sum256(content)
	b.press("Upload").at("/admin/files", 200).see("statement.pdf received: 5000000 bytes, SHA-256 " + hex.EncodeToString(sum[:]))
}

func fetchFile(t *testing.T, b *tab) {
	b.press("Files").at("/admin/files", 200)
	got := b.download("invoices.bin")
	want := make([]byte, 1<<20)
	for i := range want {
		want[i] = byte(i % 251)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("1 MiB arrives as %d bytes, or as others", len(got))
	}
}

// saveCustomer: a panel's message after a redirect is shown once, and no request of ours eats it.
func saveCustomer(t *testing.T, b *tab) {
	b.open("/admin/customers/1003").fill("Name", "Gateway Test").press("Save")
	b.see("Gateway Test").await("message", `document.querySelector(".note.good") !== null`)
	b.open("/admin/customers/1003").await("page without the message", `document.querySelector(".note.good") === null`)
}

// TestS14_BrowserLogInAsOperator: the panel's own "log in as" opens only in a session that entered a code.
func TestS14_BrowserLogInAsOperator(t *testing.T) {
	b := chromium(t, harness.Demo(t).URL)
	b.open("/").submitPassword(admin, password).press("Operators").at("/admin/operators", 200)
	b.press("Log in as operator")
	b.see("You can't open this page").lacks("are working as")
	if b.status != 403 {
		t.Errorf("without a code: status %d, want 403", b.status)
	}
	b.open("/dashboard").at("/dashboard", 200).lacks("are working as")

	b.enable()
	b.press("I have saved them").press("Operators").press("Log in as operator")
	b.see("You, Shahriar Kabir, are working as")
	b.press("Customers").at("/admin/customers", 200).see("You, Shahriar Kabir, are working as")
	b.press("Two Factor").at(prefix+"two-factor", 200).see(admin) // ours goes on speaking of the real account
	b.press("Back to ISPBills").press("Back to my account").lacks("are working as").see("Shahriar Kabir")
}
