package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/ispgate/ispgate/internal/account"
)

// headLine is what a head says in either format of the log, whatever a collector wrote before it.
var headLine = regexp.MustCompile(`\bmsg"?[:=]"audit head",?.*?\bchain"?[:=]"?([0-9a-f]+)"?,? ?"?seq"?[:=]([0-9]+),? ?"?mac"?[:=]"?([0-9a-f]+)\b`)

// headsOf reads the heads that a log names; none where no log was given. A log without any proves nothing, which is an error.
func headsOf(log string, stdin io.Reader) ([]account.Head, error) {
	if log == "" {
		return nil, nil
	}
	if log != "-" {
		f, err := os.Open(log) // #nosec G304 -- the operator's own file
		if err != nil {
			return nil, usageError{fmt.Errorf("--heads: %w", err)}
		}
		defer f.Close()
		stdin = f
	}
	heads, err := readHeads(stdin)
	if err == nil && len(heads) == 0 {
		err = fmt.Errorf("%s has no line \"audit head\": the gateway writes one an hour and when it stops, at log.level info", log)
	}
	if err != nil {
		return nil, fmt.Errorf("--heads: %w", err)
	}
	return heads, nil
}

func readHeads(log io.Reader) (heads []account.Head, err error) {
	for r := bufio.NewReader(log); err == nil; {
		var line string
		line, err = r.ReadString('\n')
		if !strings.Contains(line, "audit head") {
			continue
		}
		m := headLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		seq, bad := strconv.ParseInt(m[2], 10, 64)
		mac, odd := hex.DecodeString(m[3])
		if bad != nil || odd != nil {
			return nil, fmt.Errorf("a head that is cut or garbled: %.300s", strings.TrimSpace(line))
		}
		heads = append(heads, account.Head{Chain: m[1], Seq: seq, MAC: mac})
	}
	if err != io.EOF {
		return nil, err
	}
	return heads, nil
}
