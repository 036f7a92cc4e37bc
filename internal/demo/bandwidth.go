package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/websocket"
)

const maxMessage = 64 << 10 // bytes of one websocket message

// reading is the load of the network at one moment.
type reading struct {
	At     time.Time `json:"at"`
	Down   int       `json:"down"` // Mbit/s
	Up     int       `json:"up"`   // Mbit/s
	Online int       `json:"online"`
	POPs   []pop     `json:"pops"`
}

type pop struct {
	Name string `json:"name"`
	Down int    `json:"down"` // Mbit/s
	Up   int    `json:"up"`
	Of   int    `json:"of"` // capacity, Mbit/s
}

// measure makes up a load that moves like an evening in Dhaka: the same moment always reads the same.
func measure(at time.Time) reading {
	r := reading{At: at}
	second := float64(at.Unix())
	for i, area := range areas {
		shift := float64(i * 37)
		wave := 0.55 + 0.2*math.Sin((second+shift)/41) + 0.1*math.Sin((second+shift)/7) + 0.05*math.Sin(second*3+shift)
		size := 400 + 150*(i%4)
		down := int(wave * float64(size))
		r.POPs = append(r.POPs, pop{Name: area, Down: down, Up: down / 5, Of: size})
		r.Down += down
		r.Up += down / 5
	}
	r.Online = 44 + int(4*math.Sin(second/60))
	return r
}

func (v *visit) bandwidth() { v.shell("bandwidth", "Bandwidth", measure(v.panel.now())) }

// bandwidthStream sends a reading at once and then every second, as server-sent events, until the reader leaves.
func (v *visit) bandwidthStream() {
	v.sendCookies()
	v.w.Header().Set("X-Accel-Buffering", "no")
	v.start(http.StatusOK, "text/event-stream")
	if v.r.Method == http.MethodHead {
		return
	}
	control := http.NewResponseController(v.w)
	if err := control.SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for id := 1; ; id++ {
		data, err := json.Marshal(measure(v.panel.now()))
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(v.w, "id: %d\nevent: bandwidth\ndata: %s\n\n", id, data); err != nil {
			return
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-v.r.Context().Done():
			return
		case <-v.panel.done:
			return
		}
	}
}

// socket is a websocket that returns every message as it came; with ?ticker=1 it also sends a router's log line a second.
func (v *visit) socket() {
	if !strings.EqualFold(v.r.Header.Get("Upgrade"), "websocket") {
		v.sendCookies()
		v.fail(http.StatusUpgradeRequired, "Upgrade Required")
		return
	}
	ticker := v.input("ticker") == "1"
	server := websocket.Server{
		Handshake: v.sameOrigin,
		Handler:   func(conn *websocket.Conn) { v.converse(conn, ticker) },
	}
	server.ServeHTTP(v.w, v.r)
}

// sameOrigin refuses sockets that another site opens with this browser's cookies; clients that send no Origin are no browsers.
func (v *visit) sameOrigin(_ *websocket.Config, r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	from, err := url.Parse(origin)
	if err != nil {
		return fmt.Errorf("parse origin: %w", err)
	}
	if own, err := url.Parse(v.origin()); err != nil || from.Host != own.Host {
		return errors.New("foreign origin")
	}
	return nil
}

func (v *visit) converse(conn *websocket.Conn, ticker bool) {
	conn.MaxPayloadBytes = maxMessage
	over := make(chan struct{})
	defer close(over)
	go v.keepTalking(conn, ticker, over)
	for {
		var text string
		if websocket.Message.Receive(conn, &text) != nil {
			return
		}
		if websocket.Message.Send(conn, text) != nil {
			return
		}
	}
}

// keepTalking sends the log lines, and closes the socket when the panel stops.
func (v *visit) keepTalking(conn *websocket.Conn, ticker bool, over <-chan struct{}) {
	defer conn.Close()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if ticker && websocket.Message.Send(conn, logLine(v.panel.now())) != nil {
			return
		}
		select {
		case <-tick.C:
		case <-over:
			return
		case <-v.panel.done:
			return
		}
	}
}

func logLine(at time.Time) string {
	second := int(at.Unix())
	texts := []string{"pppoe: %s logged in", "pppoe: %s disconnected, lost carrier", "dhcp: lease renewed for %s", "queue: %s at 92%% of its limit"}
	name := strings.ToLower(firstNames[second%len(firstNames)])
	return at.Format("15:04:05 ") + fmt.Sprintf(texts[second/3%len(texts)], name+"."+strings.ToLower(areas[second%len(areas)][:3]))
}
