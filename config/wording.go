package config

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// FlagOf returns the flag that sets one key, such as "--idmap"; "" if there is none.
// Namespaces have --new and --join in common.
func FlagOf(key string) string {
	switch key {
	case "name", "hostname", "propagation", "proc", "network", "idmap":
		return "--" + key
	case "process.cwd", "process.capabilities", "process.terminal", "limits.timeout":
		return "--" + key[strings.IndexByte(key, '.')+1:]
	}
	return ""
}

// Worded returns a setting as the caller would write it, so that it can be pasted: as flags where flags take the place
// of a profile or gave the value that it replaces, as --set for a preset, and else as a line of the
// profile, which names its table where that has a header.
func (p *Profile) Worded(s Setting) string {
	switch at := p.Origin(s.Key).Pos; {
	case p.entry && (s.Key == "process.cwd" || s.Key == "process.terminal"):
		return p.asFlags(s)
	case p.ofFlags() || at.Line == 0 && strings.HasPrefix(at.File, "--"):
		return p.asFlags(s)
	case IsPreset(p.File):
		return asFileFlag(s)
	}
	top := topFields(new(Profile))
	main := func(section string) string {
		f, _ := lang.FieldNamed(top, section)
		return f.Main()
	}
	key, src := s.Key, p.source()
	section := toml.ParentKey(key)
	switch m, written := p.origins[key]; {
	case written && m.Kind.Table() && m.Src == src && main(key) != "":
		key = toml.JoinKey(key, main(key))
	case section != "" && key == toml.JoinKey(section, main(section)) && p.origins[section].Src != src:
		key = section
	}
	set, _ := p.origins.Set(src, "", key, TOMLValue(generic(s.Value)), main)
	return set
}

// source is the profile's own file; nil where nothing of it is left.
func (p *Profile) source() *toml.Source {
	if src := p.sources[p.File]; src != nil {
		return src
	}
	for _, m := range p.origins {
		if m.Src != nil && m.Src.Name == p.File {
			return m.Src
		}
	}
	return nil
}

// NewEntry returns an empty profile for a command that enters a sandbox. It has no file: flags of nslaunch exec say what it has.
func NewEntry() *Profile { return &Profile{entry: true} }

// ofFlags reports whether flags take the place of a profile.
func (p *Profile) ofFlags() bool { return p.File == "" && len(p.origins) > 0 }

// named returns a setting as [Profile.Worded] does, but a key of a profile by its whole path, as errors do.
func (p *Profile) named(s Setting) string {
	if p.ofFlags() {
		return p.asFlags(s)
	}
	return s.Key + " = " + TOMLValue(generic(s.Value))
}

// asFlags writes a setting as flags. Of --new it is all that was given, as pasting replaces the flag.
func (p *Profile) asFlags(s Setting) string {
	kind, isKind := strings.CutPrefix(s.Key, "namespaces.")
	if isKind && s.Value == "new" {
		var kinds []string
		for _, k := range Kinds() {
			if string(k) == kind || p.origins["namespaces."+string(k)].Src != nil && p.origins["namespaces."+string(k)].Src.Name == "--new" {
				kinds = append(kinds, string(k))
			}
		}
		return "--new " + strings.Join(kinds, ",")
	}
	if flag := FlagOf(s.Key); flag != "" {
		return flag + " " + quote.Word(textOf(s.Value))
	}
	return asFileFlag(s)
}

// asFileFlag writes a mount of a file or directory at its own path as --bind or --ro-bind, which are shorter, and all else as --set.
func asFileFlag(s Setting) string {
	parts, ok := toml.SplitKey(s.Key)
	source, text := s.Value.(string)
	if ok && text && len(parts) == 3 && parts[0] == "mounts" && parts[1] == source && !strings.ContainsAny(source, ":$") {
		switch parts[2] {
		case "ro":
			return "--ro-bind " + quote.Word(source)
		case "rw":
			return "--bind " + quote.Word(source)
		}
	}
	return asSetFlag(s)
}

func asSetFlag(s Setting) string { return "--set " + quote.Word(s.Key+"="+textOf(s.Value)) }

// textOf is a value as --set reads it.
func textOf(v any) string {
	switch v := generic(v).(type) {
	case string:
		return v
	case []any:
		if words := slices.Collect(stringsOf(v)); len(words) == len(v) && !slices.ContainsFunc(words, func(w string) bool { return strings.ContainsAny(w, ",[{ ") || w == "" }) {
			return strings.Join(words, ",")
		}
	}
	return TOMLValue(generic(v))
}

func stringsOf(list []any) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, e := range list {
			if s, ok := e.(string); ok && !yield(s) {
				return
			}
		}
	}
}
