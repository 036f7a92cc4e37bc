package main

import (
	"strings"
	"testing"
)

// TestS15_CheckSaysWhereNobodyIsNoticed: one line, and no failure of its own.
func TestS15_CheckSaysWhereNobodyIsNoticed(t *testing.T) {
	for add, said := range map[string]bool{"": true, ", identity: {kind: email, name: {css: 'input[name=email]', attr: value}}": false} {
		path := configFile(t, "")
		rewrite(t, path, "verify: /dashboard", "verify: /dashboard"+add)
		out, _ := command(t, "check", "-c", path)
		if strings.Contains(out, "note  profile ") != said || strings.Contains(out, "FAIL  profile") {
			t.Errorf("%q:\n%s", add, out)
		}
	}
}
