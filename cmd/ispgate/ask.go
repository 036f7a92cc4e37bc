package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// readPassword asks on the terminal, without showing what is typed; from a pipe it takes one line.
// When ctx ends, which Ctrl-C does, the terminal shows again what is typed.
func readPassword(ctx context.Context, in io.Reader, prompt io.Writer, question string) (string, error) {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return askPassword(ctx, int(f.Fd()), prompt, question)
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	if line == "" {
		return "", usageError{errors.New("no password: type it, or give it as a line of the standard input")}
	}
	return line, nil
}

func askPassword(ctx context.Context, terminal int, prompt io.Writer, question string) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	fmt.Fprint(prompt, question)
	defer fmt.Fprintln(prompt)
	var typed []byte
	read := make(chan error, 1)
	go func() {
		var err error
		typed, err = term.ReadPassword(terminal) // it goes on waiting after a signal
		read <- err
	}()
	select {
	case err := <-read:
		return string(typed), err
	case <-ctx.Done():
		return "", errors.Join(errors.New("interrupted: no password was read"), term.Restore(terminal, before))
	}
}
