package systemd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// RealtimeSignal is the end of a regular expression for the name of a realtime signal.
const RealtimeSignal = `RT(MIN\+|MAX-)([1-9]|[12][0-9]|30)$`

// SignalHint is the part of a message that names the signal that may have been meant.
func SignalHint(s string) string {
	hint := strings.TrimPrefix(strings.ToUpper(s), "SIG")
	if !SignalName(hint) {
		hint = lang.Suggest(hint, SignalNames())
	}
	if hint == "" {
		return ""
	}
	return " (did you mean " + strconv.Quote(hint) + "?)"
}

// SignalNames are those of signal(7), the first 31 at the index that is one
// below the number on x86 and ARM.
func SignalNames() []string {
	return []string{
		"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
		"PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
		"XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS", "RTMIN", "RTMAX",
	}
}

// SignalName reports whether s names a signal. RTMIN is 34 and RTMAX 64 to the
// C library, which keeps two of the kernel's for itself.
func SignalName(s string) bool {
	if slices.Contains(SignalNames(), s) {
		return true
	}
	n, ok := strings.CutPrefix(s, "RTMIN+")
	if !ok {
		n, ok = strings.CutPrefix(s, "RTMAX-")
	}
	i, err := strconv.ParseUint(n, 10, 8)
	return ok && err == nil && i >= 1 && i <= 64-34 && n == strconv.FormatUint(i, 10)
}

// SignalNumber returns the number of a signal that [SignalName] knows, 0 for any other.
func SignalNumber(s string) uint64 {
	if !SignalName(s) {
		return 0
	}
	base, offset := uint64(34), strings.TrimPrefix(s, "RTMIN")
	if offset == s {
		base, offset = 64, strings.TrimPrefix(s, "RTMAX")
	}
	if offset == s {
		return uint64(slices.Index(SignalNames(), s)) + 1
	}
	n, _ := strconv.Atoi(offset)
	return base + uint64(n)
}
