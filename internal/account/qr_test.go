package account

import (
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// draw paints our SVG as a browser would: the white square, then the one path.
func draw(t *testing.T, svg string) image.Image {
	t.Helper()
	var doc struct {
		ViewBox string `xml:"viewBox,attr"`
		Path    []struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal([]byte(svg), &doc); err != nil || len(doc.Path) != 1 {
		t.Fatalf("the SVG: %v, %d paths", err, len(doc.Path))
	}
	const scale = 6
	size, _ := strconv.Atoi(strings.Fields(doc.ViewBox)[2])
	img := image.NewGray(image.Rect(0, 0, size*scale, size*scale))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(doc.Path[0].D, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		w, _ := strconv.Atoi(m[3])
		for px := x * scale; px < (x+w)*scale; px++ {
			for py := y * scale; py < (y+1)*scale; py++ {
				img.SetGray(px, py, color.Gray{})
			}
		}
	}
	return img
}

func zbarimg(t *testing.T, img image.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qr.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	f.Close()
	out, err := exec.Command("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path).Output()
	if err != nil {
		t.Fatalf("zbarimg (Debian package zbar-tools): %v", err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func TestQRCodeReadsAsTheURI(t *testing.T) {
	secret, err := NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ issuer, account, wantIssuer string }{
		"plain":      {"ISPBills", "admin@demo.isp", "ISPBills"},
		"spaces":     {"My ISP Billing", "jane doe", "My ISP Billing"},
		"colons":     {"ISP: Billing", "ns:admin:1", "ISP Billing"},
		"percent":    {"100% Net", "a%2Fb%zz", "100% Net"},
		"query":      {"A&B=C?#/", "x&secret=AAAA#y?z/+", "A&B=C?#/"},
		"unicode":    {"আইএসপি", "রহিম@দেমো", "আইএসপি"},
		"emoji":      {"Net 🚀", "zoë+2@x", "Net 🚀"},
		"no issuer":  {"", "admin", ""},
		"long names": {strings.Repeat("i", 60), strings.Repeat("ü", 120), strings.Repeat("i", 60)},
	} {
		t.Run(name, func(t *testing.T) {
			svg, err := QR(secret.URI(c.issuer, c.account))
			if err != nil {
				t.Fatal(err)
			}
			read := zbarimg(t, draw(t, svg))
			key, err := url.Parse(read) // not by the library that wrote it
			if err != nil {
				t.Fatal(err)
			}
			label, account, q := c.wantIssuer+":", c.account, key.Query()
			if c.wantIssuer == "" {
				label = ""
			}
			if key.Scheme != "otpauth" || key.Host != "totp" || key.Path != "/"+label+account {
				t.Errorf("%q: label %q, want %q", read, key.Path, "/"+label+account)
			}
			for parameter, want := range map[string]string{"secret": secret.base32(), "issuer": c.wantIssuer, "algorithm": "SHA1", "digits": "6", "period": "30"} {
				if got := q.Get(parameter); got != want || len(q[parameter]) > 1 {
					t.Errorf("%q: %s is %q, want %q", read, parameter, q[parameter], want)
				}
			}
			if strings.Contains(read, "+") {
				t.Errorf("%q has a plus: apps do not read it as a space", read)
			}
		})
	}
}

func TestQRCodeIsPlainSVG(t *testing.T) {
	svg, err := QR("otpauth://totp/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"style=", "<script", "href", "<image", "data:"} {
		if strings.Contains(svg, bad) {
			t.Errorf("the SVG has %s", bad)
		}
	}
	if img := draw(t, svg); !regexp.MustCompile(`^<svg [^>]*viewBox="0 0 (\d+) \d+"`).MatchString(svg) || img.Bounds().Dx()/6 != 25+8 {
		t.Errorf("%d modules wide, want 25 and a border of 4 on both sides", img.Bounds().Dx()/6)
	}
	if _, err := QR(strings.Repeat("x", 5000)); err == nil {
		t.Error("5000 bytes fit in no QR code")
	}
}
