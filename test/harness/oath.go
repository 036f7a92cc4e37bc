package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// OATH returns the TOTP code (SHA-1, 6 digits, 30 s) of a base32 secret at a time, by oathtool and not by our code.
func OATH(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	secret = strings.ReplaceAll(secret, " ", "")
	return strings.TrimSpace(run(t, exec.Command(Need(t, "oathtool", "oathtool"), "--totp", "-b",
		fmt.Sprintf("--now=@%d", at.Unix()), secret)))
}

// QR returns the text of the one QR code in a PNG image, by zbarimg.
func QR(t testing.TB, png []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "qr.png")
	if err := os.WriteFile(file, png, 0o600); err != nil {
		t.Fatalf("read QR code: %v", err)
	}
	read, err := exec.Command(Need(t, "zbarimg", "zbar-tools"), "--quiet", "--raw", file).Output() // it complains of D-Bus on the other stream
	if err != nil {
		t.Fatalf("read QR code: zbarimg: %v\n%s", err, read)
	}
	text := strings.TrimSpace(string(read))
	if strings.Contains(text, "\n") {
		t.Fatalf("more than one QR code:\n%s", text)
	}
	return text
}
