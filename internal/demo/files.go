package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	maxDownload = 4 << 30 // bytes
	maxListed   = 20
	maxFileName = 200 // bytes kept of a name
)

// uploaded is what remains of an upload: its content is read, measured and thrown away.
type uploaded struct {
	Name   string    `json:"name"`
	Size   int64     `json:"size"` // bytes
	SHA256 string    `json:"sha256"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

type uploads struct {
	mu   sync.Mutex
	list []uploaded // newest first
}

func (u *uploads) add(file uploaded) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.list = slices.Insert(u.list, 0, file)
	u.list = u.list[:min(len(u.list), maxListed)]
}

func (u *uploads) all() []uploaded {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.list)
}

func (v *visit) files() { v.shell("files", "Files", v.panel.uploads.all()) }

// upload reads the part named file as it streams in; nothing is stored. Scripts get JSON, forms a redirect.
func (v *visit) upload() {
	for {
		part, err := v.parts.NextPart()
		if err != nil {
			text := "The upload broke off."
			if errors.Is(err, io.EOF) {
				text = "Choose a file first."
			}
			v.back("/admin/files", flash{Errors: []string{text}})
			return
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		sum := sha256.New()
		size, err := io.Copy(sum, part)
		if err != nil {
			v.back("/admin/files", flash{Errors: []string{"The upload broke off."}})
			return
		}
		name := part.FileName()
		file := uploaded{name[:min(len(name), maxFileName)], size, hex.EncodeToString(sum.Sum(nil)), v.user.Name, v.panel.now()}
		v.panel.uploads.add(file)
		if v.wantsJSON() {
			v.json(http.StatusCreated, file)
			return
		}
		v.say(fmt.Sprintf("%s received: %d bytes, SHA-256 %s.", file.Name, file.Size, file.SHA256))
		v.redirect("/admin/files")
		return
	}
}

// download streams ?bytes= bytes (default 1 MiB, at most 4 GiB) of a fixed pattern; Range works.
func (v *visit) download() {
	size, err := strconv.ParseInt(v.input("bytes"), 10, 64)
	if v.input("bytes") == "" {
		size, err = 1<<20, nil
	}
	v.sendCookies()
	if err != nil || size < 0 || size > maxDownload {
		v.fail(http.StatusUnprocessableEntity, "Unprocessable Content")
		return
	}
	v.w.Header().Set("Cache-Control", "no-cache, private")
	v.w.Header().Set("Content-Type", "application/octet-stream")
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="export-%d.bin"`, size))
	http.ServeContent(v.w, v.r, "", time.Time{}, &pattern{size: size})
}

// pattern reads as size bytes in which byte i is i modulo 251.
type pattern struct{ at, size int64 }

func (p *pattern) Read(into []byte) (int, error) {
	if p.at >= p.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(into)), p.size-p.at))
	for i := range n {
		into[i] = byte((p.at + int64(i)) % 251) // #nosec G115 -- a remainder below 251
	}
	p.at += int64(n)
	return n, nil
}

func (p *pattern) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 {
		return 0, errors.New("seek before start")
	}
	p.at = offset
	return offset, nil
}

func fileSize(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	case bytes >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", bytes)
}
