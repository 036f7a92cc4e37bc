package account

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

const quietZone = 4 // modules of white around, ISO/IEC 18004

// QR draws uri as an inline SVG: black on white with its white border, one unit for each module, no size of its own. It
// is hidden from screen readers: the element around it carries role="img" and the title. Nothing of it is ever stored.
func QR(uri string) (string, error) {
	code, err := qr.Encode(uri, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("draw the QR code: %w", err)
	}
	n := code.Bounds().Dx()
	black := func(x, y int) bool { return x < n && code.At(x, y) == color.Black }
	var path strings.Builder
	for y := range n {
		for x := 0; x < n; x++ {
			start := x
			for black(x, y) {
				x++
			}
			if w := x - start; w > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quietZone, y+quietZone, w, w)
			}
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" aria-hidden="true" focusable="false">`+
		`<rect width="100%%" height="100%%" fill="#fff"/><path fill="#000" d="%s"/></svg>`, n+2*quietZone, n+2*quietZone, path.String()), nil
}
