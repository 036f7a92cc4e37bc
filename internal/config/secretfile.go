package config

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const mostSecret = 64 << 10

// secretFiles reads the URLs that stand in files of their own.
func (r *reading) secretFiles() {
	r.secretFile("sessions.redis.url", "sessions.redis.url_file", r.draft.redisFile)
	r.secretFile("database.url", "database.url_file", r.draft.databaseFile)
}

// secretFile reads the URL at key from path, unless the environment gives one of the two and the file the other: then
// the environment wins.
func (r *reading) secretFile(key, fileKey, path string) {
	direct, named := r.marks[key], r.marks[fileKey]
	if path == "" || !named.sound || named.blank {
		return
	}
	if direct.file == environment && named.file != environment {
		return
	}
	problem := ""
	if direct.file == named.file {
		problem = "stands beside " + direct.name + " (write one of the two)"
	} else if text, err := readSecret(path); err != nil {
		problem = err.Error()
	} else if slips := r.slots[key].store([]item{{text: text}}); len(slips) > 0 {
		problem = "the text of " + path + " " + slips[0].problem
	}
	if problem != "" {
		r.blame(fileKey, problem)
		named.sound = false
		r.marks[fileKey] = named
	}
}

// readSecret reads a file that others cannot read and only its owner can write (S43). The group may read: that is how
// a service account is given a file, and how container secrets arrive. One trailing newline is cut.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path) // opening a pipe would wait for its writer
	}
	f, err := os.Open(path) // #nosec G304 -- the operator names it
	if err != nil {
		return "", fmt.Errorf("%s %s", path, cause(err))
	}
	defer f.Close()
	if err := private(f); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, mostSecret+1))
	if err != nil {
		return "", fmt.Errorf("%s %s", path, cause(err))
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case secret == "":
		return "", fmt.Errorf("%s is empty", path)
	case len(text) > mostSecret || strings.ContainsAny(secret, "\r\n"):
		return "", fmt.Errorf("%s holds more than one line", path)
	}
	return secret, nil
}

func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("%s %s", f.Name(), cause(err))
	}
	if mode := info.Mode().Perm(); mode&0o027 != 0 {
		return fmt.Errorf("%s has mode %04o: others can use it (run: chmod 640 %s; for a container secret set mode: 0440)", f.Name(), mode, f.Name())
	}
	return nil
}
