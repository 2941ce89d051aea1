package config

import (
	"path/filepath"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// nameBytes returns s with "-" in the place of what a name cannot have.
func nameBytes(s string) string {
	name := []byte(s)
	for i, c := range name {
		if !lang.NameByte(c) {
			name[i] = '-'
		}
	}
	return string(name)
}

func nameFields(p *Profile) []lang.Field {
	return []lang.Field{
		{Name: "base", Type: lang.To(&p.Name, lang.KindOf(readName, nameShapes))},
		{Name: "taken", Type: lang.Enum(&p.Taken, TakenError, TakenNumber)},
	}
}

// SoundName reports whether s may be the name of a running sandbox: that of a profile, with a
// number behind it where that was taken.
func SoundName(s string) bool {
	return s != "" && lang.AllBytes(s, lang.NameByte) && lang.LetterOrDigit(s[0]) && !lang.AllDigits(s)
}

// namePattern is the end of a regular expression for the name of a sandbox.
const namePattern = `([A-Za-z]|[0-9]+[A-Za-z._-])[A-Za-z0-9._-]*$`

// readName reads the sandbox's name, which is also the name of a scope and of
// a directory, and must not be taken for a process id. A branch's name often
// has a slash, so the values of variables are made to fit.
func readName(d *lang.Decoder, v lang.Value) (string, bool) {
	raw, ok := v.Raw.(string)
	if !ok {
		d.WrongType(v, "a string")
		return "", false
	}
	s, ok := d.ExpandEach(v, raw, nameBytes)
	switch {
	case !ok:
	case s == "":
		d.Problem(v, "want a string that is not empty")
	case len(s) > lang.MaxName:
		d.Problem(v, "want at most %d bytes, got %d", lang.MaxName, len(s))
	case !lang.AllBytes(s, lang.NameByte) || !lang.LetterOrDigit(s[0]):
		d.Problem(v, "want letters, digits, \".\", \"_\" and \"-\" after a letter or digit, got %q%s", s, withoutBlanks(s))
	case lang.AllDigits(s):
		d.Problem(v, "want a name that is not only digits, got %q", s)
	default:
		return s, true
	}
	return "", false
}

func nameShapes() []*Shape {
	return []*Shape{{Type: "string", Pattern: "^" + namePattern, Longest: lang.MaxName}}
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
	if lang.AllDigits(s) { // an empty one, too
		s = strings.TrimSuffix("nslaunch-"+s, "-")
	}
	return s[:min(len(s), lang.MaxName)]
}

// utsName is a host or domain name; see uname(2).
func utsName() lang.Kind[string] { return lang.KindOf(readUTSName, utsNameShapes) }

func readUTSName(d *lang.Decoder, v lang.Value) (string, bool) {
	s, ok := d.FilledText(v)
	switch {
	case !ok:
	case len(s) > lang.MaxName:
		d.Problem(v, "want at most %d bytes, got %d", lang.MaxName, len(s))
	case !lang.AllBytes(s, lang.NameByte):
		d.Problem(v, "want letters, digits, \".\", \"_\" and \"-\", got %q%s", s, withoutBlanks(s))
	default:
		return s, true
	}
	return "", false
}

func utsNameShapes() []*Shape {
	return []*Shape{{Type: "string", Pattern: `^[A-Za-z0-9._-]+$`, Longest: lang.MaxName}}
}

// withoutBlanks returns a hint at the name that a text is with a "-" in place of what it cannot have; "" if that is none.
func withoutBlanks(s string) string {
	if name := nameBytes(s); name != s && SoundName(name) {
		return lang.DidYouMean(name, []string{name})
	}
	return ""
}
