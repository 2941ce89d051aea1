package nstest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// A bind mount that a test left in a directory does not cost what it shows.
func TestRemoveSparesWhatIsMounted(t *testing.T) {
	if !Inside(t) {
		cmd := Again(t, Superuser(t))
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS
		RunAgain(t, cmd)
		return
	}
	precious, dir := TempDir(t), TempDir(t)
	file := Superuser(t).WriteFile(t, filepath.Join(precious, "file"), "text")
	target := filepath.Join(dir, "target")
	for _, err := range []error{
		mountprop.Set("/", mountprop.Private, true),
		os.Mkdir(target, 0o755),
		unix.Mount(precious, target, "", unix.MS_BIND, ""),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	fake := &fakeT{TB: t}
	remove(fake, dir)
	if got := strings.Join(fake.errors, "\n"); !strings.Contains(got, "a mount is left") {
		t.Errorf("got %q", got)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory: %v; want it gone", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file: %v", err)
	}
}
