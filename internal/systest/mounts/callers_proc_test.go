package mounts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// propagationProfile is one with "/" of this kind. In a user namespace of its
// own the kernel allows no shared mounts.
func propagationProfile(u nstest.User, kind mountprop.Propagation, rest string) string {
	kinds := "mount pid"
	if u.IsRoot() && kind != mountprop.Shared {
		kinds += " user" // as the ordinary user's
	}
	return systest.OwnProfile(u, kinds, fmt.Sprintf("propagation = %q\ncommand = [\"sh\"]\n", kind)+rest)
}

// mountsOf are the mounts that a process sees.
func mountsOf(t *testing.T, pid int) []mountprop.Mount {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/mountinfo", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	mounts, err := mountprop.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return mounts
}

func mountedOn(mounts []mountprop.Mount, target string) bool {
	_, ok := mountprop.At(mounts, target)
	return ok
}

// What is done to /proc inside is not done outside, where all is shared, at no
// time: whatever the kind of propagation and of proc.
func TestCallersProc(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := nstest.OuterShared(t)
		before := outer.Mounts(t)
		left := nstest.Snapshot(t)
		for _, kind := range mountprop.All() {
			if kind == mountprop.Shared && !u.IsRoot() {
				continue // TestSharedRefused
			}
			for _, proc := range []string{
				`mode = "new"`,
				`mode = "none"`,
				"mode = \"new\"\nreadonly_paths = [\"/proc/sys\"]\nmasked_paths = [\"/proc/interrupts\", \"/proc/fs\"]",
				"mode = \"host\"\nreadonly_paths = [\"/proc/sys\"]\nmasked_paths = [\"/proc/interrupts\", \"/proc/fs\"]",
			} {
				t.Run(string(kind)+", "+proc, func(t *testing.T) {
					h := systest.Hold(t, systest.OuterCommand(t, outer, u, propagationProfile(u, kind, "[proc]\n"+proc)))
					if during := outer.Mounts(t); !slices.Equal(before, during) {
						t.Errorf("meanwhile the mounts outside are\n%v\nthey were\n%v", during, before)
					}
					if inside := mountsOf(t, h.PID); len(inside) <= len(before) {
						t.Errorf("inside there are %d mounts, outside %d", len(inside), len(before))
					}
					h.Release(t)
					if after := outer.Mounts(t); !slices.Equal(before, after) {
						t.Errorf("now the mounts outside are\n%v\nthey were\n%v", after, before)
					}
				})
			}
		}
		nstest.AssertNothingLeft(t, left)
	})
}

// passes says which way mounts pass through a mount of a kind, seen from inside.
type passes struct {
	kind    mountprop.Propagation
	in, out bool
}

func traffic() []passes {
	return []passes{
		{mountprop.Private, false, false},
		{mountprop.Slave, true, false},
		{mountprop.Shared, true, true},
		{mountprop.SlaveShared, true, false},
		{mountprop.Unbindable, false, false},
	}
}

// Each kind of propagation is what mountinfo says, and lets pass what it says.
func TestPropagation(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range traffic() {
			if test.kind == mountprop.Shared && !u.IsRoot() {
				continue // TestSharedRefused
			}
			t.Run(string(test.kind), func(t *testing.T) {
				outer, dir := nstest.OuterShared(t), u.TempDir(t)
				out, in := filepath.Join(dir, "out"), filepath.Join(dir, "in")
				for _, d := range []string{out, in} {
					if err := os.Mkdir(d, 0o755); err != nil {
						t.Fatal(err)
					}
				}
				h := systest.Hold(t, systest.OuterCommand(t, outer, u, propagationProfile(u, test.kind, "")))
				for _, m := range mountsOf(t, h.PID) {
					// The sandbox's own proc came after that was set.
					if got := m.Propagation(); got != test.kind && m.Target != "/proc" {
						t.Errorf("%s is %s; want %s", m.Target, got, test.kind)
					}
				}
				nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "-t", "tmpfs", "outside", out))
				if got := mountedOn(mountsOf(t, h.PID), out); got != test.in {
					t.Errorf("what is mounted outside is seen inside: %v; want %v", got, test.in)
				}
				fmt.Fprintf(h.Stdin, "mount -t tmpfs inside %s\n", in)
				for deadline := time.Now().Add(20 * time.Second); !mountedOn(mountsOf(t, h.PID), in); time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatal("nothing was mounted inside")
					}
				}
				if got := mountedOn(outer.Mounts(t), in); got != test.out {
					t.Errorf("what is mounted inside is seen outside: %v; want %v", got, test.out)
				}
				h.Release(t)
			})
		}
	})
}

func TestSharedRefused(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		const shared = "version = 1\npropagation = \"shared\"\nnamespaces = { "
		systest.WantRefusal(t, systest.ProfileCommand(t, u, shared+"user = \"new\", mount = \"new\" }\n", "true"),
			`p.toml:2:15: propagation: the kernel allows no shared mounts with namespaces.user = "new", want "slave+shared"`)
		if !u.IsRoot() {
			systest.WantRefusal(t, systest.ProfileCommand(t, u, shared+"mount = \"new\" }\n", "true"), fmt.Sprintf(
				`p.toml:3:16: namespaces.mount: a new mount namespace needs CAP_SYS_ADMIN, which uid %d does not have here (add a user namespace: namespaces = { mount = "new", user = "new" })`, u.UID))
		}
	})
}
