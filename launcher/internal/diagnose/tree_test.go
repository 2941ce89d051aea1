package diagnose

import (
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// Of the steps of a notification's socket, its place may fail as that of any mount does.
func TestSocketAdvice(t *testing.T) {
	for _, c := range []struct {
		call  string
		errno unix.Errno
		cause string
	}{
		{"bind", unix.EOVERFLOW, "the new file would belong to an id that is not mapped in the sandbox"},
		{"bind", unix.EACCES, ""},
		{"move_mount", unix.ENOENT, "/run/n is not what it was when the plan was made"},
		{"openat2", unix.EACCES, "a directory above /run/n is closed to the sandbox's ids"},
		{"mknodat", unix.EEXIST, "since the plan was made, another file was put there"},
		{"mknodat", unix.EROFS, "the file system there is read-only"},
		{"open_tree", unix.EPERM, ""},
	} {
		f := Failure{Errno: c.errno, Call: c.call}
		d := f.tree(step.PlaceSocket{At: step.MountPoint{Path: "/run/n"}})
		cause, cure := d.Cause, d.Cure.Format
		if cause != c.cause || (cure == "") != (cause == "") {
			t.Errorf("%s gives %v: cause %q, cure %q; want cause %q", c.call, c.errno, cause, cure, c.cause)
		}
	}
}
