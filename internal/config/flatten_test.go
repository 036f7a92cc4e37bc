package config

import (
	"maps"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// flatten gives every leaf of a Config under its dotted Go name: a text, or a list of texts. Nil pointers have no leaf.
func flatten(c *Config) map[string]any {
	leaves := map[string]any{}
	flattenInto(leaves, "", reflect.ValueOf(*c))
	return leaves
}

func flattenInto(leaves map[string]any, path string, v reflect.Value) {
	if leaf, ok := leaf(v.Interface()); ok {
		leaves[path] = leaf
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			flattenInto(leaves, path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			flattenInto(leaves, strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i))
		}
	case reflect.Slice:
		entries := []any{}
		for i := range v.Len() {
			entry, _ := leaf(v.Index(i).Interface())
			entries = append(entries, entry)
		}
		leaves[path] = entries
	default:
		panic("flatten does not know " + path)
	}
}

func leaf(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return v, true
	case int:
		return float64(v), true // as JSON reads it
	case Secret:
		return v.Reveal(), true
	case time.Duration:
		return short(v), true
	case time.Time:
		if v.IsZero() {
			return "", true
		}
		return v.Format(time.RFC3339), true
	case netip.Prefix:
		return v.String(), true
	case *time.Location:
		return v.String(), true
	case *url.URL:
		if v == nil {
			return "", true
		}
		return v.String(), true
	case Profile:
		if v.Node == nil {
			return v.Name, true
		}
		text, err := yaml.Marshal(v.Node)
		if err != nil {
			panic(err)
		}
		return v.File + " " + string(text), true
	}
	return nil, false
}

// changed is what differs from the defaults.
func changed(c *Config) map[string]any {
	leaves := flatten(c)
	for path, value := range flatten(Default()) {
		if reflect.DeepEqual(leaves[path], value) {
			delete(leaves, path)
		}
	}
	return leaves
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
