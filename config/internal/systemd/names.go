package systemd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// maxUnitName is the length in bytes of a unit's name (UNIT_NAME_MAX).
const maxUnitName = 255

// unitTypes are the suffixes of the names of units.
func unitTypes() []string {
	return []string{
		"service", "socket", "target", "device", "mount", "automount", "swap", "path", "timer", "slice", "scope",
	}
}

// unitPattern is the part of a regular expression for the name of a unit.
const unitPattern = `[A-Za-z0-9:_.\\-][A-Za-z0-9:_.\\@-]*`

// unitNameProblem returns what is wrong with s as the name of a unit, "" where
// nothing is; see systemd.unit(5).
func unitNameProblem(s string) string {
	dot := strings.LastIndexByte(s, '.')
	switch {
	case len(s) > maxUnitName:
		return "of at most 255 bytes"
	case dot < 0 || !slices.Contains(unitTypes(), s[dot+1:]):
		return "one that ends in ." + strings.Join(unitTypes(), ", .")
	case dot == 0:
		return "with something in front of " + s
	case !lang.AllBytes(s, func(c byte) bool { return lang.NameByte(c) || c == ':' || c == '\\' || c == '@' }):
		return `of letters, digits, ":", "_", ".", "-" and "\"`
	case s[0] == '@':
		return `with something in front of "@"`
	case strings.IndexByte(s, '@') == dot-1:
		return `with an instance after "@", as a template does not run`
	}
	return ""
}

// readUnitName reads the name of a unit that is written out in s.
func readUnitName(d *lang.Decoder, v lang.Value, s string) (string, bool) {
	if problem := unitNameProblem(s); problem != "" {
		d.Problem(v, "want the name of a unit, %s, got %q", problem, s)
		return "", false
	}
	return s, true
}

// typedUnit is the name of a unit of one type. good notes what else is wrong with one.
func typedUnit(suffix, example string, good func(d *lang.Decoder, v lang.Value, s string) bool) lang.Kind[string] {
	return lang.KindOf(
		func(d *lang.Decoder, v lang.Value) (string, bool) {
			s, ok := readTypedUnit(d, v, suffix, example)
			return s, ok && good(d, v, s)
		},
		func() []*lang.Shape {
			return []*lang.Shape{{Type: "string", Pattern: `^` + unitPattern + `\` + suffix + `$`, Longest: maxUnitName}}
		},
	)
}

func readTypedUnit(d *lang.Decoder, v lang.Value, suffix, example string) (string, bool) {
	s, ok := d.FilledText(v)
	switch {
	case !ok:
		return "", false
	case !strings.HasSuffix(s, suffix):
		hint := ""
		bare := s
		if at := len(s) - len(suffix); at > 0 && strings.EqualFold(s[at:], suffix) {
			bare = s[:at]
		}
		if unitNameProblem(bare+suffix) == "" && unitNameProblem(s) != "" {
			hint = " (did you mean " + strconv.Quote(bare+suffix) + "?)"
		}
		d.Problem(v, "want a name that ends in %s, such as %q, got %q%s", suffix, example, s, hint)
		return "", false
	}
	return readUnitName(d, v, s)
}

// ScopeUnit is the name of a scope.
func ScopeUnit() lang.Kind[string] {
	return typedUnit(".scope", "web.scope", func(d *lang.Decoder, v lang.Value, s string) bool {
		if s == "init.scope" {
			d.Problem(v, "%q belongs to the service manager", s)
			return false
		}
		return true
	})
}

// Slice is the name of a slice, whose dashes separate the slices that
// it lies in; see systemd.slice(5).
func Slice() lang.Kind[string] {
	return typedUnit(".slice", "ci.slice", func(d *lang.Decoder, v lang.Value, s string) bool {
		path := strings.TrimSuffix(s, ".slice")
		switch {
		case strings.Contains(path, "@"):
			d.Problem(v, "a slice has no instances, got %q", s)
		case path != "-" && slices.Contains(strings.Split(path, "-"), ""):
			d.Problem(v, "want a single \"-\" between the names of nested slices, got %q", s)
		default:
			return true
		}
		return false
	})
}

// MachineName reports whether systemd-machined(8) takes s for the name of a machine.
func MachineName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
			!lang.AllBytes(label, func(c byte) bool { return lang.LetterOrDigit(c) || c == '-' }) {
			return false
		}
	}
	return len(s) <= lang.MaxName
}
