package panel

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// decoder reads YAML nodes strictly and gathers every fault instead of stopping at the first.
type decoder struct {
	file   string
	faults Faults
	at     map[string]*yaml.Node // where each key was read
	spent  spent
}

func (d *decoder) fault(n *yaml.Node, key, format string, args ...any) {
	line := 0
	if n != nil {
		line = n.Line
	}
	if key == "" {
		key = "profile"
	}
	d.faults = append(d.faults, Fault{d.file, line, key, fmt.Sprintf(format, args...)})
}

// faultAt names a fault of a key that may not be in the file: then it stands at the key above it.
func (d *decoder) faultAt(key, format string, args ...any) {
	n := d.at[key]
	for up := key; n == nil && up != ""; {
		up = above(up)
		n = d.at[up]
	}
	d.fault(n, key, format, args...)
}

func above(key string) string {
	for i := len(key) - 1; i > 0; i-- {
		if key[i] == '.' || key[i] == '[' {
			return key[:i]
		}
	}
	return ""
}

// result is nil or every fault, sorted by line.
func (d *decoder) result() error {
	if len(d.faults) == 0 {
		return nil
	}
	sort.SliceStable(d.faults, func(i, j int) bool { return d.faults[i].Line < d.faults[j].Line })
	return d.faults
}

// reader reads the value of one key.
type reader func(n *yaml.Node, key string)

// entries calls each for every key of a mapping, once: doubled keys are faults.
func (d *decoder) entries(n *yaml.Node, key string, each func(name string, k, v *yaml.Node)) {
	n = resolved(n)
	if n.Kind != yaml.MappingNode {
		d.fault(n, key, "is not a mapping")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content) && d.more(n.Content[i], key); i += 2 {
		k, v := resolved(n.Content[i]), resolved(n.Content[i+1])
		if k.Kind != yaml.ScalarNode {
			d.fault(k, key, "has a key that is not a word")
			continue
		}
		if seen[k.Value] {
			d.fault(k, join(key, k.Value), "is written twice")
			continue
		}
		seen[k.Value] = true
		d.at[join(key, k.Value)] = k
		each(k.Value, k, v)
	}
}

// mapping reads a mapping whose keys are all known.
func (d *decoder) mapping(n *yaml.Node, key string, known map[string]reader) {
	d.entries(n, key, func(name string, k, v *yaml.Node) {
		read, ok := known[name]
		if !ok {
			d.fault(k, join(key, name), "is not a key that a profile has here; there are %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
			return
		}
		read(v, join(key, name))
	})
}

func (d *decoder) list(n *yaml.Node, key string, each reader) {
	n = resolved(n)
	if n.Kind != yaml.SequenceNode {
		d.fault(n, key, "is not a list")
		return
	}
	for i, item := range n.Content {
		k := key + "[" + strconv.Itoa(i) + "]"
		if !d.more(item, k) {
			return
		}
		d.at[k] = resolved(item)
		each(resolved(item), k)
	}
}

func (d *decoder) text(dst *string) reader {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			d.fault(n, key, "is not a text")
			return
		}
		*dst = n.Value
	}
}

func (d *decoder) flag(dst *bool) reader {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Decode(dst) != nil {
			d.fault(n, key, "is neither true nor false")
		}
	}
}

func (d *decoder) number(dst *int, low, high int) reader {
	return func(n *yaml.Node, key string) {
		v, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || v < low || v > high {
			d.fault(n, key, "is not a number from %d to %d", low, high)
			return
		}
		*dst = v
	}
}

func (d *decoder) span(dst *time.Duration, low, high time.Duration) reader {
	return func(n *yaml.Node, key string) {
		v, err := time.ParseDuration(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || v < low || v > high {
			d.fault(n, key, "is not a time from %s to %s, like 60s", low, high)
			return
		}
		*dst = v
	}
}

func (d *decoder) oneOf(dst *string, words ...string) reader {
	return func(n *yaml.Node, key string) {
		for _, w := range words {
			if n.Kind == yaml.ScalarNode && n.Value == w {
				*dst = w
				return
			}
		}
		d.fault(n, key, "is none of %v", words)
	}
}

// resolved is the node that an alias stands for. The schema is finite, so that no alias can make a reader run for ever, and
// values are counted (more), so that none can make it run long.
func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
