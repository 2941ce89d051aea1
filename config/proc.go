package config

import (
	"path"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

func procFields(p *Proc) []lang.Field {
	return []lang.Field{
		{Name: "mode", Type: lang.Enum(&p.Mode, ProcNew, ProcHost, ProcNone)},
		{Name: "hidepid", Off: `"off"`, Type: lang.Enum(&p.Hidepid, HidepidOff, HidepidNoaccess, HidepidInvisible, HidepidPtraceable)},
		{Name: "subset", Type: lang.Enum(&p.Subset, "pid")},
		{Name: "readonly_paths", Type: lang.SetOf(&p.ReadonlyPaths, "an array of strings", procPath()), Many: lang.AsSet, Off: "[]"},
		{Name: "masked_paths", Type: lang.SetOf(&p.MaskedPaths, "an array of strings", procPath()), Many: lang.AsSet, Off: "[]"},
		{Name: "fallback", Type: lang.Enum(&p.Fallback, ProcHost, ProcNone)},
	}
}

// procPath is a path below /proc in its shortest form, so
// that nslaunch knows what it names without a file system.
func procPath() lang.Kind[string] {
	return lang.KindOf(readProcPath, func() []*Shape { return []*Shape{lang.Like(`^/proc(` + lang.Component + `)+$`)} })
}

func readProcPath(d *lang.Decoder, v lang.Value) (string, bool) {
	s, ok := d.FilledText(v)
	switch {
	case !ok:
		return "", false
	case !strings.HasPrefix(s, "/proc/") || s == "/proc/":
		d.Problem(v, "want an absolute path below /proc, got %q", s)
		return "", false
	case path.Clean(s) != s:
		d.Problem(v, "want a path without \"..\", \".\" and extra slashes, got %q", s)
		return "", false
	}
	return s, true
}
