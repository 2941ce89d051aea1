package config

import (
	"path/filepath"
	"strings"
)

// maxName is the length in bytes that the kernel bounds the host and the
// domain name to (__NEW_UTS_LEN), and that we bound a sandbox's name to.
const maxName = 64

func letterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func nameByte(c byte) bool {
	return letterOrDigit(c) || c == '.' || c == '_' || c == '-'
}

// nameBytes returns s with "-" in the place of what a name cannot have.
func nameBytes(s string) string {
	name := []byte(s)
	for i, c := range name {
		if !nameByte(c) {
			name[i] = '-'
		}
	}
	return string(name)
}

func allBytes(s string, good func(c byte) bool) bool {
	for i := range len(s) {
		if !good(s[i]) {
			return false
		}
	}
	return true
}

func allDigits(s string) bool {
	return allBytes(s, func(c byte) bool { return '0' <= c && c <= '9' })
}

func nameFields(p *Profile) []field {
	return []field{
		{name: "base", typ: to(&p.Name, kind[string]{readName, nameShapes})},
		{name: "taken", typ: enum(&p.Taken, TakenError, TakenNumber)},
	}
}

// SoundName reports whether s may be the name of a running sandbox: that of a profile, with a
// number behind it where that was taken.
func SoundName(s string) bool {
	return s != "" && allBytes(s, nameByte) && letterOrDigit(s[0]) && !allDigits(s)
}

// readName reads the sandbox's name, which is also the name of a scope and of
// a directory, and must not be taken for a process id. A branch's name often
// has a slash, so what variables stand for is made to fit.
func readName(d *decoder, v value) (string, bool) {
	raw, ok := v.raw.(string)
	if !ok {
		d.wrongType(v, "a string")
		return "", false
	}
	s, ok := d.expandEach(v, raw, nameBytes)
	switch {
	case !ok:
	case s == "":
		d.problem(v, "want a string that is not empty")
	case len(s) > maxName:
		d.problem(v, "want at most %d bytes, got %d", maxName, len(s))
	case !allBytes(s, nameByte) || !letterOrDigit(s[0]):
		d.problem(v, "want letters, digits, \".\", \"_\" and \"-\" after a letter or digit, got %q", s)
	case allDigits(s):
		d.problem(v, "want a name that is not all digits, got %q", s)
	default:
		return s, true
	}
	return "", false
}

func nameShapes() []*Shape {
	return []*Shape{{Type: "string", Pattern: "^" + namePattern, Longest: maxName}}
}

// defaultName makes a name out of the profile's file name, or of a command's
// where there is no file.
func defaultName(file string, argv []string) string {
	base := "nslaunch"
	switch {
	case file == "-":
		base = "stdin"
	case file != "":
		base = strings.TrimSuffix(filepath.Base(file), ".toml")
	case len(argv) > 0:
		base = filepath.Base(argv[0])
	}
	s := strings.TrimLeft(nameBytes(base), "._-")
	if allDigits(s) { // an empty one, too
		s = strings.TrimSuffix("nslaunch-"+s, "-")
	}
	return s[:min(len(s), maxName)]
}

// utsName is a host or domain name; see uname(2).
func utsName() kind[string] { return kind[string]{readUTSName, utsNameShapes} }

func readUTSName(d *decoder, v value) (string, bool) {
	s, ok := d.str(v)
	switch {
	case !ok:
	case len(s) > maxName:
		d.problem(v, "want at most %d bytes, got %d", maxName, len(s))
	case !allBytes(s, nameByte):
		d.problem(v, "want letters, digits, \".\", \"_\" and \"-\", got %q", s)
	default:
		return s, true
	}
	return "", false
}

func utsNameShapes() []*Shape {
	return []*Shape{{Type: "string", Pattern: `^[A-Za-z0-9._-]+$`, Longest: maxName}}
}
