package main

import (
	"context"
	"errors"
	"net/http"
)

// drain stops accepting and waits for the requests under way until ctx ends; those that last longer are cut off. It does
// not wait for websockets: the server has handed their connections over.
func drain(ctx context.Context, s servers, public, admin *http.Server, cut func()) error {
	err := public.Shutdown(ctx)
	cut()
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests that were still under way have been cut off")
		err = public.Close()
	}
	return errors.Join(err, admin.Close())
}
