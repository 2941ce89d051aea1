package mounts

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// sharedSource is a directory of an outer namespace in which a tmpfs is mounted, at
// src, with the directories in and out; and a directory on to bind it on.
func sharedSource(t *testing.T, o *nstest.Outer, u nstest.User) string {
	t.Helper()
	dir := u.TempDir(t)
	systest.MakeDirs(t, dir+"/src", dir+"/on")
	nstest.MustRun(t, o.Command(t, nstest.Superuser(t), "sh", "-euc", fmt.Sprintf("mount -t tmpfs source %s/src; mkdir %[1]s/src/in %[1]s/src/out", dir)))
	return dir
}

// mountInside has the shell that is held mount a tmpfs, and waits for it.
func mountInside(t *testing.T, h *systest.Holder, target string) {
	t.Helper()
	fmt.Fprintf(h.Stdin, "mount -t tmpfs inside %s\n", target)
	for deadline := time.Now().Add(20 * time.Second); !hasMount(mountsIn(t, h.PID), target); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing was mounted on %s inside", target)
		}
	}
}

func hasMount(mounts []mountprop.Mount, target string) bool {
	_, ok := mountprop.At(mounts, target)
	return ok
}

// mountsIn are the mounts that a process sees.
func mountsIn(t *testing.T, pid int) []mountprop.Mount {
	t.Helper()
	mounts, err := mountprop.Read(strings.NewReader(systest.FileText(fmt.Sprintf("/proc/%d/mountinfo", pid))))
	if err != nil {
		t.Fatal(err)
	}
	return mounts
}

// Each kind, of one mount, is what mountinfo says, and lets pass what it says; whatever the root is.
func TestMountPropagation(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range traffic() {
			if test.kind == mountprop.Shared && !u.IsRoot() {
				continue // the kernel allows none in a new user namespace
			}
			for name, rest := range map[string]string{
				"tmpfs":                 systest.System,
				"host":                  "[mounts]\n",
				"private host":          "propagation = \"private\"\n[mounts]\n",
				"private tmpfs":         "propagation = \"private\"\n" + systest.System,
				"slave+shared host":     "propagation = \"slave+shared\"\n[mounts]\n",
				"slave+shared tmpfs":    "propagation = \"slave+shared\"\n" + systest.System,
				"unbindable host":       "propagation = \"unbindable\"\n[mounts]\n",
				"overlay of the host's": "root = { overlay = \"tmpfs\" }\n[mounts]\n",
			} {
				t.Run(string(test.kind)+" in "+name, func(t *testing.T) {
					outer := nstest.OuterShared(t)
					dir := sharedSource(t, outer, u)
					before := outer.Mounts(t)
					on := dir + "/on"
					h := systest.Hold(t, systest.OuterCommand(t, outer, u, systest.OwnTree(u, rest+fmt.Sprintf("%q = { rw = %q, propagation = %q }\n", on, dir+"/src", test.kind)), "sh"))
					if after := outer.Mounts(t); !slices.Equal(before, after) {
						t.Errorf("meanwhile the mounts outside are\n%v\nthey were\n%v", after, before)
					}
					if got := systest.MountOn(t, mountsIn(t, h.PID), on).Propagation(); got != test.kind {
						t.Errorf("it is %s; want %s", got, test.kind)
					}
					nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "-t", "tmpfs", "outside", dir+"/src/in"))
					if got := hasMount(mountsIn(t, h.PID), on+"/in"); got != test.in {
						t.Errorf("what is mounted outside is seen inside: %v; want %v", got, test.in)
					}
					mountInside(t, h, on+"/out")
					if got := hasMount(outer.Mounts(t), dir+"/src/out"); got != test.out {
						t.Errorf("what is mounted inside is seen outside: %v; want %v", got, test.out)
					}
					h.Release(t)
				})
			}
		}
	})
}

// kinds are those of what is bound and of what is new.
type kinds struct{ bound, new mountprop.Propagation }

// readonly is the kind of what is bound read-only: it receives nothing.
func (k kinds) readonly() mountprop.Propagation {
	if k.bound == mountprop.Slave || k.bound == mountprop.SlaveShared {
		return k.new
	}
	return k.bound
}

