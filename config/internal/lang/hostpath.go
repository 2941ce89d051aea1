package lang

import (
	"path/filepath"
	"strings"
)

// WantPath is how messages show a path of the host's.
const WantPath = "a path that starts with /, ./ or ../"

// IsPath reports whether s is written as a path of the host's.
func IsPath(s string) bool {
	return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../")
}

// HostPath returns the absolute form of a path of the host's, which is
// absolute or starts with ./ or ../, at the directory of the file that wrote it.
func (d *Decoder) HostPath(v Value, s string) (string, bool) {
	if filepath.IsAbs(s) {
		return s, true
	}
	dir := d.Dir(v.Key)
	if dir == "" {
		d.Problem(v, "relative path %q, and the working directory is not known", s)
		return "", false
	}
	s = filepath.Join(dir, s)
	d.Became(v.Key, s)
	return s, true
}

// Dir returns where the relative paths of the value at key start; "" where that
// is not known.
func (d *Decoder) Dir(key string) string {
	if m, ok := d.Marks.Near(key); ok && (m.Src.Dir != "" || m.Src.From != nil) {
		return m.Src.Dir
	}
	return d.Facts.Dir()
}

// CleanPath is hostPath in its shortest form: "/a/.." is "/", whatever /a is.
func (d *Decoder) CleanPath(v Value, s string) (string, bool) {
	s, ok := d.HostPath(v, s)
	if !ok {
		return "", false
	}
	s = filepath.Clean(s)
	d.Became(v.Key, s)
	return s, true
}

// HostFile is a path of the host's, in its shortest form.
func HostFile() Kind[string] {
	return KindOf((*Decoder).HostFile, func() []*Shape { return []*Shape{Like(HostPathPattern)} })
}

// HostFile reads a path of the host's, in its shortest form.
func (d *Decoder) HostFile(v Value) (string, bool) {
	s, ok := d.Text(v)
	if !ok {
		return "", false
	}
	if !IsPath(s) {
		d.Problem(v, "want %s, got %q%s", WantPath, s, PathHint[string](s))
		return "", false
	}
	return d.CleanPath(v, s)
}

// PathHint is [DidYouMean] for a value that is not a path and none of the known values.
func PathHint[T ~string](s string, known ...T) string {
	if path := withVariable(string(s)); path != "" {
		return ` (did you mean "` + path + `"?)`
	}
	text := string(s)
	switch hint := DidYouMean(s, known); {
	case hint != "":
		return hint
	case ofWindows(text):
		return " (a path of Windows: in WSL its drive C: is /mnt/c)"
	case text == "." || text == "..":
		return ` (did you mean "` + text + `/"?)`
	case text != "" && !strings.ContainsAny(text, ":$~*\" \t\n"):
		return ` (did you mean "./` + text + `"?)`
	}
	return ""
}

// ofWindows reports whether a text begins as a path of Windows, with the letter of a drive.
func ofWindows(s string) bool {
	return len(s) > 2 && LetterOrDigit(s[0]) && s[1] == ':' && (s[2] == '\\' || s[2] == '/')
}

// withVariable returns a path that begins as in a shell with the variable of profiles in its place; "" for any other text.
func withVariable(s string) string {
	for _, v := range []struct{ shell, ours string }{{"~", "${home}"}, {"$HOME", "${home}"}, {"$PWD", "${cwd}"}} {
		if rest, ok := strings.CutPrefix(s, v.shell); ok && (rest == "" || rest[0] == '/') {
			return v.ours + rest
		}
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(s, "$"), "/")
	if strings.HasPrefix(s, "$") && EnvName(name) && strings.ToUpper(name) == name && name != "USER" {
		return strings.TrimSuffix("${env:"+name+"}/"+rest, "/")
	}
	return ""
}
