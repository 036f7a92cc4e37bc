package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var inDays = regexp.MustCompile(`^([1-9][0-9]{0,4})d$`)

// duration has Go's units; days are not among them.
func duration(least, most time.Duration) func(string) (time.Duration, error) {
	return func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(text)
		if m := inDays.FindStringSubmatch(text); m != nil {
			days, _ := strconv.Atoi(m[1])
			return 0, fmt.Errorf("wants a duration such as 30m or 12h, not %s (write %dh)", text, 24*days)
		}
		if err != nil {
			return 0, fmt.Errorf("wants a duration such as 30m or 12h%s", not(text))
		}
		if d < least || d > most {
			return 0, fmt.Errorf("wants from %s to %s%s", short(least), short(most), not(text))
		}
		return d, nil
	}
}

// short writes a duration as an operator would: 24h, not 24h0m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// date is empty or YYYY-MM-DD; rules move it to the start of that day in ui.timezone.
func date(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("wants a date such as 2026-03-31%s", not(text))
	}
	return d, nil
}

func timezone(text string) (*time.Location, error) {
	if text != "" && text != "Local" { // "" is UTC to Go, and Local another zone on every machine
		if zone, err := time.LoadLocation(text); err == nil {
			return zone, nil
		}
	}
	return nil, fmt.Errorf("wants the name of a time zone such as Asia/Dhaka or UTC%s", not(text))
}
