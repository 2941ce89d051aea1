package config

import (
	"slices"
	"strconv"
	"strings"
)

func processFields() []field {
	return []field{
		{name: "cwd", read: readCwd},
		{name: "uid", read: func(d *decoder, v value) { d.p.Process.UID = d.optionalID(v) }},
		{name: "gid", read: func(d *decoder, v value) { d.p.Process.GID = d.optionalID(v) }},
		{name: "groups", read: func(d *decoder, v value) { d.p.Process.Groups = list(d, v, "an array of integers", d.id) }, many: asSet},
		{name: "capabilities", read: readCapabilities, many: asSet, initial: string(CapabilitiesKeep), off: `"keep"`},
		{name: "no_new_privs", off: asRead, read: func(d *decoder, v value) { d.boolean(v, &d.p.Process.NoNewPrivs) }},
		{name: "umask", read: func(d *decoder, v value) { d.p.Process.Umask = d.octal(v, "022", 0o777) }},
		{name: "oom_score_adj", read: func(d *decoder, v value) { d.p.Process.OOMScoreAdj = d.optionalInt(v, -1000, 1000) }},
		{name: "nice", read: func(d *decoder, v value) { d.p.Process.Nice = d.optionalInt(v, -20, 19) }},
		{name: "init", off: asRead, read: readInit},
		{name: "terminal", off: `"inherit"`, read: func(d *decoder, v value) {
			d.p.Process.Terminal = enum(d, v, TerminalInherit, TerminalPTY, TerminalNone)
		}},
		{name: "keep_fds", read: readKeepFDs, many: asSet},
		{name: "stop_signal", read: readStopSignal},
		{name: "stop_timeout", read: func(d *decoder, v value) {
			if _, t, ok := d.duration(v); ok {
				d.p.Process.StopTimeout = t
			}
		}},
	}
}

func (d *decoder) optionalID(v value) *uint32 {
	if id, ok := d.id(v); ok {
		return &id
	}
	return nil
}

func (d *decoder) optionalInt(v value, low, high int64) *int {
	if n, ok := d.integer(v, low, high); ok {
		i := int(n)
		return &i
	}
	return nil
}

func readCwd(d *decoder, v value) {
	d.takes(v, like(`^/`))
	s, ok := d.str(v)
	if ok && !strings.HasPrefix(s, "/") {
		d.problem(v, "want an absolute path, got %q", s)
		return
	}
	d.p.Process.Cwd = s
}

func readInit(d *decoder, v value) {
	d.boolean(v, &d.p.Process.Init)
	d.initGiven = true
}

// maxFD is the highest that /proc/sys/fs/nr_open allows by default.
const maxFD = 1<<20 - 1

func readKeepFDs(d *decoder, v value) {
	fds := list(d, v, "an array of integers", func(v value) (int, bool) {
		n, ok := d.integer(v, 3, maxFD)
		return int(n), ok
	})
	slices.Sort(fds)
	d.p.Process.KeepFDs = fds
}

func readStopSignal(d *decoder, v value) {
	d.takes(v, oneWord(signalNames()...), like(`^`+realtimeSignal))
	s, ok := d.str(v)
	if !ok {
		return
	}
	if signalName(s) {
		d.p.Process.StopSignal = s
		return
	}
	d.problem(v, "unknown signal %q, want a name of signal(7) without SIG such as \"TERM\" or \"RTMIN+3\"%s", s, signalHint(s))
}

// signalHint is the part of a message that tells which signal may have been meant.
func signalHint(s string) string {
	hint := strings.TrimPrefix(strings.ToUpper(s), "SIG")
	if !signalName(hint) {
		hint = suggest(hint, signalNames())
	}
	if hint == "" {
		return ""
	}
	return " (did you mean " + strconv.Quote(hint) + "?)"
}

// signalNames are those of signal(7), the first 31 at the index that is one
// below the number on x86 and ARM.
func signalNames() []string {
	return []string{
		"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
		"PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
		"XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS", "RTMIN", "RTMAX",
	}
}

// signalName tells whether s names a signal. RTMIN is 34 and RTMAX 64 to the
// C library, which keeps two of the kernel's for itself.
func signalName(s string) bool {
	if slices.Contains(signalNames(), s) {
		return true
	}
	n, ok := strings.CutPrefix(s, "RTMIN+")
	if !ok {
		n, ok = strings.CutPrefix(s, "RTMAX-")
	}
	i, err := strconv.ParseUint(n, 10, 8)
	return ok && err == nil && i >= 1 && i <= 64-34 && n == strconv.FormatUint(i, 10)
}

// signalNumber returns the number of a signal that signalName knows, 0 for any other.
func signalNumber(s string) uint64 {
	if !signalName(s) {
		return 0
	}
	base, offset := uint64(34), strings.TrimPrefix(s, "RTMIN")
	if offset == s {
		base, offset = 64, strings.TrimPrefix(s, "RTMAX")
	}
	if offset == s {
		return uint64(slices.Index(signalNames(), s)) + 1
	}
	n, _ := strconv.Atoi(offset)
	return base + uint64(n)
}
