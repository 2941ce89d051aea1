package step

import (
	"os"
	"strconv"
)

// OtherProcError is a write to a file of the child in a /proc that has other numbers: it would be another process's.
type OtherProcError struct{}

func (OtherProcError) Error() string { return "/proc belongs to another pid namespace" }

// ownProc reports whether /proc numbers processes as nslaunch's own pid namespace does; see proc_self(5).
func ownProc() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}
