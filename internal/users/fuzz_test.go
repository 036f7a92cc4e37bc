package users

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// FuzzFiles: whatever stands in the two files, either all that is wrong with them is said, by line and without a hash, or every line
// is a person with a hash that is taken, whatever the ends of lines and the comments between them.
func FuzzFiles(f *testing.F) {
	weak, memory := "$2a$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "$argon2id$v=19$m=512,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$2s2vgIWwGwhGe0M0cUQXPFhnRBFk4l6xJ0a1JwJqWpA"
	f.Add("alice:"+weak+"\nbob:"+memory+"\r\n", "alice: manager\nBOB: card distributor\n")
	f.Add("# staff\n\n Alice :"+weak+" \t\nalice:"+weak+"\n", "- alice\n")
	f.Add("alice\n:"+weak+"\n"+weak+"\n"+memory+":x", "alice: [a]\nalice: b\n<<: {bob: c}\n")
	f.Add("a:$apr1$x$y\nb:secret in clear, and long enough\n", "a: &x y\nb: *x\n--- \nc: d")
	f.Add("\ufeffalice:"+weak, "alice: !!binary aGVsbG8=\nbob:\n")
	f.Fuzz(func(t *testing.T, users, roles string) {
		o := Options{File: "users", Roles: "roles", Fold: fold}
		got, err := snapshot{users: users, roles: roles}.parse(o)
		if err != nil {
			wantTold(t, err, users, roles)
			return
		}
		people := peopleOf(users)
		if len(got.people) != len(people) || len(got.lines) != len(people) || len(got.kinds) == 0 || len(got.kinds) > maxKinds {
			t.Fatalf("%d people, %d lines, %d kinds of %d people", len(got.people), len(got.lines), len(got.kinds), len(people))
		}
		for name, e := range got.people {
			cost, err := kindOf(e.hash)
			known := slices.ContainsFunc(got.kinds, func(k kind) bool { return k.name == cost })
			if folded, foldErr := fold(name); err != nil || cost != e.kind || !known || foldErr != nil || folded != name || e.Name != name || e.Role != "" && !plainRole(e.Role) {
				t.Errorf("%q is %+v: %v, %v", name, e, err, foldErr)
			}
		}
		slices.Reverse(people)
		again, err := snapshot{users: "# turned round\r\n" + strings.Join(people, " \r\n\n") + "\n", roles: roles}.parse(o)
		if err != nil {
			t.Fatal(err)
		}
		for name, e := range got.people {
			if again.people[name].Person != e.Person {
				t.Errorf("%+v is %+v in a file with the same lines", e.Person, again.people[name].Person)
			}
		}
	})
}

// peopleOf are the lines that are neither blank nor a comment.
func peopleOf(users string) (lines []string) {
	for line := range strings.SplitSeq(users, "\n") {
		if line = strings.TrimRight(line, " \t\r"); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// wantTold wants faults that name a file and a line in it, and that quote nothing that stands where a hash should: it may be a
// password in clear.
func wantTold(t *testing.T, err error, users, roles string) {
	t.Helper()
	var faults Faults
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("no faults: %v", err)
	}
	ends := func(text string) int {
		return len(regexp.MustCompile("[\r\n\u0085\u2028\u2029]").FindAllString(text, -1))
	} // those of YAML
	most := map[string]int{"users": strings.Count(users, "\n") + 1, "roles": ends(roles) + 1}
	for _, fault := range faults {
		if fault.Problem == "" || fault.Line < 0 || fault.Line > most[fault.File] {
			t.Errorf("a fault of no line: %+v", fault)
		}
	}
	const recognisable = 20 // bytes: what is shorter may be a word of the fault
	for _, line := range peopleOf(users) {
		_, hash, _ := strings.Cut(line, ":")
		if len(hash) >= recognisable && !strings.Contains(strings.ReplaceAll(users, line, "")+roles, hash) && strings.Contains(err.Error(), hash) {
			t.Errorf("%q is quoted in %v", hash, err)
		}
	}
}
