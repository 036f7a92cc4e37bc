package main

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
)

const lookEvery = time.Second

// keysWatch takes up a key file that was changed while the gateway serves (S36).
type keysWatch struct {
	path string
	ring *keyring.Ring
	log  *slog.Logger
	seen fs.FileInfo // nil: not read yet, or not readable
	said string      // the last complaint, made once
}

func (w *keysWatch) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		w.look()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look reads the file if it is another one than before. What does not load leaves the old keys in use; a key that is gone from a
// file that loads is meant to be gone, and what it sealed opens no longer.
func (w *keysWatch) look() {
	info, err := os.Stat(w.path)
	if err == nil && w.seen != nil && os.SameFile(info, w.seen) && info.ModTime().Equal(w.seen.ModTime()) && info.Size() == w.seen.Size() {
		return
	}
	next, err := keyring.Load(w.path)
	if err != nil {
		w.complain(err)
		return
	}
	w.seen, w.said = info, ""
	added, removed := w.ring.Adopt(next)
	if len(added) > 0 {
		w.log.Info("the key file has new keys", "keys_file", w.path, "added", added, "writing", w.ring.ID())
	}
	if len(removed) > 0 {
		w.log.Error("keys were removed from the key file: what they sealed opens no longer, and accounts that they protect are closed; put the file's copy back if that was not meant",
			"keys_file", w.path, "removed", removed, "writing", w.ring.ID())
	}
}

func (w *keysWatch) complain(err error) {
	if w.seen = nil; w.said != err.Error() {
		w.said = err.Error()
		w.log.Error("the key file does not load; the keys of before stay in use, but ispgate would not start again", "keys_file", w.path, "cause", err)
	}
}
