package mission

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// open goes to a path by the address bar.
func (b *tab) open(path string) *tab {
	b.t.Helper()
	return b.arrive(chromedp.Navigate(b.base + path))
}

// press clicks the one visible link or button with this text, and waits for the page that it leads to.
func (b *tab) press(label string) *tab {
	b.t.Helper()
	return b.arrive(chromedp.Click(button(label)))
}

// arrive does what leads to another page, and waits for it.
func (b *tab) arrive(by chromedp.Action[chromedp.Void]) *tab {
	b.t.Helper()
	from := b.where()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, by)
	if err != nil {
		b.t.Fatalf("no page comes after %s: %v\n%s\n%s", from, err, b.where(), b.words())
	}
	if b.status = response.Status; b.status >= 400 {
		b.said.refusal(response.URL)
	}
	return b
}

// button finds the visible link or button with exactly this text. Several of the same text are a trap for the user too:
// the first counts, as in the demo's table of operators.
func button(label string) chromedp.JSPath {
	return chromedp.JSPath(fmt.Sprintf(`[...document.querySelectorAll("a, button, summary")].find(e =>
		e.innerText.trim() === %q && e.getClientRects().length > 0)`, label))
}

// field finds the input that a visible label belongs to.
func field(label string) chromedp.JSPath {
	return chromedp.JSPath(fmt.Sprintf(`[...document.querySelectorAll("label")].find(e => e.innerText.trim() === %q).control`, label))
}

// fill types into the field with this label, after emptying it.
func (b *tab) fill(label, text string) *tab {
	b.t.Helper()
	b.do(chromedp.Clear(field(label)), chromedp.SendKeys(field(label), text))
	return b
}

// keys types where the focus is.
func (b *tab) keys(text string) *tab {
	b.t.Helper()
	b.do(chromedp.KeyEvent(text))
	return b
}

// see fails unless the visible words of the page have this text, now or soon.
func (b *tab) see(text string) *tab {
	b.t.Helper()
	b.await(fmt.Sprintf("words %q", text), fmt.Sprintf(`document.body.innerText.replace(/\s+/g, " ").includes(%q)`, text))
	return b
}

// lacks fails if the page shows this text.
func (b *tab) lacks(text string) *tab {
	b.t.Helper()
	if strings.Contains(b.words(), text) {
		b.t.Fatalf("%s shows %q:\n%s", b.where(), text, b.words())
	}
	return b
}

// at fails unless the page is at this path and was answered with this status.
func (b *tab) at(path string, status int64) *tab {
	b.t.Helper()
	if got := b.where(); got != path || b.status != status {
		b.t.Fatalf("at %s with status %d, want %s with %d:\n%s", got, b.status, path, status, b.words())
	}
	return b
}

// await waits until a JavaScript expression is true on the page. While one page gives way to another there is none to ask.
func (b *tab) await(what, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		if holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err == nil && holds {
			return
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			b.t.Fatalf("%s: no %s\n%s", b.where(), what, b.words())
		}
	}
}

// text returns the visible text of the one element that a CSS selector names.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return strings.TrimSpace(value[string](b, fmt.Sprintf(`document.querySelector(%q).innerText`, selector)))
}

func (b *tab) words() string { return value[string](b, `document.body ? document.body.innerText : ""`) }

// where returns the path of the page.
func (b *tab) where() string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		b.t.Fatalf("where is the browser: %v", err)
	}
	u, err := url.Parse(at)
	if err != nil {
		b.t.Fatalf("where is the browser: %v", err)
	}
	return u.Path
}
