package session

import (
	"strings"
	"unicode"
)

// agentSize bounds what a card keeps of a header that strangers write, in bytes once it is packed.
const agentSize = 128

// phrases are what most user agents are made of. A packed one has a control character for each, which no other text then has.
var phrases = []string{
	" (KHTML, like Gecko) Chrome/", "\x01",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64", "\x02",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10", "\x03",
	"Mozilla/5.0 (X11; Linux x86_64", "\x04",
	"Mozilla/5.0 (Linux; Android ", "\x05",
	"Mozilla/5.0 (iPhone; CPU iPhone OS ", "\x06",
	") AppleWebKit/537.36", "\x07",
	".0.0.0 Safari/537.36", "\x08",
	".0.0.0 Mobile Safari/537.36", "\x0e",
	" like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/", "\x0f",
	"; rv:", "\x10",
	") Gecko/20100101 Firefox/", "\x11",
}

func packAgent(agent string) string {
	agent = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(agent, ""))
	agent = strings.NewReplacer(phrases...).Replace(agent)
	return strings.ToValidUTF8(agent[:min(len(agent), agentSize)], "")
}

func unpackAgent(packed string) string {
	var back []string
	for i := 0; i < len(phrases); i += 2 {
		back = append(back, phrases[i+1], phrases[i])
	}
	return strings.NewReplacer(back...).Replace(packed)
}
