package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// contents is an image unpacked: its configuration and its files by path.
type contents struct {
	config struct {
		User        string
		Entrypoint  []string
		Cmd         []string
		Volumes     map[string]struct{}
		Healthcheck struct{ Test []string }
	}
	files map[string]*file
}

type file struct {
	*tar.Header
	content []byte
}

// unpack writes an image to a directory and reads it.
func (b *buildah) unpack(image string) *contents {
	b.t.Helper()
	directory := b.t.TempDir()
	b.do("push", "--signature-policy", b.policy, "--format", "v2s2", image, "dir:"+directory)
	var manifest struct {
		Config struct{ Digest string }
		Layers []struct{ Digest string }
	}
	readJSON(b.t, filepath.Join(directory, "manifest.json"), &manifest)
	blob := func(digest string) string {
		return filepath.Join(directory, strings.TrimPrefix(digest, "sha256:"))
	}
	c := &contents{files: map[string]*file{}}
	readJSON(b.t, blob(manifest.Config.Digest), &struct{ Config any }{&c.config})
	for _, layer := range manifest.Layers {
		c.add(b.t, blob(layer.Digest))
	}
	return c
}

func (c *contents) add(t testing.TB, layer string) {
	t.Helper()
	raw, err := os.ReadFile(layer)
	if err != nil {
		t.Fatal(err)
	}
	var stream io.Reader = bytes.NewReader(raw)
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		if stream, err = gzip.NewReader(stream); err != nil {
			t.Fatal(err)
		}
	}
	for archive := tar.NewReader(stream); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		c.files["/"+strings.Trim(header.Name, "./")] = &file{header, content}
	}
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
