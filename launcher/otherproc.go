package launcher

import (
	"os"
	"strconv"
	"strings"
)

// errOtherProc is a write to a file of the child in a /proc that has other numbers: it would be another process's.
type errOtherProc struct{}

func (errOtherProc) Error() string { return "/proc is that of another pid namespace" }

func adviceOtherProc() Advice {
	return Advice{Cause: "/proc is that of another pid namespace: the numbers there are other processes, and nslaunch has to write to its child's files",
		Cure: try("mount one of this pid namespace before nslaunch starts: unshare --mount-proc instead of --mount, or mount -t proc proc /proc")}
}

// ownProc reports whether /proc numbers processes as nslaunch's own pid namespace does; see proc_self(5).
func ownProc() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// otherProc is the advice for a /proc of another pid namespace. Such a one has a number for each pid
// namespace from its own down to nslaunch's, or none at all.
func (f *failure) otherProc() Advice {
	status := f.machine.text("/proc/self/status")
	if len(strings.Fields(field(status, "NSpid"))) > 1 || f.machine.root == "" && status == "" && f.machine.exists("/proc/1") {
		return adviceOtherProc()
	}
	return Advice{}
}

// writesToProc reports whether the launcher writes to a file of its child in /proc.
func writesToProc(a Action) bool {
	switch a.(type) {
	case denySetgroups, writeMap, setOOMScoreAdj:
		return true
	}
	return false
}
