package test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

func TestAlertRules(t *testing.T) {
	promtool := harness.Need(t, "promtool", "prometheus")
	rules := filepath.Join(harness.Root(t), "deploy", "prometheus")
	for _, check := range [][]string{{"check", "rules", "alerts.yaml"}, {"check", "config", "scrape.yaml"}} {
		command := exec.Command(promtool, check...)
		command.Dir = rules
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool %s %s: %v\n%s", check[1], check[2], err, output)
		}
	}
}

// The image holds the program that make builds, tests and measures.
func TestImageIsBuiltAsTested(t *testing.T) {
	flags := regexp.MustCompile(`-gcflags=[a-z]\S+|-ldflags='[^']*'`)
	image, tested := flags.FindAllString(string(read(t, "Dockerfile")), -1), flags.FindAllString(string(read(t, "Makefile")), -1)
	if len(image) == 0 || !slices.Equal(image, tested) {
		t.Errorf("the Dockerfile builds with %q, the Makefile with %q", image, tested)
	}
}

// The collector's limit lies a tenth below the kernel's: above that a burst ends the program, far below it the program collects for nothing.
func TestMemoryLimits(t *testing.T) {
	for file, hard := range map[string]string{"deploy/systemd/ispgate.service": `(?m)^MemoryMax=(\d+)M$`, "deploy/compose.yaml": `(?m)^    mem_limit: (\d+)m$`} {
		var limits [2]float64
		for i, pattern := range []string{`GOMEMLIMIT(?:=|: )(\d+)MiB\b`, hard} {
			m := regexp.MustCompile(pattern).FindAllStringSubmatch(string(read(t, file)), -1)
			if len(m) != 1 {
				t.Fatalf("%s: %d times %s, want once", file, len(m), pattern)
			}
			limits[i], _ = strconv.ParseFloat(m[0][1], 64)
		}
		if share := limits[0] / limits[1]; share < 0.85 || share > 0.92 {
			t.Errorf("%s: GOMEMLIMIT is %.2f of the memory that is allowed, want nine tenths", file, share)
		}
	}
}

// An alert on a metric that does not exist never fires.
func TestAlertsNameOurMetrics(t *testing.T) {
	var program strings.Builder
	for _, file := range goFiles(t) {
		if strings.HasPrefix(file.path, "cmd/") && !file.isTest() {
			program.Write(read(t, file.path))
		}
	}
	named := regexp.MustCompile(`ispgate_(\w+)`).FindAllStringSubmatch(string(read(t, "deploy/prometheus/alerts.yaml")), -1)
	if len(named) == 0 {
		t.Fatal("the alerts name no metrics of ours")
	}
	for _, metric := range named {
		if name := strings.TrimSuffix(metric[1], "_bucket"); !strings.Contains(program.String(), `"`+name+`"`) {
			t.Errorf("alerts.yaml names ispgate_%s, which cmd does not make", metric[1])
		}
	}
}
