package panel

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/ispgate/ispgate/internal/keyring"
)

const (
	sealMark  = "ig1."
	chunkMark = ".ig" // name, name.ig1, name.ig2 …
	maxCookie = 3800  // bytes of name and value; browsers keep 4096 with attributes
	maxChunks = 16
)

var b64 = base64.RawURLEncoding

// sealed encrypts a cookie's value under its name; a long one is cut into chunks that carry set id, index and count.
//
//	name=ig1.<base64url>      or      name=ig1.<set>.0.<n>.<part>; name.ig1=ig1.<set>.1.<n>.<part>; …
func sealed(box *keyring.Box, sc setCookie, present []Pair) []setCookie {
	raw := box.Seal([]byte(sc.value), sc.name)
	marked := string(b64.AppendEncode(append(make([]byte, 0, len(sealMark)+b64.EncodedLen(len(raw))), sealMark...), raw))
	if len(sc.name)+1+len(marked) < maxCookie {
		sc.value = marked
		return append([]setCookie{sc}, leftovers(sc, 1, present)...)
	}
	text := marked[len(sealMark):]
	size := maxCookie - len(sc.name) - 40
	n := (len(text) + size - 1) / size
	if size <= 0 || n > maxChunks {
		return nil // no panel has a cookie of 60 KB that a browser would keep
	}
	set := rand.Text()[:8]
	out := make([]setCookie, 0, n)
	for i := range n {
		part := sc
		part.name = chunkName(sc.name, i)
		part.value = sealMark + strings.Join([]string{set, strconv.Itoa(i), strconv.Itoa(n), text[i*size : min(len(text), (i+1)*size)]}, ".")
		out = append(out, part)
	}
	return append(out, leftovers(sc, n, present)...)
}

// unseal opens a sealed cookie of a request, gathering its chunks from all of them.
func unseal(box *keyring.Box, p Pair, all []Pair) (string, bool) {
	text := strings.TrimPrefix(p.Value, sealMark)
	if set, n, part, ok := chunk(p.Value, 0); ok {
		text = part
		for i := 1; i < n; i++ {
			next, ok := findChunk(all, chunkName(p.Name, i), set, i, n)
			if !ok {
				return "", false
			}
			text += next
		}
	}
	raw, err := b64.DecodeString(text)
	if err != nil {
		return "", false
	}
	value, err := box.Open(raw, p.Name)
	return string(value), err == nil
}

func findChunk(all []Pair, name, set string, i, n int) (string, bool) {
	for _, p := range all {
		if p.Name != name {
			continue
		}
		if s, m, part, ok := chunk(p.Value, i); ok && s == set && m == n {
			return part, true
		}
	}
	return "", false
}

// chunk reads ig1.<set>.<i>.<n>.<part>.
func chunk(value string, i int) (set string, n int, part string, ok bool) {
	if strings.Count(value, ".") != 4 { // most cookies are whole
		return "", 0, "", false
	}
	f := strings.Split(value, ".")
	if len(f) != 5 || f[0]+"." != sealMark || f[2] != strconv.Itoa(i) {
		return "", 0, "", false
	}
	n, err := strconv.Atoi(f[3])
	return f[1], n, f[4], err == nil && n > 1 && n <= maxChunks
}

func chunkName(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + chunkMark + strconv.Itoa(i)
}

// isChunkName reports whether a name is that of a further chunk; such cookies are only ever read through their first.
func isChunkName(name string) bool { return baseName(name) != name }

func baseName(name string) string {
	if chunkNumber(name) == 0 {
		return name
	}
	return name[:strings.LastIndex(name, chunkMark)]
}

// chunkNumber is the place of a chunk in its set; 0: the name is that of no further chunk.
func chunkNumber(name string) int {
	i := strings.LastIndex(name, chunkMark)
	if i <= 0 {
		return 0
	}
	n, err := strconv.Atoi(name[i+len(chunkMark):])
	if err != nil || n < 1 || n >= maxChunks {
		return 0
	}
	return n
}

// leftovers deletes chunks that the browser still has from a longer value.
func leftovers(sc setCookie, from int, present []Pair) []setCookie {
	var out []setCookie
	path, ok := sc.attr("path")
	if !ok || path == "" {
		path = "/"
	}
	_, secure := sc.attr("secure")
	for _, p := range present {
		if rest, ok := strings.CutPrefix(p.Name, sc.name); !ok || !strings.HasPrefix(rest, chunkMark) {
			continue
		}
		known := slices.ContainsFunc(out, func(gone setCookie) bool { return gone.name == p.Name })
		if n := chunkNumber(p.Name); n >= max(1, from) && baseName(p.Name) == sc.name && !known {
			out = append(out, expire(p.Name, path, secure))
		}
	}
	return out
}