// The kind of a root of the sandbox's own, and of all that is mounted in it.
func TestRootPropagation(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for kind, want := range map[mountprop.Propagation]kinds{
			mountprop.Private:     {mountprop.Private, mountprop.Private},
			mountprop.Slave:       {mountprop.Slave, mountprop.Private}, // a new one has nothing to be a slave of
			mountprop.SlaveShared: {mountprop.SlaveShared, mountprop.Shared},
			mountprop.Shared:      {mountprop.SlaveShared, mountprop.Shared},
			mountprop.Unbindable:  {mountprop.Unbindable, mountprop.Unbindable},
		} {
			if kind == mountprop.Shared && !u.IsRoot() {
				continue
			}
			t.Run(string(kind), func(t *testing.T) {
				outer := nstest.OuterShared(t)
				nstest.CheckNothingLeft(t)
				before := outer.Mounts(t)
				root := systest.RootFiles(t, u, "probe", "opt")
				devices := "dev = \"minimal\"\nsys = \"new\"\nproc = { readonly_paths = [\"/proc/sys\"], masked_paths = [\"/proc/fs\", \"/proc/interrupts\"] }\n"
				bind := fmt.Sprintf("%q = { ro = %q }\n\"/opt\" = { type = \"tmpfs\" }\n\"/etc/passwd\" = { type = \"passwd\" }\nmasked = [\"/usr/share\"]\n", nstest.Probe(t), nstest.Probe(t))
				for _, rest := range []string{
					strings.Replace(systest.System, "dev = \"minimal\"\n", devices, 1) + bind,
					fmt.Sprintf("root = { path = %q, overlay = \"tmpfs\" }\n", root) + devices + systest.Programs + bind,
					fmt.Sprintf("root = { path = %q, readonly = true }\n", root) + devices + systest.Programs + bind,
					"root = { overlay = \"tmpfs\" }\n" + devices + "[mounts]\n" + bind,
				} {
					profile := systest.OwnTree(u, fmt.Sprintf("propagation = %q", kind), rest)
					for _, m := range seenIn(t, outer, u, profile) {
						isNew := !slices.ContainsFunc(before, func(o mountprop.Mount) bool { return o.Major == m.Major && o.Minor == m.Minor })
						bound := want.bound
						ofRoot := strings.Contains(rest, "readonly = true") && !slices.Contains([]string{"/usr", "/bin", "/lib", "/lib64", nstest.Probe(t)}, m.Target)
						if strings.HasPrefix(m.Options, "ro") && !ofRoot && !strings.HasPrefix(m.Target, "/dev/") {
							bound = want.readonly()
						}
						switch got := m.Propagation(); {
						case strings.HasPrefix(m.Target, "/mnt/") || m.Target == "/dev/shm" || m.Target == "/dev/pts":
						case isNew && got != want.new, !isNew && got != bound:
							// The null device that masks a file is private, and shared with the rest.
							if m.Root == "/null" && m.Target != "/dev/null" && (got == want.new || got == mountprop.Private) {
								continue
							}
							t.Errorf("%+v is %s; want %v", m, got, want)
						}
					}
				}
				if after := outer.Mounts(t); !slices.Equal(before, after) {
					t.Errorf("outside there are\n%v\nthere were\n%v", after, before)
				}
			})
		}
	})
}

