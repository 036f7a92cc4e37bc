package mission

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/ispgate/ispgate/test/harness"
)

const (
	patience  = 20 * time.Second      // for one thing to happen in a browser, on a loaded machine
	lookEvery = 50 * time.Millisecond // at a page that changes by itself
	testLife  = 4 * time.Minute       // of a browser, whatever hangs
	prefix    = "/ispgate/"           // of our own pages
)

// tab is one tab of a Chromium without a window, used as a person would use it: by labels, words and keys.
type tab struct {
	t      *testing.T
	ctx    context.Context
	base   string // origin
	status int64  // of the document that is shown
	said   *complaints
	rules  string // the text of axe.min.js, where pages are inspected
}

// chromium starts a browser with a profile of its own for the site at base. Whatever the browser complains of (an error on
// the console, an exception, a breach of the Content-Security-Policy, a failed load) fails the test.
func chromium(t *testing.T, base string) *tab {
	t.Helper()
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(harness.Need(t, "chromium", "chromium")), chromedp.NoFirstRun, chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-color-profile", "srgb"),
	}
	ctx, cancel := context.WithTimeout(context.Background(), testLife)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); end() })
	b := &tab{t: t, ctx: ctx, base: base, said: &complaints{refused: map[string]bool{}}}
	if err := chromedp.Listen(ctx, b.said.hear); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	t.Cleanup(b.quiet)
	b.desktop()
	return b
}

// complaints is what the browser said against the pages.
type complaints struct {
	mu      sync.Mutex
	heard   []complaint
	refused map[string]bool // addresses of documents that were answered 400 or more: the browser reports each as a failed load
}

type complaint struct {
	text, url string
	load      bool // a resource did not load
}

func (c *complaints) hear(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		c.add(complaint{fmt.Sprintf("%s %s: %s", e.Entry.Source, e.Entry.Level, e.Entry.Text), e.Entry.URL, e.Entry.Source == log.EntrySourceNetwork})
	case *runtime.EventExceptionThrown:
		c.add(complaint{text: (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error(), url: e.ExceptionDetails.URL})
	case *runtime.EventConsoleAPICalled:
		c.add(complaint{text: "console: " + string(e.Type)})
	}
}

func (c *complaints) add(said complaint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, said)
}

func (c *complaints) refusal(url string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[url] = true
}

// quiet fails the test with every complaint but those about refusals that the test itself asked for.
func (b *tab) quiet() {
	b.said.mu.Lock()
	defer b.said.mu.Unlock()
	for _, c := range b.said.heard {
		if !c.load || !b.said.refused[c.url] {
			b.t.Errorf("the browser complains: %s (%s)", c.text, strings.TrimPrefix(c.url, b.base))
		}
	}
	b.said.heard = nil
}

// do carries out steps, each within the patience of a user.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", b.where(), err)
	}
}

// call makes a step of a bare protocol command.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// value returns what a JavaScript expression is on the page that is shown.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// withoutScript switches the pages' JavaScript off.
func (b *tab) withoutScript() {
	b.t.Helper()
	b.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
}

// forget drops what was heard so far.
func (c *complaints) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = nil
}

// desktop gives the browser the window of an office computer.
func (b *tab) desktop() {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(1280, 800))
}

// phone gives it the screen of a small phone.
func (b *tab) phone() {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
}
