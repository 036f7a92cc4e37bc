package config

import (
	"fmt"
	"strconv"
)

// item is one written scalar: a value, or an entry of a list.
type item struct {
	text string
	line int
}

// slip is a fault whose file and key its caller knows.
type slip struct {
	line    int
	problem string
}

// shape is what may stand at a key.
type shape uint8

const (
	single   shape = iota // one scalar
	list                  // a list of scalars
	either                // a list, or one scalar for a list of one
	anything              // one scalar or a mapping
)

// kind is the YAML type that a scalar must have.
type kind uint8

const (
	text   kind = iota // numbers and dates are taken as they are written
	truth              // true or false
	number             // a whole number
)

// slot is one key of the file: where it goes, and what it may hold. It stores a value whole, or not at all.
type slot struct {
	key    string
	shape  shape
	kind   kind
	secret bool // the text never appears in a fault
	store  func([]item) []slip
}

// one is a key with a single value. parse's error is the problem, without the key.
func one[T any](key string, to *T, parse func(string) (T, error)) slot {
	return slot{key: key, store: func(items []item) []slip {
		value, err := parse(items[0].text)
		if err != nil {
			return []slip{{items[0].line, err.Error()}}
		}
		*to = value
		return nil
	}}
}

// many is a key with a list of values, none of which may occur twice.
func many[T comparable](key string, to *[]T, parse func(string) (T, error)) slot {
	return slot{key: key, shape: list, store: func(items []item) []slip {
		values, slips := parseAll(items, parse)
		if len(slips) == 0 {
			*to = values
		}
		return slips
	}}
}

func parseAll[T comparable](items []item, parse func(string) (T, error)) (values []T, slips []slip) {
	first := map[T]int{}
	for i, it := range items {
		value, err := parse(it.text)
		switch before, twice := first[value]; {
		case err != nil:
			slips = append(slips, slip{it.line, err.Error()})
		case twice:
			slips = append(slips, slip{it.line, fmt.Sprintf("entry %d is the same as entry %d", i+1, before)})
		default:
			first[value] = i + 1
			values = append(values, value)
		}
	}
	return values, slips
}

// nonEmpty is a list that must have an entry.
func nonEmpty(s slot, problem string) slot {
	store := s.store
	s.store = func(items []item) []slip {
		if len(items) == 0 {
			return []slip{{0, problem}}
		}
		return store(items)
	}
	return s
}

func toggle(key string, to *bool) slot {
	s := one(key, to, func(text string) (bool, error) {
		if text != "true" && text != "false" {
			return false, fmt.Errorf("wants true or false%s", not(text))
		}
		return text == "true", nil
	})
	s.kind = truth
	return s
}

func count(key string, to *int, least, most int) slot {
	s := one(key, to, func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("wants a whole number from %d to %d%s", least, most, not(text))
		}
		return n, nil
	})
	s.kind = number
	return s
}

func secret(key string, to *Secret, parse func(string) (Secret, error)) slot {
	s := one(key, to, parse)
	s.secret = true
	return s
}

// none is the one entry of trusted_proxies that is no network.
const none = "none"

// trusted is the list of proxies, or [none] alone.
func trusted(key string, c *Config) slot {
	return slot{key: key, shape: list, store: func(items []item) []slip {
		if len(items) == 1 && items[0].text == none {
			c.TrustedProxies, c.TrustNone = nil, true
			return nil
		}
		prefixes, slips := parseAll(items, network)
		if len(slips) == 0 {
			c.TrustedProxies, c.TrustNone = prefixes, false
		}
		return slips
	}}
}
