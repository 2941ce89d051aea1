package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Load reads, decodes and checks the profile at path; "-" is standard input, and
// one of [Presets] that preset.
// Where the profile has problems the error is an [Errors] with all of them.
// The settings are those of flags: they win over what the profile says.
func Load(path string, vars Vars, settings ...Setting) (*Profile, error) {
	data, err := readProfile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, vars, settings...)
}

// readProfile reads the profile at path, which is a preset's name as in extends, too.
func readProfile(path string) ([]byte, error) {
	if name, ok := strings.CutPrefix(path, presetPrefix); ok {
		if data, ok := preset(name); ok {
			return data, nil
		}
		return nil, errors.New(noPreset(name))
	}
	data, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w%s", path, err, unreadHint(path, err))
	}
	return data, nil
}

// Parse decodes and checks the profile in data. file names it in errors, and
// its directory is where relative paths start. The settings are as in [Load].
// The error is an [Errors].
func Parse(file string, data []byte, vars Vars, settings ...Setting) (*Profile, error) {
	return newReading(file, vars).parse(data, settings)
}

func (r *reading) parse(data []byte, settings []Setting) (*Profile, error) {
	src := &toml.Source{Name: r.p.File, Text: data}
	tree, marks, err := toml.Read(src)
	if err != nil {
		return nil, Errors{err}
	}
	if _, extends := tree["extends"]; extends || len(settings) > 0 || len(r.Facts.Vars.Var) > 0 || r.Record != nil {
		src.Dir = r.Facts.Dir()
		return r.compose(&lang.Layer{Src: src, Tree: tree, Marks: marks}, settings)
	}
	r.Marks = marks
	// A misspelt or misplaced version is a separate problem, which the walk reports.
	return r.profile(tree, versionMissing(src))
}

func versionMissing(src *toml.Source) *Error {
	return &Error{Pos: src.Pos(0), Key: "version", Msg: "missing (write version = " + strconv.Itoa(Version) + " at the top)"}
}

// reading is a profile that is being read.
type reading struct {
	*lang.Decoder
	p *Profile
}

func newReading(file string, vars Vars) *reading {
	p := newProfile(file)
	d := lang.New(topFields(p), file, vars)
	d.Foreign = foreign
	d.Meant = func(table, name string, raw any) (string, any) {
		key, value := meant(table, name, raw)
		kind, isKind := strings.CutPrefix(key, "namespaces.")
		switch {
		case !isKind || value != "new" || table == "namespaces" || !p.Namespaces.New(NamespaceKind(kind)):
			return key, value
		case kind == string(Net): // the namespace is there already
			return "network", string(NetworkLoopback)
		}
		return "", nil
	}
	return &reading{d, p}
}

// profile walks the tree of a whole profile. noVersion is the problem where
// it has no version.
func (r *reading) profile(tree map[string]any, noVersion *Error) (*Profile, error) {
	p := r.p
	p.origins = r.Marks
	if r.Record != nil {
		r.Record.Tree = tree
	}
	raw, hasVersion := tree["version"]
	if n, ok := raw.(int64); ok && n != Version {
		// The rest is in a language that we do not know.
		r.Problem(lang.Value{Key: "version", Raw: raw}, "unknown version %d, want %d (write version = %d, or update nslaunch)", n, Version, Version)
		return nil, p.sorted(r.Errs)
	}
	r.Read(tree)
	p.here = p.here || r.Here
	if !hasVersion && !r.Spoilt["version"] && r.More == 0 && noVersion != nil {
		r.Errs = append(r.Errs, noVersion)
	}
	if r.More > 0 { // what depends on what is wrong is not known any more
		return nil, p.andMore(p.sorted(r.Errs), r.More)
	}
	p.defaults()
	c := &checker{p: p, spoilt: r.Spoilt}
	c.run()
	if err := p.sorted(append(r.Errs, c.errs...)); err != nil {
		return nil, p.andMore(err, c.more)
	}
	return p, nil
}

// Check reports whether the settings of a profile fit each other. Load, Parse
// and New have called it already. The error is an [Errors].
func Check(p *Profile) error {
	c := &checker{p: p}
	c.run()
	return p.andMore(p.sorted(c.errs), c.more)
}
