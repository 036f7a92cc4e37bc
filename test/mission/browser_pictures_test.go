package mission

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const maxPicture = 150 << 10 // bytes; a README is read on slow lines too

// looks are the README's pictures of a page; name is what its file's name ends with.
var looks = []struct {
	name, scheme  string
	width, height int64
	mobile        []chromedp.EmulateViewportOption
}{
	{"-desktop", "light", 1280, 800, nil},
	{"", "light", 360, 740, []chromedp.EmulateViewportOption{chromedp.EmulateMobile}},
	{"-dark", "dark", 360, 740, []chromedp.EmulateViewportOption{chromedp.EmulateMobile}},
}

// picture writes name.png and name-dark.png (a phone) and name-desktop.png of a page into $ISPGATE_SCREENSHOTS, if that is
// set: from the top to its end, but not more than some screens of it.
func (b *tab) picture(name string, screens int64) *tab {
	b.t.Helper()
	directory := os.Getenv("ISPGATE_SCREENSHOTS")
	if directory == "" {
		return b
	}
	for _, look := range looks {
		b.do(chromedp.EmulateViewport(look.width, look.height, look.mobile...))
		b.colours(look.scheme)
		long := min(max(value[int64](b, `document.documentElement.scrollHeight`), look.height), screens*look.height)
		file := filepath.Join(directory, name+look.name+".png")
		if err := os.WriteFile(file, b.shrink(b.photograph(look.width, long)), 0o644); err != nil {
			b.t.Fatalf("write picture: %v", err)
		}
	}
	b.colours("light")
	b.desktop()
	return b
}

// photograph takes the upper left of the page, on the screen or not.
func (b *tab) photograph(width, height int64) []byte {
	b.t.Helper()
	beyond := true
	shot, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: &beyond,
		Clip: &page.Viewport{Width: float64(width), Height: float64(height), Scale: 1},
	})
	if err != nil {
		b.t.Fatalf("take picture: %v", err)
	}
	return shot.Data
}

// shrink packs a picture as tightly as PNG can.
func (b *tab) shrink(picture []byte) []byte {
	b.t.Helper()
	image, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		b.t.Fatalf("shrink picture: %v", err)
	}
	var packed bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&packed, image); err != nil {
		b.t.Fatalf("shrink picture: %v", err)
	}
	if packed.Len() > maxPicture {
		b.t.Errorf("a picture has %d bytes, want at most %d", packed.Len(), maxPicture)
	}
	return packed.Bytes()
}
