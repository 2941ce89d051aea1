package config

import (
	"path/filepath"
	"strings"
)

// wantPath is how messages show a path of the host's.
const wantPath = "a path that starts with /, ./ or ../"

// isPath tells whether s is written as a path of the host's.
func isPath(s string) bool {
	return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../")
}

// hostPath returns the absolute form of a path of the host's, which is
// absolute or starts with ./ or ../, at the directory of the file that wrote it.
func (d *decoder) hostPath(v value, s string) (string, bool) {
	if filepath.IsAbs(s) {
		return s, true
	}
	dir := d.dir(v.key)
	if dir == "" {
		d.problem(v, "relative path %q, and the working directory is not known", s)
		return "", false
	}
	s = filepath.Join(dir, s)
	d.became(v.key, s)
	return s, true
}

// dir returns where the relative paths of the value at key start; "" where that
// is not known.
func (d *decoder) dir(key string) string {
	if m, ok := d.marks.Near(key); ok && (m.Src.Dir != "" || m.Src.From != nil) {
		return m.Src.Dir
	}
	return d.facts.dir()
}

// cleanPath is hostPath in its shortest form: "/a/.." is "/", whatever /a is.
func (d *decoder) cleanPath(v value, s string) (string, bool) {
	s, ok := d.hostPath(v, s)
	if !ok {
		return "", false
	}
	s = filepath.Clean(s)
	d.became(v.key, s)
	return s, true
}

// hostFile is a path of the host's, in its shortest form.
func hostFile() kind[string] {
	return kind[string]{(*decoder).hostFile, func() []*Shape { return []*Shape{like(hostPathPattern)} }}
}

func (d *decoder) hostFile(v value) (string, bool) {
	s, ok := d.text(v)
	if !ok {
		return "", false
	}
	if !isPath(s) {
		d.problem(v, "want %s, got %q%s", wantPath, s, pathHint[string](s))
		return "", false
	}
	return d.cleanPath(v, s)
}

// pathHint is didYouMean for what is no path, and none of the words known.
func pathHint[T ~string](s string, known ...T) string {
	if rest, ok := strings.CutPrefix(s, "~"); ok && (rest == "" || rest[0] == '/') {
		return ` (did you mean "${home}` + rest + `"?)`
	}
	return didYouMean(s, known)
}
