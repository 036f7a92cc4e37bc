package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const example = "../../config.example.yaml"

// withoutDefault are the keys of which the example can only show an example.
var withoutDefault = []string{"PublicURL", "TrustedProxies", "Panel.URL", "Panel.Profile"}

func TestExampleHoldsTheDefaults(t *testing.T) {
	c, err := Load(example, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, want := flatten(c), flatten(Default())
	for _, path := range withoutDefault {
		if reflect.DeepEqual(got[path], want[path]) {
			t.Errorf("%s: the example shows no value", path)
		}
		delete(got, path)
		delete(want, path)
	}
	for path := range union(got, want) {
		if !reflect.DeepEqual(got[path], want[path]) {
			t.Errorf("%s: the example says %v, the default is %v", path, got[path], want[path])
		}
	}
}

func TestExampleNamesEveryKeyWithAReason(t *testing.T) {
	text, err := os.ReadFile(filepath.FromSlash(example))
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	written := map[string]bool{}
	scalarKeys("", doc.Content[0], func(key string, line int) {
		written[key] = true
		if _, reason, ok := strings.Cut(lines[line-1], " # "); !ok || len(reason) < 5 {
			t.Errorf("line %d: %s has no reason beside it", line, key)
		}
	})
	for _, key := range newReading("x").known {
		if !written[key] {
			t.Errorf("%s is not in the example", key)
		}
	}
}

func TestExampleIsNarrow(t *testing.T) {
	text, _ := os.ReadFile(example)
	for i, line := range strings.Split(string(text), "\n") {
		if len([]rune(line)) > 120 {
			t.Errorf("line %d is %d characters wide", i+1, len([]rune(line)))
		}
	}
}

func scalarKeys(prefix string, n *yaml.Node, visit func(key string, line int)) {
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if value.Kind == yaml.MappingNode {
			scalarKeys(prefix+name.Value+".", value, visit)
		} else {
			visit(prefix+name.Value, name.Line)
		}
	}
}
