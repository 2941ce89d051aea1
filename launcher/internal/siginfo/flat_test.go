package siginfo

import (
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// What the kernel reads or writes, and what comes through the pipe, has no pointer.
func TestFlat(t *testing.T) {
	nstest.AssertFlat(t, action{}, unix.Siginfo{}, unix.Dirent{}, threads{}.entries, threads{}.info, unix.Stat_t{}, unix.Timespec{})
}
