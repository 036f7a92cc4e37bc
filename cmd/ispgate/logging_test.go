package main

import (
	"bufio"
	"errors"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/internal/config"
)

// keepLibraries gives the libraries their logger back at the end of a test.
func keepLibraries(t *testing.T) {
	usual, out, flags := slog.Default(), stdlog.Writer(), stdlog.Flags()
	t.Cleanup(func() {
		slog.SetDefault(usual)
		stdlog.SetOutput(out)
		stdlog.SetFlags(flags)
	})
}

// TestS40_LibrariesDoNotQuote what came over a connection: here from a panel that says more than its answer.
func TestS40_LibrariesDoNotQuote(t *testing.T) {
	keepLibraries(t)
	log := &written{}
	adoptLibraries(newLogger(log, config.Log{Level: "debug", Format: "json"}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, err = http.ReadRequest(bufio.NewReader(c))
		_, more := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokSet-Cookie: sess=canary\r\n")
		_, _ = io.Copy(io.Discard, c)
		if err := errors.Join(err, more); err != nil {
			t.Error(err)
		}
	}()
	client := http.Client{Transport: &http.Transport{}}
	res, err := client.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); string(body) != "ok" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	_ = res.Body.Close()
	log.wait(t, "Unsolicited response")
	for _, line := range log.take(t) {
		if text, _ := line["msg"].(string); line["level"] != "DEBUG" || strings.Contains(text, "canary") || strings.Contains(text, "sess") {
			t.Errorf("%v", line)
		}
	}
}
