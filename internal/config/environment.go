package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const envPrefix = "ISPGATE_"

// envExempt are variables that name no key: the path of the file itself.
var envExempt = []string{"ISPGATE_CONFIG"}

// kubernetes sets such variables in every pod beside a Service that is called ispgate or ispgate-….
var kubernetes = regexp.MustCompile(`^ISPGATE_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?)$`)

// variable is the name that overrides a key: dots become underscores.
func variable(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// environ reads the variables of env ("NAME=value") that are ours. An empty one is an empty value, or an empty list.
func (r *reading) environ(env []string) {
	byName := map[string]string{}
	for _, key := range r.known {
		byName[variable(key)] = key
	}
	seen := map[string]bool{}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(envExempt, name) {
			continue
		}
		key, ok := byName[name]
		switch {
		case !ok:
			r.envFault(name, r.strangeVariable(name))
		case seen[name]:
			r.envFault(name, "is set twice")
		default:
			r.override(r.slots[key], name, value)
		}
		seen[name] = true
	}
}

func (r *reading) override(s slot, name, value string) {
	items := []item{{text: value}}
	if s.shape == list || s.shape == either {
		items = nil
		for entry := range strings.SplitSeq(value, ",") {
			if entry = strings.TrimSpace(entry); entry != "" || strings.Contains(value, ",") {
				items = append(items, item{text: entry})
			}
		}
	}
	r.put(s, mark{file: environment, name: name}, items, nil)
}

func (r *reading) strangeVariable(name string) string {
	if kubernetes.MatchString(name) {
		return "is not a key; Kubernetes made it for a Service (set enableServiceLinks: false in the pod)"
	}
	var names []string
	for _, key := range r.known {
		names = append(names, variable(key))
	}
	if near := nearest(name, names); near != "" {
		return fmt.Sprintf("is not a key (did you mean %s?)", near)
	}
	if near := nearestTail(name, names); near != "" {
		return fmt.Sprintf("is not a key (did you mean %s?)", near)
	}
	return "is not a key (every key of config.example.yaml is one, with _ for its dots)"
}

// nearestTail finds ISPGATE_SESSIONS_REDIS_URL for ISPGATE_REDIS_URL.
func nearestTail(name string, names []string) string {
	tail := "_" + strings.TrimPrefix(name, envPrefix)
	for _, n := range names {
		if strings.HasSuffix(n, tail) {
			return n
		}
	}
	return ""
}

func (r *reading) envFault(name, problem string) {
	if !keyWord.MatchString(name) {
		name = strconv.Quote(name)
	}
	r.faults = append(r.faults, Fault{File: environment, Key: name, Problem: problem})
}
