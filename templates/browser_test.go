package templates

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// policy is the Content-Security-Policy that the pages are served with (S38).
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// serveSamples serves every sample under /ispgate/<name>, and the static files.
func serveSamples(t *testing.T, s *Set) string {
	t.Helper()
	mux := http.NewServeMux()
	for _, sample := range samples() {
		mux.HandleFunc("GET /ispgate/"+sample.name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if err := s.Render(w, sampleFrame, sample.page); err != nil {
				t.Error(err)
			}
		})
	}
	mux.HandleFunc("GET /ispgate/static/{name}", func(w http.ResponseWriter, r *http.Request) {
		content, contentType, ok := s.Static(r.PathValue("name"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(content)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/ispgate/"
}

// openBrowser starts Chromium without a window.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); end() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// command makes a step of a bare protocol command.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

// TestS38_DownloadWithoutScript saves the recovery codes under the pages' own policy with scripts switched off.
func TestS38_DownloadWithoutScript(t *testing.T) {
	base, ctx, dir := serveSamples(t, testSet(t, nil)), openBrowser(t), t.TempDir()
	done := make(chan browser.DownloadProgressState, 100)
	err := chromedp.ListenBrowser(ctx, func(ev any) {
		if e, ok := ev.(*browser.EventDownloadProgress); ok && e.State != browser.DownloadProgressStateInProgress {
			done <- e.State
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	events := true
	_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, EventsEnabled: &events,
	})
	if err != nil {
		t.Fatal(err)
	}
	err = chromedp.Do(ctx,
		command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}),
		chromedp.Navigate(base+"codes-enabled"),
		chromedp.Click(chromedp.CSS("a[download]")),
	)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case state := <-done:
		if state != browser.DownloadProgressStateCompleted {
			t.Fatalf("download %s", state)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no download")
	}
	got, err := os.ReadFile(filepath.Join(dir, "ispbills-recovery-codes.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range append([]string{"ISPBills – Recovery codes\r\n", "Account: operator@demo.isp\r\n", "9 March 2025"}, sampleCodes...) {
		if !strings.Contains(string(got), want) {
			t.Errorf("the file lacks %q:\n%s", want, got)
		}
	}
}

// focusOf says which element has the focus when a page opens.
var focusOf = map[string]string{
	"login": "username", "login-wrong": "password", "login-ended": "password", "verify": "code", "verify-rejected": "code", "recovery": "code",
	"off": "", "off-wrong": "code", "off-two-faults": "box error", "disable": "code", "disable-password": "password", "on": "", "on-wrong": "code",
}

// TestBrowserAcceptsPages loads every sample on a small phone and fails on any complaint of the browser, such as a blocked
// style or a bad pattern.
func TestBrowserAcceptsPages(t *testing.T) {
	base, ctx := serveSamples(t, testSet(t, nil)), openBrowser(t)
	complaints := make(chan string, 1000)
	err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *log.EventEntryAdded:
			complaints <- fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		case *runtime.EventExceptionThrown:
			complaints <- e.ExceptionDetails.Text
		case *runtime.EventConsoleAPICalled:
			complaints <- fmt.Sprintf("console: %s", e.Type)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples() {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(320, 640), chromedp.Navigate(base+s.name)); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if got := evaluate[bool](t, ctx, `document.documentElement.scrollWidth > innerWidth`); got {
			t.Errorf("%s is wider than a screen of 320 px", s.name)
		}
		got := evaluate[string](t, ctx, focusedElement)
		if want, ok := focusOf[s.name]; ok && got != want {
			t.Errorf("%s: focus on %q, want %q", s.name, got, want)
		}
		small := evaluate[string](t, ctx, smallControls)
		if small != "" {
			t.Errorf("%s: lower than 44 px: %s", s.name, small)
		}
	}
	for len(complaints) > 0 {
		t.Error(<-complaints)
	}
}

// focusedElement names the element with the focus. autofocus is carried out when the page is next drawn (HTML, "update the
// rendering"), which may be after the load event: two frames later it is settled.
const focusedElement = `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
	() => done(document.activeElement.id || document.activeElement.className))))`

// smallControls lists controls that are hard to hit with a finger; a tick box counts with its label.
const smallControls = `Array.from(document.querySelectorAll("button, .button, .links a, input:not([type=hidden]):not([type=checkbox]), .check"))
	.filter(e => !e.hidden && e.getBoundingClientRect().height < 44).map(e => e.outerHTML).join("\n")`

func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
