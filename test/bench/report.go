package main

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// marker stands in docs/performance.md before and after what is written there.
const marker = "<!-- measured -->"

// report prints the tables and, where a directory is named and everything was measured, writes them with the plot.
func report(s settings, all []result, rows []row) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Machine: %s. %s.\nCommand: `make bench` (%d rounds of %d s, interleaved; medians, least–most in brackets).\n",
		machine(), versions(), s.rounds, s.seconds)
	title := ""
	for _, r := range all {
		if r.group.title != title {
			title = r.group.title
			table(&b, r.group, all)
		}
	}
	second(&b, rows)
	fmt.Print(b.String())
	if s.out == "" || s.only != "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(s.out, "images", "performance.svg"), []byte(plot(all)), 0o644); err != nil {
		return err
	}
	path := filepath.Join(s.out, "performance.md")
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	parts := strings.Split(string(old), marker)
	if len(parts) != 3 {
		return fmt.Errorf("%s: wants two lines %s", path, marker)
	}
	return os.WriteFile(path, []byte(parts[0]+marker+"\n\n"+b.String()+"\n"+marker+parts[2]), 0o644)
}

// second is the table of what is held against a target.
func second(b *strings.Builder, rows []row) {
	b.WriteString("\n**Growth, memory, login, start**\n\n| | target | measured | |\n|---|---|---|---|\n")
	for _, r := range rows {
		mark := "missed"
		if r.met {
			mark = "met"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", r.what, r.target, r.measured, mark)
	}
}

func table(b *strings.Builder, g group, all []result) {
	fmt.Fprintf(b, "\n**%s** (%s), %d connections\n\n| | CPU µs/request | requests/s | p99 | p99, one connection | Redis commands/request |\n|---|---|---|---|---|---|\n", g.title, g.about, connections)
	for _, r := range all {
		if r.group.title != g.title {
			continue
		}
		cpu, low, high := median(r.many, func(s sample) time.Duration { return s.cpu })
		rate, _, _ := median(r.many, func(s sample) float64 { return s.rate })
		p99, _, _ := median(r.many, func(s sample) time.Duration { return s.p99 })
		one, _, _ := median(r.one, func(s sample) time.Duration { return s.p99 })
		commands, _, _ := median(r.many, func(s sample) float64 { return s.commands })
		shown := "–"
		if r.subject.redis != nil {
			shown = fmt.Sprintf("%.4f", max(0, commands))
		}
		fmt.Fprintf(b, "| %s | %.1f (%.1f–%.1f) | %.0f | %s | %s | %s |\n", r.subject.name, micros(cpu), micros(low), micros(high), rate,
			p99.Round(10*time.Microsecond), one.Round(time.Microsecond), shown)
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// plot draws the processor time of a request as bars.
func plot(all []result) string {
	const width, bar, left = 720, 22, 250
	most := 0.0
	for _, r := range all {
		cpu, _, _ := median(r.many, func(s sample) time.Duration { return s.cpu })
		most = max(most, micros(cpu))
	}
	var b strings.Builder
	y, title := 0, ""
	for _, r := range all {
		if r.group.title != title {
			title = r.group.title
			y += 34
			fmt.Fprintf(&b, `<text x="0" y="%d" font-weight="bold">%s: CPU µs/request</text>`+"\n", y, html.EscapeString(title))
			y += 8
		}
		cpu, _, _ := median(r.many, func(s sample) time.Duration { return s.cpu })
		color := "#9aa7b8"
		if strings.HasPrefix(r.subject.name, "ispgate") {
			color = "#1457d9"
		}
		long := micros(cpu) / most * (width - left - 70)
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d">%.1f</text>`+"\n",
			left-8, y+16, html.EscapeString(r.subject.name), left, y+2, long, bar-4, color, float64(left)+long+6, y+16, micros(cpu))
		y += bar
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n%s</svg>\n", width, y+10, b.String())
}

func machine() string {
	model := "processor unknown"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.SplitSeq(string(text), "\n") {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d × %s, %s", runtime.NumCPU(), model, runtime.GOOS)
}

// versions of what was measured, as each tells them itself.
func versions() string {
	out := []string{runtime.Version()}
	for _, c := range [][]string{{"redis-server", "--version"}, {"nginx", "-v"}, {"caddy", "version"}} {
		text, err := exec.Command(c[0], c[1:]...).CombinedOutput()
		if err == nil {
			first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
			out = append(out, strings.TrimPrefix(first, "nginx version: "))
		}
	}
	return strings.Join(out, "; ")
}
