package test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const lastThreat = 45

var (
	threatRow  = regexp.MustCompile(`(?m)^\| S(\d+) \| (.+) \| (.+) \| (.+) \|$`)
	namedTest  = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	madeTest   = regexp.MustCompile(`(?:func |\{")((?:Test|Fuzz)\w+)`)
	numberTest = regexp.MustCompile(`^(?:Test|Fuzz)S(\d\d)_`)
)

// docs/security.md says of each threat which test shows its answer. A test that is renamed, and a number without one, drift.
func TestEveryThreatHasItsTest(t *testing.T) {
	exists, numbers := map[string]bool{}, map[int]bool{}
	for _, file := range goFiles(t) {
		if !strings.HasSuffix(file.path, "_test.go") {
			continue
		}
		for _, found := range madeTest.FindAllStringSubmatch(string(read(t, file.path)), -1) {
			exists[found[1]] = true
			if number := numberTest.FindStringSubmatch(found[1]); number != nil {
				n, _ := strconv.Atoi(number[1])
				numbers[n] = true
			}
		}
	}
	rows := threatRow.FindAllStringSubmatch(string(read(t, "docs/security.md")), -1)
	if len(rows) != lastThreat {
		t.Fatalf("docs/security.md has %d threats, want %d", len(rows), lastThreat)
	}
	for i, row := range rows {
		if row[1] != strconv.Itoa(i+1) {
			t.Errorf("row %d is S%s", i+1, row[1])
		}
		own := false
		for _, name := range namedTest.FindAllStringSubmatch(row[4], -1) {
			own = own || strings.Contains(name[1], fmt.Sprintf("S%02d_", i+1))
			if !exists[name[1]] {
				t.Errorf("S%d names %s, which does not exist", i+1, name[1])
			}
		}
		if !own && (numbers[i+1] || !strings.Contains(row[3], "not in this version")) {
			t.Errorf("S%d names no test of its number", i+1)
		}
	}
}
