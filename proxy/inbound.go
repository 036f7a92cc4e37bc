package proxy

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// bodyPause is how long a browser may be silent inside a body (S42). Uploads may take as long as they go on.
const bodyPause = time.Minute

// inbound is the body of a browser's request. It tells its faults from the panel's, and does not wait for ever.
type inbound struct {
	io.ReadCloser
	hurry *http.ResponseController
	err   error
}

func (b *inbound) Read(p []byte) (int, error) {
	_ = b.hurry.SetReadDeadline(time.Now().Add(bodyPause)) // a writer without deadlines (a test's) says so
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.hurry.SetReadDeadline(time.Time{}) // net/http goes on reading for a hang-up, and would take this for one
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}
