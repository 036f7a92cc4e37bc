package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/term"
)

// terminal is a new terminal: what a person types into, and what a program reads from.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	var number, locked uint32
	for request, value := range map[uintptr]*uint32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &locked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatal(errno)
		}
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return person, program
}

// TestAskingShowsNothing: what is typed at a question does not show, and afterwards it does again, also when Ctrl-C ended it.
func TestAskingShowsNothing(t *testing.T) {
	for name, interrupted := range map[string]bool{"answered": false, "interrupted": true} {
		t.Run(name, func(t *testing.T) {
			person, program := terminal(t)
			state := func() *term.State {
				s, err := term.GetState(int(program.Fd()))
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			before := state()
			ctx, interrupt := context.WithCancel(t.Context())
			var prompt strings.Builder
			var typed string
			done := make(chan error, 1)
			go func() {
				var err error
				typed, err = readPassword(ctx, program, &prompt, "Password: ")
				done <- err
			}()
			for deadline := time.Now().Add(5 * time.Second); reflect.DeepEqual(state(), before); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("what is typed shows")
				}
			}
			if interrupted {
				interrupt()
			} else if _, err := person.WriteString("secret\n"); err != nil {
				t.Fatal(err)
			}
			err := <-done
			interrupt()
			if !reflect.DeepEqual(state(), before) {
				t.Error("the terminal does not show what is typed any more")
			}
			if want := map[bool]string{false: "secret"}[interrupted]; (err != nil) != interrupted || typed != want || prompt.String() != "Password: \n" {
				t.Errorf("%q, %v after %q", typed, err, prompt.String())
			}
		})
	}
}
