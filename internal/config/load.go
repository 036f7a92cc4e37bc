package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// Load reads the file, then the ISPGATE_… variables of env (as os.Environ gives them), which win. The error is of type
// Faults and holds all faults at once; the Config is then nil.
func Load(path string, env []string) (*Config, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, Faults{{File: path, Problem: cause(err) + " (config.example.yaml is one to begin with)"}}
	}
	return parse(path, text, env)
}

// LoadProfile is the reference to the profile in a file that Load refuses, so that the faults of both can be named at once.
// It is empty where that cannot be told.
func LoadProfile(path string, env []string) Profile {
	text, err := readFile(path)
	if err != nil {
		return Profile{}
	}
	c := readAll(path, text, env).draft.Config
	if c.Panel.Profile == (Profile{}) {
		return Profile{}
	}
	c.Panel.Profile.Loginless = c.Passwords.Source == "file"
	return c.Panel.Profile
}

func parse(path string, text []byte, env []string) (*Config, error) {
	r := readAll(path, text, env)
	if len(r.faults) > 0 {
		return nil, r.faults.sorted()
	}
	return r.draft.finish(), nil
}

func readAll(path string, text []byte, env []string) *reading {
	r := newReading(path)
	root, ok := r.document(text)
	if root != nil {
		r.section("", root)
	}
	r.environ(env)
	if ok {
		r.secretFiles()
		r.judge(root == nil || isNull(root))
	}
	return r
}

func newReading(path string) *reading {
	r := &reading{
		file: path, draft: newDraft(),
		slots: map[string]slot{}, marks: map[string]mark{}, sections: map[string]int{},
		refused: map[*yaml.Node]bool{},
	}
	at := func(file string) string {
		if filepath.IsAbs(file) {
			return file
		}
		return filepath.Join(filepath.Dir(path), file)
	}
	for _, s := range r.draft.keys(at) {
		r.slots[s.key] = s
		r.known = append(r.known, s.key)
	}
	return r
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostBytes+1))
}

// cause says why a file cannot be read, without its path.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if errors.Is(err, os.ErrNotExist) {
		return "does not exist"
	}
	return "cannot be read: " + err.Error()
}
