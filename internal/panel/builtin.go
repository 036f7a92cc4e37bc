package panel

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
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
func Load(ref string) (*Profile, error) { return Reader{}.Load(ref) }

// Load is the function of that name.
func (r Reader) Load(ref string) (*Profile, error) {
	if layers, err := builtin(ref); err == nil {
		return r.build(layers)
	}
	if !strings.ContainsAny(ref, "/.") {
		return nil, fmt.Errorf("profile %q is neither built in (%s) nor the path of a file", ref, strings.Join(Builtins(), ", "))
	}
	text, err := os.ReadFile(ref) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	return r.Parse(ref, text)
}

// Parse reads a profile from the text of a file.
func Parse(file string, text []byte) (*Profile, error) { return Reader{}.Parse(file, text) }

// Parse is the function of that name.
func (r Reader) Parse(file string, text []byte) (*Profile, error) {
	node, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	return r.FromNode(file, node)
}

// FromNode reads a profile that is written out as a mapping. Every fault of it is named at once, as Faults.
func (r Reader) FromNode(file string, node *yaml.Node) (*Profile, error) {
	if node == nil || node.Kind == yaml.DocumentNode && len(node.Content) != 1 {
		return nil, Faults{{file, 0, "profile", "is empty"}}
	}
	if node.Kind == yaml.DocumentNode {
		node = node.Content[0]
	}
	node = resolved(node) // a configuration may write profile: *shared
	top := layer{file: file, node: node}
	base := "generic"
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if resolved(node.Content[i]).Value == "base" {
			base = resolved(node.Content[i+1]).Value
		}
	}
	layers, err := builtin(base)
	if err != nil {
		return nil, Faults{{file, node.Line, "base", fmt.Sprintf("is none of the built-in profiles (%s)", strings.Join(Builtins(), ", "))}}
	}
	return r.build(append(layers, top))
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
	file := "builtin:" + name
	node, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	own := layer{file, node, true}
	var head struct{ Base string }
	if err := node.Decode(&head); err != nil || head.Base == "" {
		return []layer{own}, err
	}
	below, err := builtin(head.Base)
	return append(below, own), err
}

// parse reads the only document of a text.
func parse(file string, text []byte) (*yaml.Node, error) {
	if len(text) > maxProfile {
		return nil, Faults{{file, 1, "profile", fmt.Sprintf("is longer than %d bytes", maxProfile)}}
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	out := &yaml.Node{Kind: yaml.MappingNode, Line: 1}
	for first := true; ; first = false {
		var doc yaml.Node
		err := d.Decode(&doc)
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("read profile %s: %w", file, err)
		case first && len(doc.Content) == 1:
			out = doc.Content[0]
		case len(doc.Content) == 1 && doc.Content[0].Tag != "!!null":
			return nil, Faults{{file, doc.Content[0].Line, "profile", "begins a second document, which nobody would read: take out the --- before it"}}
		}
	}
}

// build lays the layers over each other and checks the whole. Only the top layer can be at fault.
func (r Reader) build(layers []layer) (*Profile, error) {
	p := &Profile{}
	var d *profileDecoder
	for _, l := range layers {
		d = newDecoder(p, l)
		d.read(l.node)
		if l.builtin && len(d.faults) > 0 {
			return nil, d.result()
		}
	}
	if r.Loginless {
		p.dropLogin()
	}
	d.check(!layers[len(layers)-1].builtin)
	if err := d.result(); err != nil {
		return nil, err
	}
	return p, nil
}
