package test

import (
	"os/exec"
	"path/filepath"
	"regexp"
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
