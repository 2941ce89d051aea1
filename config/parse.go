package config

import (
	"fmt"
	"strconv"
)

// Load reads, decodes and checks the profile at path; "-" is standard input.
// Where the profile has problems the error is an [Errors] with all of them.
func Load(path string, vars Vars) (*Profile, error) {
	data, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return Parse(path, data, vars)
}

// Parse decodes and checks the profile in data. file names it in errors, and
// its directory is where relative paths start. The error is an [Errors].
func Parse(file string, data []byte, vars Vars) (*Profile, error) {
	src := &source{file, data}
	if data == nil {
		src.text = []byte{} // nil is a flag's
	}
	if offset, msg := badText(src.text); msg != "" {
		return nil, Errors{{Pos: src.pos(offset), Msg: msg}}
	}
	scanned := scan(src)
	if scanned.deep > 0 {
		return nil, Errors{{Pos: src.pos(scanned.deep), Msg: fmt.Sprintf("nested too deeply, want at most %d levels", maxDepth)}}
	}
	tree := scanned.tree
	if scanned.unsure {
		var err *Error
		if tree, err = parseTOML(src, scanned.twice); err != nil {
			return nil, Errors{err}
		}
	}
	d := newDecoder(file, vars)
	d.p.origins = scanned.marks
	// A misspelt or misplaced version is a problem of its own, told by the walk.
	missing := &Error{Pos: Pos{file, 1, 1}, Key: "version", Msg: "missing (write version = " + strconv.Itoa(Version) + " at the top)"}
	return d.profile(tree, missing)
}

func newDecoder(file string, vars Vars) *decoder {
	p := newProfile(file)
	p.origins = origins{}
	return &decoder{p: p, facts: &facts{vars, file}, spoilt: map[string]bool{}}
}

// profile walks the tree of a whole profile. noVersion is the problem where
// it has no version.
func (d *decoder) profile(tree map[string]any, noVersion *Error) (*Profile, error) {
	raw, hasVersion := tree["version"]
	if n, ok := raw.(int64); ok && n != Version {
		// The rest is in a language that we do not know.
		d.problem(value{key: "version", raw: raw}, "unknown version %d, want %d", n, Version)
		return nil, d.errs.sorted()
	}
	d.table(value{raw: tree}, topFields())
	if !hasVersion && !d.spoilt["version"] && noVersion != nil {
		d.errs = append(d.errs, noVersion)
	}
	d.defaults()
	c := &checker{p: d.p, spoilt: d.spoilt}
	c.run()
	if err := append(d.errs, c.errs...).sorted(); err != nil {
		return nil, err
	}
	return d.p, nil
}

// Check tells whether the settings of a profile fit each other. Load, Parse
// and New have called it already. The error is an [Errors].
func Check(p *Profile) error {
	c := &checker{p: p}
	c.run()
	return c.errs.sorted()
}
