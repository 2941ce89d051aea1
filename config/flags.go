package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Setting is one key of a profile that is given by a flag.
type Setting struct {
	Key   string // dotted, as in TOML: namespaces.net
	Value any    // Text, string, int, int64, float64, bool, []string, []any or map[string]any
	From  string // the flag, for errors: "--new"
}

// Key returns the dotted key of those parts, each in quotes where TOML needs them: mounts."/tmp".
func Key(parts ...string) string { return joinAll(parts) }

// New decodes and checks a profile that is made of flags: one of the current
// version, with no file. Of two settings of one key the later wins; a table is
// merged key by key. Paths are relative to the working directory.
// The error is an [Errors].
func New(settings []Setting, vars Vars) (*Profile, error) {
	return newReading("", vars).compose(nil, settings)
}

// flagLayer returns what all settings say, as one source would: of two of one
// key the later wins, but what one adds to a list or removes comes to that of the others.
func (r *reading) flagLayer(settings []Setting) *lang.Layer {
	l := &lang.Layer{Src: &toml.Source{Dir: r.Facts.Cwd()}, Tree: map[string]any{}, Marks: toml.Marks{}}
	for _, s := range settings {
		src := &toml.Source{Name: s.From, Dir: l.Src.Dir}
		parts, ok := toml.SplitKey(s.Key)
		if !ok {
			r.Errs = append(r.Errs, &Error{Pos: src.Pos(0), Msg: "not a key: " + lang.Quoted(s.Key) + keyHint(s.Key)})
			continue
		}
		v := generic(s.Value)
		if text, ok := v.(Text); ok {
			var problem *Error
			if v, problem = r.meant(parts, text, src); problem != nil {
				r.Errs = append(r.Errs, &Error{Pos: src.Pos(0), Key: s.Key, Msg: problem.Msg})
				r.Spoilt[s.Key] = true
				continue
			}
		}
		l.Set(l.Tree, "", parts, v, src, r.Top)
	}
	return l
}

// keyHint returns how to write a key with a path.
func keyHint(key string) string {
	if section, path, ok := strings.Cut(key, "./"); ok && !strings.Contains(path, `"`) {
		return " (did you mean " + section + `."/` + path + `"?)`
	}
	return ""
}

// generic returns a value in the types that the TOML parser gives.
func generic(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = generic(e)
		}
		return list
	case map[string]any:
		table := make(map[string]any, len(v))
		for k, e := range v {
			table[k] = generic(e)
		}
		return table
	}
	return v
}
