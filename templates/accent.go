package templates

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	defaultAccent     = "#1457d9"
	defaultAccentDark = "#7aa7ff"

	readable = 4.5 // contrast of text, WCAG 2.2 criterion 1.4.3

	white, black = colour(0xffffff), colour(0x000000)
)

// The surfaces that accent-coloured text stands on; style.css has the same values.
var (
	lightSurfaces = []colour{0xffffff, 0xf4f6f9, 0xe8effc}
	darkSurfaces  = []colour{0x0f141b, 0x18202b, 0x1b2a44}
)

// colour is 0xrrggbb in sRGB.
type colour uint32

// parseColour reads #rrggbb or #rgb.
func parseColour(s string) (colour, error) {
	hex, ok := strings.CutPrefix(s, "#")
	if ok && len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 24)
	if !ok || len(hex) != 6 || err != nil {
		return 0, fmt.Errorf("accent %q is not a colour like %s", s, defaultAccent)
	}
	return colour(n), nil
}

func (c colour) String() string { return fmt.Sprintf("#%06x", uint32(c)) }

// luminance is the relative luminance of WCAG 2.2, 0 to 1.
func (c colour) luminance() float64 {
	sum := 0.0
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		v := float64(c>>(8*i)&0xff) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// contrast is the contrast ratio of WCAG 2.2, 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

// mix goes the share t (0 to 1) of the way from c to d.
func mix(c, d colour, t float64) colour {
	var out colour
	for i := range 3 {
		a, b := float64(c>>(8*i)&0xff), float64(d>>(8*i)&0xff)
		out |= colour(math.Round(a+(b-a)*t)) << (8 * i)
	}
	return out
}

// textOn is white where white can be read on c, else black: one of the two always can.
func textOn(c colour) colour {
	if contrast(white, c) >= readable {
		return white
	}
	return black
}

// readableOn moves c towards an end of the scale until it can be read on every surface.
func readableOn(c, end colour, surfaces []colour) colour {
	for step := range 100 {
		m := mix(c, end, float64(step)/100)
		ok := true
		for _, s := range surfaces {
			ok = ok && contrast(m, s) >= readable
		}
		if ok {
			return m
		}
	}
	return end
}

// accentStyle is the part of the stylesheet that follows from the accent. The accent fills buttons; links, focus rings and
// button edges take the nearest shade that can be read on the page.
func accentStyle(accent string) (string, error) {
	c, err := parseColour(accent)
	if err != nil {
		return "", err
	}
	dark := readableOn(c, white, darkSurfaces)
	if c.String() == defaultAccent {
		dark, _ = parseColour(defaultAccentDark)
	}
	theme := func(fill, link colour, hover colour) string {
		return fmt.Sprintf(":root{--accent:%s;--on-accent:%s;--accent-hover:%s;--on-hover:%s;--link:%s}",
			fill, textOn(fill), hover, textOn(hover), link)
	}
	return theme(c, readableOn(c, black, lightSurfaces), mix(c, black, 0.15)) +
		"@media (prefers-color-scheme:dark){" + theme(dark, dark, mix(dark, white, 0.2)) + "}\n", nil
}
