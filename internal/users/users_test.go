package users

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/bcrypt"
)

// fold is a spelling as a profile makes one: lower case, nothing with a blank in it.
func fold(typed string) (string, error) {
	if name := strings.ToLower(strings.TrimSpace(typed)); name != "" && !strings.ContainsAny(name, " \t\x00") {
		return name, nil
	}
	return "", errors.New("not a name")
}

// hashed is a cheap hash.
func hashed(t testing.TB, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func argon(t testing.TB, password string) string {
	t.Helper()
	h, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 512, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// files are a users and a roles file that a test changes.
type files struct {
	Options
	t     testing.TB
	log   *strings.Builder
	told  chan string
	taken []bool
}

func newFiles(t testing.TB, users, roles string) *files {
	t.Helper()
	dir := t.TempDir()
	f := &files{t: t, log: &strings.Builder{}, told: make(chan string, 100)}
	f.Options = Options{File: filepath.Join(dir, "users"), Fold: fold, Log: slog.New(slog.NewTextHandler(f.log, nil)),
		Reloaded: func(ok bool) { f.taken = append(f.taken, ok) },
		Changed:  func(name string, gone bool) { f.told <- fmt.Sprint(name, " gone=", gone) }}
	f.write(f.File, users)
	if roles != "" {
		f.Roles = filepath.Join(dir, "roles.yaml")
		f.write(f.Roles, roles)
	}
	return f
}

func (f *files) write(path, text string) {
	f.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *files) open() *File {
	f.t.Helper()
	file, err := Open(f.Options)
	if err != nil {
		f.t.Fatal(err)
	}
	return file
}

// looks is as many looks as a change needs.
func (f *File) looks() { f.reload(); f.reload() }

func (f *File) person(t testing.TB, name, password string) Person {
	t.Helper()
	p, err := f.Check(t.Context(), name, password)
	if err != nil && !errors.Is(err, ErrWrong) {
		t.Fatal(err)
	}
	return p
}

func TestCheck(t *testing.T) {
	long := strings.Repeat("x", MaxPassword)
	file := newFiles(t, strings.Join([]string{"# staff", "", "Alice:" + hashed(t, "wonder land"), "bob:" + argon(t, "builder") + "\r", "carol:" + strings.Replace(hashed(t, "sea\tside"), "$2a$", "$2y$", 1),
		"long:" + argon(t, long), "seventy:" + hashed(t, long[:72]), "nul:" + hashed(t, "a")}, "\n"), "alice: manager\nBOB: card distributor\nnobody: x\n").open()
	for _, c := range []struct {
		name, user, password string
		want                 string
	}{
		{"bcrypt", "alice", "wonder land", "alice manager"},
		{"a name in another case, with blanks around", " ALICE ", "wonder land", "alice manager"},
		{"argon2id, a line that ends in CR", "bob", "builder", "bob card distributor"},
		{"$2y$, nobody in the roles file", "carol", "sea\tside", "carol "},
		{"wrong", "alice", "wonder lan", " "},
		{"a blank after it", "alice", "wonder land ", " "},
		{"another case", "bob", "Builder", " "},
		{"somebody else's", "alice", "builder", " "},
		{"unknown, a password that is somebody's", "dave", "builder", " "},
		{"a name that is none", "a b", "builder", " "},
		{"no name", "", "builder", " "},
		{"no password", "alice", "", " "},
		{"1024 bytes", "long", long, "long "},
		{"1025 bytes", "long", long + "x", " "},
		{"1023 bytes", "long", long[1:], " "},
		{"72 bytes with bcrypt", "seventy", long[:72], "seventy "},
		{"73 bytes, of which bcrypt sees 72", "seventy", long[:73], " "},
		{"a NUL and what bcrypt takes for the same again", "nul", "a\x00a", " "},
		{"a hash for a password", "carol", "$2y$", " "},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := file.person(t, c.user, c.password)
			if got := p.Name + " " + p.Role; got != c.want || (p.Line != "") != (p.Name != "") || p.Name != "" && !file.Stands(p.Line) {
				t.Errorf("%q, line %q; want %q", got, p.Line, c.want)
			}
		})
	}
	if file.Stands("") || file.Stands("x") {
		t.Error("a line that was never there stands")
	}
}

