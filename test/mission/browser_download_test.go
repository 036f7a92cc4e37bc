package mission

import (
	"os"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// download presses a link that saves a file, and returns what was saved.
func (b *tab) download(label string) []byte {
	b.t.Helper()
	done := make(chan *browser.EventDownloadProgress, 100)
	err := chromedp.ListenBrowser(b.ctx, func(event any) {
		if e, ok := event.(*browser.EventDownloadProgress); ok && e.State != browser.DownloadProgressStateInProgress {
			done <- e
		}
	})
	if err != nil {
		b.t.Fatalf("download %q: %v", label, err)
	}
	events := true
	_, err = chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: b.t.TempDir(), EventsEnabled: &events,
	})
	if err != nil {
		b.t.Fatalf("download %q: %v", label, err)
	}
	b.clickOnly(label)
	select {
	case e := <-done:
		content, err := os.ReadFile(e.FilePath)
		if err != nil || e.State != browser.DownloadProgressStateCompleted {
			b.t.Fatalf("download %q: %s, %v", label, e.State, err)
		}
		return content
	case <-time.After(patience):
		b.t.Fatalf("download %q: nothing arrives", label)
		return nil
	}
}
