package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSize bounds a profile, so that a mistaken path does not fill the memory.
const maxSize = 1 << 20

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
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

func read(path string) ([]byte, error) {
	if path == "-" {
		return readFrom(os.Stdin)
	}
	return readFile(path)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err.(*fs.PathError).Err // it would name the path and the system call
	}
	defer f.Close()
	return readFrom(f)
}

func readFrom(f *os.File) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	var pathErr *fs.PathError
	switch {
	case errors.As(err, &pathErr):
		return nil, pathErr.Err
	case err == nil && len(data) > maxSize:
		return nil, errors.New("more than 1 MiB, not a profile")
	}
	return data, err
}

// siblings returns the names of what lies in a directory, as far as that is known.
func siblings(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(1000) // they are for a hint
	return names
}

// Parse decodes and checks the profile in data. file names it in errors, and
// its directory is where relative paths start. The settings are as in [Load].
// The error is an [Errors].
func Parse(file string, data []byte, vars Vars, settings ...Setting) (*Profile, error) {
	return newDecoder(file, vars).parse(data, settings)
}

func (d *decoder) parse(data []byte, settings []Setting) (*Profile, error) {
	src := &source{name: d.p.File, text: data, dir: d.facts.dir}
	tree, marks, err := readText(src)
	if err != nil {
		return nil, Errors{err}
	}
	if _, extends := tree["extends"]; extends || len(settings) > 0 || len(d.facts.Var) > 0 || d.shown != nil {
		return d.compose(&layer{src: src, tree: tree, marks: marks}, settings)
	}
	d.p.origins = marks
	// A misspelt or misplaced version is a problem of its own, told by the walk.
	return d.profile(tree, versionMissing(src))
}

func versionMissing(src *source) *Error {
	return &Error{Pos: Pos{src.name, 1, 1}, Key: "version", Msg: fmt.Sprintf("missing (write version = %d at the top)", Version)}
}

// readText returns the tree of a source and the place of all that is in it.
func readText(src *source) (map[string]any, origins, *Error) {
	if src.text == nil {
		src.text = []byte{} // nil is a flag's
	}
	if offset, msg := badText(src.text); msg != "" {
		return nil, nil, &Error{Pos: src.pos(offset), Msg: msg}
	}
	scanned := scan(src)
	if scanned.deep > 0 {
		return nil, nil, &Error{Pos: src.pos(scanned.deep), Msg: fmt.Sprintf("nested too deeply, want at most %d levels", maxDepth)}
	}
	tree, err := parseTOML(src, scanned.twice)
	return tree, scanned.marks, err
}

func newDecoder(file string, vars Vars) *decoder {
	p := newProfile(file)
	p.origins = origins{}
	return &decoder{p: p, facts: &facts{vars, vars.dirOf(file)}, spoilt: map[string]bool{}}
}

// profile walks the tree of a whole profile. noVersion is the problem where
// it has no version.
func (d *decoder) profile(tree map[string]any, noVersion *Error) (*Profile, error) {
	if d.shown != nil {
		d.shown.tree = tree
	}
	raw, hasVersion := tree["version"]
	if n, ok := raw.(int64); ok && n != Version {
		// The rest is in a language that we do not know.
		d.problem(value{key: "version", raw: raw}, "unknown version %d, want %d", n, Version)
		return nil, d.p.sorted(d.errs)
	}
	d.table(value{raw: tree}, topFields())
	if !hasVersion && !d.spoilt["version"] && noVersion != nil {
		d.errs = append(d.errs, noVersion)
	}
	d.defaults()
	c := &checker{p: d.p, spoilt: d.spoilt}
	c.run()
	if err := d.p.sorted(append(d.errs, c.errs...)); err != nil {
		return nil, err
	}
	return d.p, nil
}

// Check tells whether the settings of a profile fit each other. Load, Parse
// and New have called it already. The error is an [Errors].
func Check(p *Profile) error {
	c := &checker{p: p}
	c.run()
	return p.sorted(c.errs)
}

// dirOf returns the absolute directory that a profile's relative paths start
// at; "" where it is unknown.
func (v Vars) dirOf(file string) string {
	dir := filepath.Dir(file)
	if file == "-" || file == "" {
		dir = "."
	}
	if filepath.IsAbs(dir) {
		return dir
	}
	if v.Cwd == "" {
		return ""
	}
	return filepath.Join(v.Cwd, dir)
}
