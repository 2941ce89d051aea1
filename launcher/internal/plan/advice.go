package plan

import (
	"fmt"
	"slices"

	"github.com/nslaunch/nslaunch/config"
)

// Advice is the result of a diagnosis: one cause, and what helps against it.
type Advice struct {
	// Cause is why the step failed, as text; "" where nothing is known beyond the errno. Where several causes fit,
	// it starts with "most likely".
	Cause string
	Cure  Cure
	Key   string // of the profile, where it is to blame rather than the step's
}

// Some reports whether anything is known.
func (a Advice) Some() bool { return a.Cause != "" }

// None reports whether nothing is known.
func (a Advice) None() bool { return a.Cause == "" }

// Cure is what to do. Changes of the profile are in it as settings, which are written in the
// caller's language only when it is known how the caller spoke: in flags, or in keys.
type Cure struct {
	Format string
	args   []any
}

// Try makes a cure from a format. A [config.Setting] among the arguments is for %s, all else as in [fmt.Sprintf];
// without arguments the format is the text.
func Try(format string, args ...any) Cure { return Cure{format, args} }

// Set is a change of the profile in a cure.
func Set(key string, value any) config.Setting { return config.Setting{Key: key, Value: value} }

// Change is the cure by one change of the profile.
func Change(key string, value any) Cure { return Try("%s", Set(key, value)) }

// In returns the cure in the form that the profile was written in: flags for flags, keys for keys.
func (c Cure) In(p *config.Profile) string {
	if len(c.args) == 0 {
		return c.Format
	}
	args := slices.Clone(c.args)
	for i, a := range args {
		if s, ok := a.(config.Setting); ok {
			args[i] = p.Worded(s)
		}
	}
	return fmt.Sprintf(c.Format, args...)
}
