package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

const mostBytes = 1 << 20

var yamlLine = regexp.MustCompile(`^yaml: line ([0-9]+): (.*)$`)

var unknownAlias = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)

// document gives the one YAML document of the file, nil when it is empty; ok is false when it cannot be read at all.
func (r *reading) document(text []byte) (root *yaml.Node, ok bool) {
	if len(text) > mostBytes {
		r.add(0, "", fmt.Sprintf("is larger than %d bytes: not a configuration", mostBytes))
		return nil, false
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	if err := dec.Decode(&first); errors.Is(err, io.EOF) {
		return nil, true
	} else if err != nil {
		r.broken(text, err)
		return nil, false
	}
	if err := dec.Decode(&second); err == nil {
		r.add(second.Line, "", "a second document begins here (a configuration is one document: take out the line ---)")
	} else if !errors.Is(err, io.EOF) {
		r.broken(text, err)
	}
	r.plain("", first.Content[0])
	return first.Content[0], true
}

// broken reports what the parser says. An unknown alias is reported in our words: the parser quotes it, and a password
// that begins with * reads as one.
func (r *reading) broken(text []byte, err error) {
	at, problem := 0, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		at, _ = strconv.Atoi(m[1])
		problem = m[2]
	}
	if m := unknownAlias.FindStringSubmatch(problem); m != nil {
		problem = "a value begins with * (put it in quotes)"
		at = 1 + bytes.Count(text[:max(0, bytes.Index(text, []byte("*"+m[1])))], []byte("\n"))
	}
	r.add(at, "", "is not YAML: "+problem)
}

// plain refuses what makes a document something else than it looks like: aliases, whose few lines can stand for
// billions of values, and tags. It marks the nodes that hold such, so that they are faults only once.
func (r *reading) plain(key string, n *yaml.Node) bool {
	ok := true
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.add(n.Line, key, "anchors and aliases (&, *) are not used here (write the value itself; in quotes if it begins so)")
		ok = false
	case n.Style&yaml.TaggedStyle != 0:
		r.add(n.Line, key, "tags (!) are not used here (put a value that begins with ! in quotes)")
		ok = false
	}
	for i, child := range n.Content {
		below := key
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			below = r.below(key, n.Content[i-1].Value)
		}
		ok = r.plain(below, child) && ok
	}
	if !ok {
		r.refused[n] = true
	}
	return ok
}

// below is the key of a name in a section, or the section where there is no such key.
func (r *reading) below(section, name string) string {
	key := name
	if section != "" {
		key = section + "." + name
	}
	if _, ok := r.slots[key]; ok || r.isSection(key) {
		return key
	}
	return section
}
