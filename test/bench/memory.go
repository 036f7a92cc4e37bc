package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

const (
	idleMost      = 30 << 20
	loadedMost    = 45 << 20
	transferMost  = 64 << 20
	transferred   = 2 << 30
	keptMost      = 12 << 10 // of a connection
	recordMost    = 600      // of a session in Redis
	manyRecords   = 10_000
	settling      = 3 * time.Second // for memory that the program gives back by itself
	loadedSeconds = 5
)

// memory is what the program holds, and Redis for it. Each row has a process of its own.
func (w *world) memory(settings) ([]row, error) {
	g := w.gateway()
	var out []row
	for _, measure := range []func(*gateway) (row, error){w.idle, w.loaded, w.kept, downloaded, uploaded, records} {
		g.Stop()
		g.Start()
		time.Sleep(settling)
		r, err := measure(g)
		if err != nil {
			return nil, err
		}
		progress(r.what)
		out = append(out, r)
	}
	return out, nil
}

func (w *world) idle(g *gateway) (row, error) {
	idle, err := memory(g.PID(), "VmRSS")
	if err != nil {
		return row{}, err
	}
	file, err := memory(g.PID(), "RssFile")
	r := size("memory, idle", idleMost, idle)
	r.measured += fmt.Sprintf(", %.1f of it the program's file", mib(file))
	return r, err
}

func (w *world) loaded(g *gateway) (row, error) {
	for _, s := range []subject{g.passes("a page", "/page", g.cookies, 200), g.asks("a question", "/page", g.cookies, 204)} {
		if _, err := w.round(s, connections, loadedSeconds); err != nil {
			return row{}, err
		}
	}
	time.Sleep(settling)
	after, err := memory(g.PID(), "VmRSS")
	return size(fmt.Sprintf("memory %v after %d s of load, %d connections", settling, 2*loadedSeconds, connections), loadedMost, after), err
}

// kept is what an idle connection takes, beside one of the bare proxy.
func (w *world) kept(g *gateway) (row, error) {
	own, err := keptBy(g.passes("a page", "/page", g.cookies, 200))
	if err != nil {
		return row{}, err
	}
	address, server := reference(w.house, "proxy-tuned", "http://"+w.panel)
	bare, err := keptBy(beside(plainProxy, "http://"+address+"/page", []string{"Cookie: panel_session=in-x"}, 200, server))
	r := figure(fmt.Sprintf("memory of an idle keep-alive connection (%d of them, each after a page)", manyOpen), " KiB", keptMost>>10, own/1024, "%.1f")
	r.measured += fmt.Sprintf(" (%s: %.1f)", plainProxy, bare/1024)
	return r, err
}

// keptBy opens connections that make the subject's request each, and returns the memory of one in bytes.
func keptBy(s subject) (float64, error) {
	for range 500 {
		if err := s.check(); err != nil {
			return 0, err
		}
	}
	pid := s.pids()[0]
	time.Sleep(settling)
	before, err := memory(pid, "VmRSS")
	if err != nil {
		return 0, err
	}
	done, err := s.hold(manyOpen)
	defer done()
	if err != nil {
		return 0, err
	}
	time.Sleep(settling)
	after, err := memory(pid, "VmRSS")
	return float64(after-before) / manyOpen, err
}

// hold opens connections that make the subject's request each and then stay, until done is called.
func (s subject) hold(n int) (done func(), err error) {
	open := make([]net.Conn, n)
	done = func() {
		for _, c := range open {
			if c != nil {
				c.Close()
			}
		}
	}
	return done, each(n, 4, func(i int) (err error) {
		open[i], err = s.stay()
		return err
	})
}

// stay makes the subject's request and leaves the connection open.
func (s subject) stay() (net.Conn, error) {
	r, err := s.request(http.MethodGet)
	if err != nil {
		return nil, err
	}
	c, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		return nil, err
	}
	if err := r.Write(c); err != nil {
		return c, err
	}
	res, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		return c, err
	}
	if _, err := drain(res); err != nil || res.StatusCode != s.status {
		return c, fmt.Errorf("%s answers %s, want %d (%v)", s.name, res.Status, s.status, err)
	}
	return c, nil
}

func downloaded(g *gateway) (row, error) {
	return transfer(g, "a download of 2 GiB", http.MethodGet, nil, drain)
}

func uploaded(g *gateway) (row, error) {
	return transfer(g, "an upload of 2 GiB", http.MethodPost, io.LimitReader(zeros{}, transferred), func(res *http.Response) (int64, error) {
		text, err := io.ReadAll(res.Body)
		if err != nil {
			return 0, err
		}
		return strconv.ParseInt(string(text), 10, 64)
	})
}

// transfer is the most memory that is held while so much passes; arrived says how much the other side got.
func transfer(g *gateway, what, method string, body io.Reader, arrived func(*http.Response) (int64, error)) (row, error) {
	r, err := g.passes(what, fmt.Sprintf("/blob?bytes=%d", transferred), g.cookies, 200).request(method)
	if err != nil {
		return row{}, err
	}
	if body != nil {
		r.Body, r.ContentLength = io.NopCloser(body), transferred
	}
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", g.PID()), []byte("5"), 0); err != nil { // proc(5): VmHWM begins anew
		return row{}, err
	}
	res, err := direct.Do(r)
	if err != nil {
		return row{}, err
	}
	defer res.Body.Close()
	if n, err := arrived(res); err != nil || n != transferred || res.StatusCode != http.StatusOK {
		return row{}, fmt.Errorf("%s: %s, %d bytes arrived (%v)", what, res.Status, n, err)
	}
	most, err := memory(g.PID(), "VmHWM")
	return size("most memory during "+what, transferMost, most), err
}

// records is what a session takes in Redis, its keys and Redis' own upkeep included.
func records(g *gateway) (row, error) {
	before, err := g.redis.count("memory", "used_memory:")
	if err != nil {
		return row{}, err
	}
	if _, err := g.begin(manyRecords); err != nil {
		return row{}, err
	}
	after, err := g.redis.count("memory", "used_memory:")
	each := float64(after-before) / manyRecords
	return figure(fmt.Sprintf("Redis memory of a session (of %d, each of another account)", manyRecords), " B", recordMost, each, "%.0f"), err
}
