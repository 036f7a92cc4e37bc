package main

import (
	"fmt"
	"os"
	"time"
)

// row is one line of the second table.
type row struct {
	what, target, measured string
	met                    bool
}

// part is a few rows that can be measured alone.
type part struct {
	name    string
	measure func(*world, settings) ([]row, error)
}

var parts = []part{
	{"redis", (*world).redisCommands},
	{"growth", (*world).growth},
	{"memory", (*world).memory},
	{"login", (*world).logins},
	{"start", (*world).start},
}

// percent is a row that may grow by a share of what it is compared with.
func percent(what string, most, grew float64) row {
	return row{what, fmt.Sprintf("≤ %+.0f %%", most*100), fmt.Sprintf("%+.0f %%", grew*100), grew <= most}
}

// size is a row in MiB.
func size(what string, most, measured int64) row {
	return row{what, fmt.Sprintf("≤ %d MiB", most>>20), fmt.Sprintf("%.1f MiB", mib(measured)), measured <= most}
}

func duration(what string, most, measured time.Duration) row {
	return row{what, "≤ " + most.String(), fmt.Sprintf("%.1f ms", micros(measured)/1000), measured <= most}
}

func figure(what, unit string, most, measured float64, format string) row {
	return row{what, fmt.Sprintf("≤ %g%s", most, unit), fmt.Sprintf(format+"%s", measured, unit), measured <= most}
}

func progress(what string) { fmt.Fprintln(os.Stderr, what) }
