package main

import (
	"flag"
	"os"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
)

func showCommand() cli.Command {
	return cli.Command{
		Name:    "show",
		Options: "[--origin] [--json] [FLAGS]",
		Args:    []cli.Arg{{Word: "PROFILE", Kind: cli.Profile, Optional: true}, {Word: "KEY", Kind: cli.Key, Optional: true}},
		Summary: "print a profile together with all that it extends",
		Examples: []cli.Example{
			{Line: "nslaunch show --origin dev.toml", Says: "show which line sets each value"},
			{Line: "nslaunch show dev.toml limits.memory", Says: "print one value"},
			{Line: "nslaunch show -rn --tmpfs /tmp -- make", Says: "print flags as a profile"},
		},
		Groups: profileFlagGroups("origin", "json"),
		Flags: func(fs *flag.FlagSet) cli.Run {
			var r request
			r.addFlags(fs)
			origin := fs.Bool("origin", false, "show which line sets each value, and what it overrides")
			asJSON := fs.Bool("json", false, "print JSON")
			return func(c *cli.Call) int {
				if err := r.complete(c); err != nil {
					return c.Misused("%s", err)
				}
				return show(c, &r, *origin, *asJSON)
			}
		},
	}
}

func show(c *cli.Call, r *request, origin, asJSON bool) int {
	key := ""
	settings := r.settings
	switch {
	case r.profile == "":
		settings = r.flagSettings()
	case len(r.words) > 1:
		return c.Misused("want one key after the profile, got %q", r.words)
	case len(r.words) == 1:
		key = r.words[0]
	}
	resolved, err := config.Resolve(r.profile, r.vars(), settings...)
	if err != nil {
		return c.Fail(err)
	}
	var parts []string
	if key != "" {
		if resolved, parts, err = resolved.At(key); err != nil {
			return c.Fail(err)
		}
	}
	tree, ok := resolved.Tree(parts...)
	if !ok {
		c.Notef("%s is not written, its default holds", key)
		return cli.ExitProblem
	}
	_, isTable := tree.(map[string]any)
	switch {
	case asJSON && origin:
		return c.PutJSON(shownValues(resolved))
	case asJSON:
		return c.PutJSON(tree)
	case origin || isTable:
		return c.Put(resolved.TOML(origin))
	}
	return c.Put(plainValue(tree, cli.IsTerminal(os.Stdout)) + "\n")
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