// A host's tree that stays shared: nothing of what is built is seen outside, and what is mounted later is.
func TestSharedHost(t *testing.T) {
	u := nstest.Superuser(t)
	outer := nstest.OuterShared(t)
	dir := sharedSource(t, outer, u)
	nstest.MustRun(t, outer.Command(t, u, "sh", "-euc", fmt.Sprintf("echo x > %s/file; mount --bind %[1]s/file %[1]s/file", dir)))
	before := outer.Mounts(t)
	const shared = "propagation = \"shared\"\n"
	for _, rest := range []string{
		"dev = \"minimal\"", "dev = \"minimal\"\nsys = \"none\"", "sys = \"new\"\nproc = \"host\"", "root = { readonly = true }",
		"root = { readonly = true }\ndev = \"minimal\"",
		fmt.Sprintf("[mounts]\n%q = { ro = \"/etc\" }\nmasked = [%q]", dir+"/src", dir+"/file"),
		fmt.Sprintf("[mounts]\n%q = { type = \"overlay\", lower = [\"/etc\"] }\n%q = { type = \"passwd\" }", dir+"/src", dir+"/file"),
		fmt.Sprintf("dev = \"minimal\"\n[mounts]\n%q = { rw = \"/\" }", dir+"/src"),
	} {
		h := systest.Hold(t, systest.OuterCommand(t, outer, u, systest.OwnTree(u, shared+rest), "sh"))
		if after := outer.Mounts(t); !slices.Equal(before, after) {
			t.Errorf("%s: meanwhile the mounts outside are\n%v\nthey were\n%v", rest, after, before)
		}
		if got := systest.MountOn(t, mountsIn(t, h.PID), "/").Propagation(); got != mountprop.Shared {
			t.Errorf("%s: / is %s", rest, got)
		}
		mountInside(t, h, dir+"/on")
		if !hasMount(outer.Mounts(t), dir+"/on") {
			t.Errorf("%s: what is mounted inside is not seen outside", rest)
		}
		nstest.MustRun(t, outer.Command(t, u, "umount", dir+"/on"))
		if hasMount(mountsIn(t, h.PID), dir+"/on") {
			t.Errorf("%s: what is unmounted outside is still there inside", rest)
		}
		h.Release(t)
	}
	if after := outer.Mounts(t); !slices.Equal(before, after) {
		t.Errorf("now the mounts outside are\n%v\nthey were\n%v", after, before)
	}

	systest.WantRefusal(t, systest.OuterCommand(t, outer, u, systest.OwnTree(u, shared, fmt.Sprintf("[mounts]\n%q = { ro = \"/etc\" }", dir+"/on")), "true"),
		fmt.Sprintf(`p.toml:6:1: mounts.%q: %s is not a mount point here, and "/" stays shared, so mounts there would appear outside (use propagation = "slave+shared")`, dir+"/on", dir+"/on"))
	systest.WantRefusal(t, systest.OuterCommand(t, outer, u, "version = 1\nnamespaces = { mount = \"new\" }\n"+shared+fmt.Sprintf("[mounts]\nmasked = [%q]", dir+"/file"), "true"),
		`p.toml:3:1: propagation: "shared" is not possible if the only mount points are files (use "slave+shared")`)
	link := filepath.Join(dir, "link")
	systest.Symlink(t, dir+"/src", link)
	wantInside := func(profile string) {
		t.Helper()
		nstest.MustRun(t, systest.OuterCommand(t, outer, u, systest.OwnTree(u, shared, profile), "true"))
	}
	wantInside(fmt.Sprintf("[mounts]\n%q = { ro = \"/etc\" }", link)) // leads to a mount point
}

// Below a mount that is shared with the host's, nothing is mounted: it would be there, too.
func TestBelowShared(t *testing.T) {
	u := nstest.Superuser(t)
	outer := nstest.OuterShared(t)
	dir := sharedSource(t, outer, u)
	before := outer.Mounts(t)
	profile := systest.System + fmt.Sprintf("\"/a\" = { rw = %q, propagation = %%q }\n\"/a/in\" = { type = \"tmpfs\" }\n", dir+"/src")
	systest.WantRefusal(t, systest.OuterCommand(t, outer, u, systest.OwnTree(u, fmt.Sprintf(profile, "shared")), "true"),
		`p.toml:8:1: mounts."/a/in": /a is shared, so mounts below it would appear outside (use propagation = "slave+shared" there)`)
	for _, kind := range []string{"slave+shared", "slave", "private", "unbindable"} {
		nstest.MustRun(t, systest.OuterCommand(t, outer, u, systest.OwnTree(u, fmt.Sprintf(profile, kind)), "mountpoint", "/a/in"))
		if after := outer.Mounts(t); !slices.Equal(before, after) {
			t.Errorf("%s: outside there are\n%v\nthere were\n%v", kind, after, before)
		}
	}
}