// Every fault comes at once, with its line and its cure, and no hash with it.
func TestFaults(t *testing.T) {
	good := hashed(t, "x")
	f := newFiles(t, strings.Join([]string{"alice:" + good, "no colon", "ALICE:" + good, "md5:$apr1$canary$x", "plain:canary", "two words:" + good, ":" + good, "cut:" + good[:59],
		"tail:" + good + ":x", "costly:" + strings.Replace(good, "$04$", "$16$", 1), "cheap:" + strings.Replace(good, "$04$", "$03$", 1), "argon:$argon2i$v=19$m=65536,t=2,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWFhYWE",
		"huge:$argon2id$v=19$m=2097152,t=2,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWFhYWE", "zero:$argon2id$v=19$m=65536,t=0,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWFhYWE", "old:$2x" + good[3:]}, "\n"),
		"alice: [a, b]\nAlice: x\nbob: ''\n")
	_, err := Open(f.Options)
	if err == nil {
		t.Fatal("no fault")
	}
	said := strings.Split(strings.ReplaceAll(err.Error(), filepath.Dir(f.File)+"/", ""), "\n")
	for i, want := range []string{"users:2: is not name:hash (make a new one: ispgate users hash NAME)", `users:3: "ALICE" is the person of line 1: both names read "alice" (take one of the lines out)`,
		`users:4: "md5" has an MD5 hash (only bcrypt`, `users:5: "plain" has no hash that is known`, `users:6: "two words" cannot be a user name`, `users:7: "" cannot be`, `users:8: "cut" has a damaged bcrypt hash`,
		`users:9: "tail" has a damaged`, `users:10: "costly" has a bcrypt cost that is not from 4 to 15`, `users:11: "cheap" has a bcrypt cost`, `users:12: "argon" has an argon2i hash`, `users:13: "huge" has argon2id parameters out of bounds`,
		`users:14: "zero" has argon2id parameters`, `users:15: "old" has a damaged`, `roles.yaml:1: the role of "alice" is not one word`, `roles.yaml:3: the role of "bob"`} {
		if i >= len(said) || !strings.HasPrefix(said[i], want) {
			t.Errorf("fault %d: want %q in\n%s", i, want, strings.Join(said, "\n"))
			break
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("a hash is quoted: %v", err)
	}
}

// A roles file in which nobody has a role yet is none at fault.
func TestRolesOfNobody(t *testing.T) {
	for _, roles := range []string{"# alice: manager\n", "---\n", "--- # staff\n# alice: manager\n", "~\n", "{}\n"} {
		if p := newFiles(t, "alice:"+hashed(t, "x")+"\n", roles).open().person(t, "alice", "x"); p.Name != "alice" || p.Role != "" {
			t.Errorf("%q: %+v", roles, p)
		}
	}
}

func TestFaultsOfTheWholeFile(t *testing.T) {
	good := "alice:" + hashed(t, "x") + "\n"
	var kinds strings.Builder
	for cost := 4; cost < 9; cost++ {
		fmt.Fprintf(&kinds, "u%d:%s\n", cost, strings.Replace(hashed(t, "x"), "$04$", fmt.Sprintf("$%02d$", cost), 1))
	}
	for name, c := range map[string]struct {
		users, roles string
		spoil        func(f *files) error
		says         string
	}{
		"not there":              {good, "", func(f *files) error { return os.Remove(f.File) }, "users does not exist"},
		"empty":                  {"\n# nobody\n", "", nil, "users has nobody in it"},
		"a directory":            {good, "", func(f *files) error { return errors.Join(os.Remove(f.File), os.Mkdir(f.File, 0o700)) }, "is not a regular file"},
		"five kinds":             {kinds.String(), "", nil, "hashes of 5 kinds"},
		"S43: the group reads":   {good, "", func(f *files) error { return os.Chmod(f.File, 0o640) }, "has mode 0640: group or others can use it (run: chmod 600 "},
		"S43: all read":          {good, "", func(f *files) error { return os.Chmod(f.File, 0o604) }, "has mode 0604"},
		"S43: the group writes":  {good, "", func(f *files) error { return os.Chmod(f.File, 0o620) }, "has mode 0620"},
		"S43: roles are written": {good, "alice: x", func(f *files) error { return os.Chmod(f.Roles, 0o664) }, "roles.yaml has mode 0664"},
		"roles not there":        {good, "alice: x", func(f *files) error { return os.Remove(f.Roles) }, "roles.yaml does not exist"},
		"roles are a list":       {good, "[alice]", nil, "roles.yaml:1: is not a mapping"},
		"roles are no YAML":      {good, "a: b: c", nil, "roles.yaml is not YAML"},
		"roles in two documents": {good, "alice: x\n---\nbob: y\n", nil, "roles.yaml:2: begins a second document"},
		"roles twice":            {good, "alice: x\nALICE: y\n", nil, `roles.yaml:2: "ALICE" is the person of line 1`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFiles(t, c.users, c.roles)
			if c.spoil != nil {
				if err := c.spoil(f); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Open(f.Options); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
	if file := newFiles(t, good, "bob: x\n").open(); len(file.Notes()) != 2 || !strings.Contains(file.Notes()[0], "bcrypt, cost 4 is soon guessed") || !strings.Contains(file.Notes()[1], `"bob" is not in`) {
		t.Errorf("notes: %q", file.Notes())
	}
}

// A changed file is in force at the second look, a broken one never.
func TestReload(t *testing.T) {
	alice, bob := "alice:"+hashed(t, "old")+"\n", "bob:"+hashed(t, "bob")+"\n"
	renewed := "alice:" + hashed(t, "new") + "\n"
	f := newFiles(t, alice+bob, "bob: clerk\n")
	file := f.open()
	old, was := file.person(t, "alice", "old"), file.person(t, "bob", "bob")
	step := func(what, text string, wantAlice, wantBob bool, told ...string) {
		t.Helper()
		f.write(f.File, text)
		file.looks()
		if got := file.Stands(old.Line); got != wantAlice {
			t.Errorf("%s: alice's old line stands: %t", what, got)
		}
		if got := file.Stands(was.Line); got != wantBob {
			t.Errorf("%s: bob's line stands: %t", what, got)
		}
		var got []string
		for range told {
			select {
			case line := <-f.told:
				got = append(got, line)
			case <-time.After(5 * time.Second):
				t.Fatalf("%s: told %q, want %q", what, got, told)
			}
		}
		if slices.Sort(got); !slices.Equal(got, told) {
			t.Errorf("%s: told %q, want %q", what, got, told)
		}
	}
	step("cut in the middle of a line", alice+bob[:20], true, true)
	step("emptied", "", true, true)
	step("a new hash", renewed+bob, false, true, "alice gone=false")
	step("bob is gone", renewed, false, false, "bob gone=true")
	step("bob is back, alice as before", alice+bob, true, true, "alice gone=false")
	if file.person(t, "alice", "old").Name != "alice" || file.person(t, "alice", "new").Name != "" {
		t.Error("the password in force is not the file's")
	}
	f.write(f.Roles, "bob: manager\n")
	step("another role", alice+bob, true, false, "bob gone=false")
	if got := file.person(t, "bob", "bob").Role; got != "manager" {
		t.Errorf("bob is %q", got)
	}
	if want := []bool{false, false, true, true, true, true}; !slices.Equal(f.taken, want) {
		t.Errorf("counted %v, want %v", f.taken, want)
	}
	if log := f.log.String(); strings.Count(log, "the old one stays in use") != 2 || !strings.Contains(log, "damaged bcrypt hash") {
		t.Errorf("the log does not say what is broken:\n%s", log)
	}
	f.write(f.File, renewed)
	if file.reload(); !file.Stands(old.Line) {
		t.Error("taken at the first look: it may still be being written")
	}
}

// Passwords are checked while the file changes under them: each against one table or the other.
func TestCheckDuringReload(t *testing.T) {
	with, without := "alice:"+hashed(t, "x")+"\nbob:"+hashed(t, "x")+"\n", "bob:"+hashed(t, "x")+"\n"
	f := newFiles(t, with, "")
	file := f.open()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 20 {
				if file.person(t, "bob", "x").Name != "bob" {
					t.Error("bob, who is in every one of the files, is refused")
				}
				file.Stands(file.person(t, "alice", "x").Line)
			}
		})
	}
	for i := range 20 {
		f.write(f.File, []string{without, with}[i%2])
		file.looks()
	}
	all.Wait()
}

// S28: the medians of a wrong password, whatever the hash, and of names that are nobody's differ by at most 5 %. What is measured is
// the work and not the clock: other programs have their share of that. On a busy machine it takes more tries to tell.
func TestS28_TheTimeTellsNobody(t *testing.T) {
	costly, err := bcrypt.GenerateFromPassword([]byte("x"), 4)
	if err != nil {
		t.Fatal(err)
	}
	file := newFiles(t, "alice:"+string(costly)+"\nbob:"+argon(t, "x")+"\n", "").open()
	tries := map[string][2]string{"bcrypt": {"alice", "wrong"}, "bcrypt, too long": {"alice", strings.Repeat("y", 100)}, "argon2id": {"bob", "wrong"}, "unknown": {"carol", "wrong"}, "no name": {"a b", "wrong"}}
	work := map[string][]time.Duration{}
	for rounds := 200; rounds <= 1600; rounds *= 2 {
		for range rounds {
			for what, try := range tries {
				begin := processorTime(t)
				file.person(t, try[0], try[1])
				work[what] = append(work[what], processorTime(t)-begin)
			}
		}
		least, most := medians(t, work)
		if float64(most) <= 1.05*float64(least) {
			return
		}
		t.Logf("from %s to %s", least, most)
	}
	t.Error("the work tells")
}

// medians returns the least and the most of them.
func medians(t *testing.T, work map[string][]time.Duration) (least, most time.Duration) {
	for what, all := range work {
		slices.Sort(all)
		median := all[len(all)/2]
		t.Logf("%s: %s", what, median)
		if least == 0 || median < least {
			least = median
		}
		most = max(most, median)
	}
	return least, most
}

// processorTime is what this process has used.
func processorTime(t testing.TB) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// S30: no more hashes at a time than there are turns, and nobody waits for ever.
func TestS30_HashingTakesTurns(t *testing.T) {
	file := newFiles(t, "alice:"+hashed(t, "x")+"\n", "").open()
	for range cap(file.hashing) {
		file.hashing <- struct{}{}
	}
	if cap(file.hashing) > 16 {
		t.Errorf("%d turns", cap(file.hashing))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := file.Check(ctx, "alice", "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("without a turn: %v", err)
	}
	<-file.hashing
	if file.person(t, "alice", "x").Name != "alice" {
		t.Error("with a turn: refused")
	}
}

func TestHash(t *testing.T) {
	for name, c := range map[string]struct {
		password string
		bcrypt   bool
		says     string
	}{
		"argon2id": {"a b", false, ""}, "argon2id, 1024 bytes": {strings.Repeat("x", 1024), false, ""}, "argon2id, 1025 bytes": {strings.Repeat("x", 1025), false, "at most 1024"},
		"bcrypt": {"a b", true, ""}, "bcrypt, 72 bytes": {strings.Repeat("x", 72), true, ""}, "bcrypt, 73 bytes": {strings.Repeat("x", 73), true, "bcrypt looks at 72 only"},
		"bcrypt, NUL": {"a\x00b", true, "NUL"}, "empty": {"", false, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			hash, err := Hash(c.password, c.bcrypt)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want %q", err, c.says)
			}
			if err == nil && newFiles(t, "a:"+hash, "").open().person(t, "a", c.password).Name != "a" {
				t.Errorf("%s does not log in", hash)
			}
		})
	}
}
