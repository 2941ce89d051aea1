package config

import (
	"path"
	"strings"
)

func procFields(p *Proc) []field {
	return []field{
		{name: "mode", typ: enum(&p.Mode, ProcNew, ProcHost, ProcNone)},
		{name: "hidepid", off: `"off"`, typ: enum(&p.Hidepid, HidepidOff, HidepidNoaccess, HidepidInvisible, HidepidPtraceable)},
		{name: "subset", typ: enum(&p.Subset, "pid")},
		{name: "readonly_paths", typ: setOf(&p.ReadonlyPaths, "an array of strings", procPath()), many: asSet, off: "[]"},
		{name: "masked_paths", typ: setOf(&p.MaskedPaths, "an array of strings", procPath()), many: asSet, off: "[]"},
		{name: "fallback", typ: enum(&p.Fallback, ProcHost, ProcNone)},
	}
}

// procPath is a path below /proc in its shortest form, so
// that what it names can be told without a file system.
func procPath() kind[string] {
	return kind[string]{readProcPath, func() []*Shape { return []*Shape{like(`^/proc(` + component + `)+$`)} }}
}

func readProcPath(d *decoder, v value) (string, bool) {
	s, ok := d.str(v)
	switch {
	case !ok:
		return "", false
	case !strings.HasPrefix(s, "/proc/") || s == "/proc/":
		d.problem(v, "want an absolute path below /proc, got %q", s)
		return "", false
	case path.Clean(s) != s:
		d.problem(v, "want a path without \"..\", \".\" and superfluous slashes, got %q", s)
		return "", false
	}
	return s, true
}
