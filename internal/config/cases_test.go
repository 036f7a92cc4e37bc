package config

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Cases need no code. testdata/bad/NAME.yaml gives the faults in NAME.txt, one per line, word for word;
// testdata/good/NAME.yaml gives the values in NAME.json, which holds only what differs from the defaults.
// Lines "# env: ISPGATE_…=…" in a case are its environment. `go test -update` writes what is missing or differs:
// read it before you keep it.
var update = flag.Bool("update", false, "write the expected results of testdata")

func TestBadCases(t *testing.T) {
	for _, path := range cases(t, "testdata/bad") {
		t.Run(name(path), func(t *testing.T) {
			c, err := loadCase(t, path)
			if err == nil {
				t.Fatalf("was taken: %+v", changed(c))
			}
			if _, ok := err.(Faults); !ok || c != nil {
				t.Fatalf("Load gave %v and an error of type %T", c, err)
			}
			got := strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", "")
			want := expected(t, strings.TrimSuffix(path, ".yaml")+".txt", got)
			if got != want {
				t.Errorf("faults:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestGoodCases(t *testing.T) {
	for _, path := range cases(t, "testdata/good") {
		t.Run(name(path), func(t *testing.T) {
			c, err := loadCase(t, path)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.MarshalIndent(changed(c), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			var got, want map[string]any
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			file := strings.TrimSuffix(path, ".yaml") + ".json"
			if err := json.Unmarshal([]byte(expected(t, file, string(text))), &want); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, leaf := range slices.Sorted(maps.Keys(union(got, want))) {
				if !reflect.DeepEqual(got[leaf], want[leaf]) {
					t.Errorf("%s is %v, want %v", leaf, got[leaf], want[leaf])
				}
			}
		})
	}
}

func cases(t *testing.T, dir string) []string {
	paths, err := filepath.Glob(dir + "/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases in %s (%v)", dir, err)
	}
	return paths
}

func name(path string) string { return strings.TrimSuffix(filepath.Base(path), ".yaml") }

func loadCase(t *testing.T, path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for line := range strings.Lines(string(text)) {
		if entry, ok := strings.CutPrefix(line, "# env: "); ok {
			env = append(env, strings.TrimRight(entry, "\n"))
		}
	}
	return Load(path, env)
}

func expected(t *testing.T, file, got string) string {
	if *update {
		if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("what is expected? %v", err)
	}
	return strings.TrimSuffix(string(want), "\n")
}
