package nstest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/mountprop"
)

func TestOuterHasThePropagation(t *testing.T) {
	// Without a master, a slave is private, and slave+shared is shared.
	for p, want := range map[mountprop.Propagation]mountprop.Propagation{
		mountprop.Private:     mountprop.Private,
		mountprop.Slave:       mountprop.Private,
		mountprop.Shared:      mountprop.Shared,
		mountprop.SlaveShared: mountprop.Shared,
		mountprop.Unbindable:  mountprop.Unbindable,
	} {
		t.Run(string(p), func(t *testing.T) {
			root, ok := mountprop.At(NewOuter(t, p).Mounts(t), "/")
			if got := root.Propagation(); !ok || got != want {
				t.Errorf("/ is %s; want %s", got, want)
			}
		})
	}
}

// A command in the outer namespace is the user's, and what root mounts there
// is there for the next command, and nowhere else.
func TestOuterCommand(t *testing.T) {
	CheckNothingLeft(t)
	t.Run("in", func(t *testing.T) {
		EachUser(t, func(t *testing.T, u User) {
			outer := OuterShared(t)
			dir := TempDir(t)
			MustRun(t, outer.Command(t, Superuser(t), "mount", "-t", "tmpfs", "none", dir))
			MustRun(t, outer.Command(t, Superuser(t), "touch", filepath.Join(dir, "seen")))
			script := fmt.Sprintf("id -u; ls %s; pwd; readlink /proc/self/ns/mnt", dir)
			cmd := outer.Command(t, u, "sh", "-c", script)
			namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", outer.PID()))
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("%d\nseen\n%s\n%s\n", u.UID, cmd.Dir, namespace)
			if got := MustRun(t, cmd); got != want {
				t.Errorf("got %q; want %q", got, want)
			}
			if m, ok := mountprop.At(outer.Mounts(t), dir); !ok || m.FSType != "tmpfs" {
				t.Errorf("mount on %s: %+v", dir, m)
			}
			if _, err := os.Stat(filepath.Join(dir, "seen")); err == nil {
				t.Error("the mount got out")
			}
		})
	})
}
