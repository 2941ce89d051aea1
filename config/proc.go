package config

import (
	"path"
	"strings"
)

func procFields() []field {
	return []field{
		{name: "mode", read: func(d *decoder, v value) { d.p.Proc.Mode = enum(d, v, ProcNew, ProcHost, ProcNone) }},
		{name: "hidepid", off: `"off"`, read: func(d *decoder, v value) {
			d.p.Proc.Hidepid = enum(d, v, HidepidOff, HidepidNoaccess, HidepidInvisible, HidepidPtraceable)
		}},
		{name: "subset", read: func(d *decoder, v value) { d.p.Proc.Subset = enum(d, v, "pid") }},
		{name: "readonly_paths", read: func(d *decoder, v value) { d.p.Proc.ReadonlyPaths = d.procPaths(v) }, many: asSet, off: "[]"},
		{name: "masked_paths", read: func(d *decoder, v value) { d.p.Proc.MaskedPaths = d.procPaths(v) }, many: asSet, off: "[]"},
		{name: "fallback", read: func(d *decoder, v value) { d.p.Proc.Fallback = enum(d, v, ProcHost, ProcNone) }},
	}
}

// procPaths reads a list of paths below /proc, each in its shortest form, so
// that what it names can be told without a file system.
func (d *decoder) procPaths(v value) []string {
	return list(d, v, "an array of strings", func(v value) (string, bool) {
		d.takes(v, like(`^/proc(`+component+`)+$`))
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
	})
}
