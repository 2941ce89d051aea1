package main

import (
	"os"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
)

func cmdShow(args []string) int {
	fs := newFlags("show")
	var r request
	requestFlags(fs, &r)
	origin := fs.Bool("origin", false, "tell where each value is written, and what it won over")
	asJSON := fs.Bool("json", false, "print JSON")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if err := r.complete(fs, args); err != nil {
		return misused("show", exitUsage, "%s", err)
	}
	key := ""
	settings := r.settings
	switch {
	case r.profile == "":
		settings = r.flagSettings()
	case len(r.words) > 1:
		return misused("show", exitUsage, "want one key after the profile, got %q", r.words)
	case len(r.words) == 1:
		key = r.words[0]
	}
	resolved, err := config.Resolve(r.profile, r.vars(), settings...)
	if err != nil {
		complain(err)
		return exitProblem
	}
	var parts []string
	if key != "" {
		if resolved, parts, err = resolved.At(key); err != nil {
			complain(err)
			return exitProblem
		}
	}
	tree, ok := resolved.Tree(parts...)
	if !ok {
		say().Infof("%s is not written, its default holds", key)
		return exitProblem
	}
	_, isTable := tree.(map[string]any)
	switch {
	case *asJSON && *origin:
		return printJSON(shownValues(resolved))
	case *asJSON:
		return printJSON(tree)
	case *origin || isTable:
		return put(resolved.TOML(*origin))
	}
	return put(plainValue(tree, isTerminal(os.Stdout)) + "\n")
}

// plainValue prints a single value for a script: a string as it is. On a terminal one that
// cannot be shown is written as TOML.
func plainValue(v any, terminal bool) string {
	if s, ok := v.(string); ok {
		s = strings.TrimSuffix(s, "\n")
		if terminal && quote.Line(s) != s {
			return config.TOMLValue(s)
		}
		return s
	}
	return config.TOMLValue(v)
}

// shownValue is a value with its origin, for programs.
type shownValue struct {
	Key      string       `json:"key"`
	Value    any          `json:"value"`
	At       shownPlace   `json:"at"`
	Elements []shownPlace `json:"elements,omitempty"` // of a list that several files have made
	Over     []shownOver  `json:"over,omitempty"`
}

// shownPlace is a place in a profile, or a flag; without a file a default.
type shownPlace struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// shownOver is what a value won over.
type shownOver struct {
	Key   string     `json:"key"`
	Value any        `json:"value"`
	At    shownPlace `json:"at"`
}

func placeOf(p config.Pos) shownPlace { return shownPlace{p.File, p.Line, p.Col} }

func shownValues(r *config.Resolved) []shownValue {
	all := []shownValue{}
	for _, v := range r.Values {
		s := shownValue{Key: v.Key, Value: v.Value, At: placeOf(v.Pos)}
		for _, pos := range v.Elements {
			s.Elements = append(s.Elements, placeOf(pos))
		}
		for _, o := range v.Overrides {
			s.Over = append(s.Over, shownOver{o.Key, o.Value, placeOf(o.Pos)})
		}
		all = append(all, s)
	}
	return all
}
