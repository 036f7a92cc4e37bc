package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
)

const streamCheck = 25 * time.Second // twice within the 60 s of S7

// watchStream ends websockets and event streams soon after their session ended, also when Redis cannot be asked (S7). An event
// stream ends with the gateway, too: it has no end of its own, so that a stop would wait its whole time for it; browsers open it
// again by themselves.
func (p *Proxy) watchStream(res *http.Response, t *passing) {
	switch {
	case mediaType(res) == "text/event-stream":
		go p.watch(res.Request, t, res.Body, p.opt.Stopping)
	case res.StatusCode == http.StatusSwitchingProtocols && t.verdict.Session.Account != "":
		go p.watch(res.Request, t, res.Body, nil)
	}
}

// watch hangs up on the panel when the stream is to end: the browser's side ends with it.
func (p *Proxy) watch(r *http.Request, t *passing, stream io.Closer, stopping <-chan struct{}) {
	tick := time.NewTicker(streamCheck)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-r.Context().Done():
			return
		case <-stopping:
			_ = stream.Close()
			return
		case <-tick.C:
		}
		if t.verdict.Session.Account == "" {
			continue
		}
		err := p.stillThere(r, t)
		if errors.Is(err, session.ErrStore) {
			if missed++; missed < 2 {
				continue
			}
		}
		if err != nil {
			p.site.Log.Info("stream ended", "request", web.Of(r).ID(), "cause", err)
			_ = stream.Close()
			return
		}
		missed = 0
	}
}

// stillThere asks by the session's stable id: the token may have been rotated meanwhile.
func (p *Proxy) stillThere(r *http.Request, t *passing) error {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	alive, err := p.gate.Sessions.Alive(ctx, t.verdict.Session)
	if err != nil {
		return err
	}
	if !alive {
		return errors.New("its session has ended")
	}
	return nil
}
