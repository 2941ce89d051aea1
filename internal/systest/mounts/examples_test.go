package mounts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// exampleText is the text of an example.
func exampleText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../examples", name+".toml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// exampleCommand is u's nslaunch with an example, where it says all by itself.
func exampleCommand(t *testing.T, u nstest.User, name string) *exec.Cmd {
	t.Helper()
	cmd := u.Command(t, nstest.Nslaunch(t), "p.toml")
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), exampleText(t, name))
	return cmd
}

func TestExampleRootfs(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		cmd := exampleCommand(t, u, "rootfs")
		systest.SmallSystem(t, u, cmd.Dir+"/rootfs")
		if got, want := nstest.MustRun(t, cmd), "/bin /dev /lib /lib64 /proc /run /sys /tmp /usr\nchanged\n"; got != want {
			t.Errorf("got %q; want %q", got, want)
		}
		if _, err := os.Stat(cmd.Dir + "/rootfs/new"); err == nil {
			t.Error("something was written to the root itself")
		}
	})
}

func TestExampleTmpfsRoot(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		if got, want := nstest.MustRun(t, exampleCommand(t, u, "tmpfs-root")),
			"/bin /dev /etc /lib /lib64 /proc /tmp /usr /etc/group /etc/hosts /etc/passwd\nroot\nread-only\n"; got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	})
}

func TestExampleOverlay(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		state := u.TempDir(t)
		nstest.CheckNothingLeft(t)
		if u.IsRoot() {
			t.Cleanup(func() { systest.RemoveLayer(t, "/var/lib/nslaunch/overlay-example") })
		}
		first := exampleCommand(t, u, "overlay")
		for i := range 3 {
			cmd := exampleCommand(t, u, "overlay")
			cmd.Dir = first.Dir
			cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
			if got, want := nstest.MustRun(t, cmd), fmt.Sprintln(i+1); got != want {
				t.Errorf("got %q; want %q", got, want)
			}
		}
		if _, err := os.Stat(first.Dir + "/visits"); err == nil {
			t.Error("something was written to the directory itself")
		}
	})
}

func TestExampleMountPropagation(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := nstest.OuterShared(t)
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "sh", "-euc", "mount -t tmpfs srv /srv; mkdir /srv/new"))
		h := systest.Hold(t, systest.OuterCommand(t, outer, u, exampleText(t, "mount-propagation"), "sh"))
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "-t", "tmpfs", "new", "/srv/new"))
		mounts := mountsIn(t, h.PID)
		for target, want := range map[string]bool{"/media/new": true, "/opt/new": false, "/mnt/new": false} {
			if got := hasMount(mounts, target); got != want {
				t.Errorf("%s is mounted: %v; want %v", target, got, want)
			}
		}
		h.Release(t)
		got := nstest.Run(t, systest.OuterCommand(t, outer, u, exampleText(t, "mount-propagation"), "sh", "-c", "mount --bind /opt /media && mount --bind /mnt /media"))
		if got.Status == 0 || !strings.Contains(got.Stderr, "/media") {
			t.Errorf("binding: %+v", got)
		}
	})
}
