package config

import (
	"fmt"
	"slices"
	"strings"
)

// meant is " (did you mean …?)" for a slip of the keyboard, else empty.
func meant(written string, known []string) string {
	if near := nearest(written, known); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}

// nearest is the known word that a slip of the keyboard leads away from, or empty.
func nearest(written string, known []string) string {
	if len(written) > 128 {
		return ""
	}
	best, least := "", 1+min(3, (len(written)+1)/3)
	for _, word := range known {
		if d := distance(strings.ToLower(written), strings.ToLower(word)); d < least {
			best, least = word, d
		}
	}
	return best
}

// distance counts the letters to insert, drop, replace or swap with a neighbour (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// nearestKey looks among the keys of the same section first, then for the last word anywhere, if it is one key's alone.
func nearestKey(written string, keys []string) string {
	section, name := split(written)
	var siblings, lasts []string
	for _, key := range keys {
		if rest, ok := strings.CutPrefix(key, section); ok {
			first, _, _ := strings.Cut(rest, ".")
			siblings = append(siblings, first)
		}
		_, last := split(key)
		lasts = append(lasts, last)
	}
	slices.Sort(siblings)
	if near := nearest(name, slices.Compact(siblings)); near != "" {
		return section + near
	}
	near := nearest(name, lasts)
	if first := slices.Index(lasts, near); first >= 0 && !slices.Contains(lasts[first+1:], near) {
		return keys[first]
	}
	return ""
}

// split gives a key's section, with its dot, and its last word.
func split(key string) (section, name string) {
	i := strings.LastIndex(key, ".") + 1
	return key[:i], key[i:]
}
