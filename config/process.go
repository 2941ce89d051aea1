package config

import (
	"slices"
	"strconv"
	"strings"
)

func processFields(p *Process) []field {
	return []field{
		{name: "cwd", typ: to(&p.Cwd, absolutePath())},
		{name: "uid", typ: optional(&p.UID, id())},
		{name: "gid", typ: optional(&p.GID, id())},
		{name: "groups", typ: setOf(&p.Groups, "an array of integers", id()), many: asSet},
		{name: "capabilities", typ: capabilitiesType{&p.Capabilities}, many: asSet,
			initial: string(CapabilitiesKeep), none: string(CapabilitiesNone), off: `"keep"`},
		{name: "no_new_privs", off: asRead, typ: boolean(&p.NoNewPrivs)},
		{name: "umask", typ: optional(&p.Umask, octal("022", 0o777))},
		{name: "oom_score_adj", typ: optional(&p.OOMScoreAdj, integerBetween[int](-1000, 1000))},
		{name: "nice", typ: optional(&p.Nice, integerBetween[int](-20, 19))},
		{name: "init", off: asRead, typ: boolean(&p.Init)},
		{name: "terminal", off: `"inherit"`, typ: enum(&p.Terminal, TerminalInherit, TerminalPTY, TerminalNone)},
		{name: "keep_fds", typ: keepFDsType(p), many: asSet},
		{name: "stop_signal", typ: to(&p.StopSignal, kind[string]{readSignal, signalShapes})},
		{name: "stop_timeout", typ: to(&p.StopTimeout, duration())},
	}
}

// absolutePath is a path inside.
func absolutePath() kind[string] {
	return kind[string]{readAbsolutePath, func() []*Shape { return []*Shape{like(`^/`)} }}
}

func readAbsolutePath(d *decoder, v value) (string, bool) {
	s, ok := d.str(v)
	if ok && !strings.HasPrefix(s, "/") {
		d.problem(v, "want an absolute path, got %q", s)
		return "", false
	}
	return s, ok
}

// maxFD is the highest that /proc/sys/fs/nr_open allows by default.
const maxFD = 1<<20 - 1

// keepFDsType is a set of descriptors.
func keepFDsType(p *Process) Type {
	fds := set[int]{&p.KeepFDs, "an array of integers", integerBetween[int](3, maxFD)}
	return by(func(d *decoder, v value) {
		fds.Read(d, v)
		slices.Sort(p.KeepFDs)
	}, fds.Shapes)
}

func readSignal(d *decoder, v value) (string, bool) {
	s, ok := d.str(v)
	if ok && !signalName(s) {
		d.problem(v, "unknown signal %q, want a name of signal(7) without SIG such as \"TERM\" or \"RTMIN+3\"%s", s, signalHint(s))
		return "", false
	}
	return s, ok
}

func signalShapes() []*Shape {
	return []*Shape{oneWord(signalNames()...), like(`^` + realtimeSignal)}
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
