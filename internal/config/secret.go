package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that prints as "[secret]" wherever a value may be printed by mistake (S40): formatted, logged, as
// JSON or as YAML. Reveal gives it away; so do %p and a map key in JSON, which Go lets no type guard: it is neither.
type Secret string

const hidden = "[secret]"

// Reveal gives the text itself.
func (s Secret) Reveal() string { return string(s) }

// Format answers every verb: for one that does not fit, such as %d, fmt would print the raw text and not ask String.
func (Secret) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, hidden) }

func (Secret) String() string               { return hidden }
func (Secret) GoString() string             { return hidden }
func (Secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
func (Secret) MarshalYAML() (any, error)    { return hidden, nil }
