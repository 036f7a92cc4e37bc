package panel

import (
	"embed"
	"fmt"
	"os"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed profiles/*.yaml
var profiles embed.FS

// Builtins are the names of the profiles that come with the program.
func Builtins() []string {
	entries, _ := profiles.ReadDir("profiles")
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	sort.Strings(out)
	return out
}

// Load reads a profile: a built-in one by its name, else the file at a path. A built-in one may still be incomplete:
// ask Complete. Faults of a file come all at once, as Faults.
func Load(ref string) (*Profile, error) {
	if layers, err := builtin(ref); err == nil {
		return build(layers)
	}
	if !strings.ContainsAny(ref, "/.") {
		return nil, fmt.Errorf("profile %q is neither built in (%s) nor the path of a file", ref, strings.Join(Builtins(), ", "))
	}
	text, err := os.ReadFile(ref)
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	return Parse(ref, text)
}

// Parse reads a profile from the text of a file.
func Parse(file string, text []byte) (*Profile, error) {
	node, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("read profile %s: %w", file, err)
	}
	return FromNode(file, node)
}

// FromNode reads a profile that is written out as a mapping. Every fault of it is named at once, as Faults.
func FromNode(file string, node *yaml.Node) (*Profile, error) {
	if node == nil || node.Kind == yaml.DocumentNode && len(node.Content) != 1 {
		return nil, Faults{{file, 0, "profile", "is empty"}}
	}
	if node.Kind == yaml.DocumentNode {
		node = node.Content[0]
	}
	top := layer{file: file, node: node}
	base := "generic"
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == "base" {
			base = node.Content[i+1].Value
		}
	}
	layers, err := builtin(base)
	if err != nil {
		return nil, Faults{{file, node.Line, "base", fmt.Sprintf("is none of the built-in profiles (%s)", strings.Join(Builtins(), ", "))}}
	}
	return build(append(layers, top))
}

// layer is one mapping; its keys replace those of the layers below it.
type layer struct {
	file    string
	node    *yaml.Node
	builtin bool
}

// builtin is a built-in profile with everything that it is based on, the lowest first.
func builtin(name string) ([]layer, error) {
	text, err := profiles.ReadFile("profiles/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no built-in profile %q", name)
	}
	node, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("built-in profile %s: %w", name, err)
	}
	own := layer{"builtin:" + name, node, true}
	var head struct{ Base string }
	if err := node.Decode(&head); err != nil || head.Base == "" {
		return []layer{own}, err
	}
	below, err := builtin(head.Base)
	return append(below, own), err
}

func parse(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return &yaml.Node{Kind: yaml.MappingNode, Line: 1}, nil
	}
	return doc.Content[0], nil
}

// build lays the layers over each other and checks the whole. Only the top layer can be at fault.
func build(layers []layer) (*Profile, error) {
	p := &Profile{}
	var d *profileDecoder
	for _, l := range layers {
		d = newDecoder(p, l)
		d.read(l.node)
		if l.builtin && len(d.faults) > 0 {
			return nil, d.result()
		}
	}
	d.check(!layers[len(layers)-1].builtin)
	if err := d.result(); err != nil {
		return nil, err
	}
	return p, nil
}
