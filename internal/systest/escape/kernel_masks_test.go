package escape

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// What shows the kernel's memory, addresses and log is masked in every proc, also where that is read-only: this
// hides nothing. The control is the same sandbox with restrict.kernel = false, in which not a file is masked.
func TestRestrictKernelMasks(t *testing.T) {
	root := nstest.Superuser(t)
	const head = "version = 1\nprocess = { capabilities = \"none\" }\nnamespaces = { mount = \"new\", pid = \"new\" }\n"
	const binds = "[mounts]\n\"/mnt/ro\" = { ro = \"/proc\" }\n\"/mnt/rw\" = { rw = \"/proc\" }\n\"/mnt/new\" = { type = \"proc\" }\ntmpfs = [\"/mnt\"]\n"
	for _, test := range []struct{ name, outside, profile, procs string }{
		{"a read-only root", "true", head + "root = { readonly = true }\nproc = \"host\"\n", "/proc"},
		{"a read-only root and its proc", "true", head + "root = { readonly = true }\n", "/proc"},
		{"a root directory, read-only", "mkdir /srv/r; mount --rbind / /srv/r", head + "root = { path = \"/srv/r\", readonly = true }\n", "/proc"},
		{"the host's proc is read-only", "mount -o remount,bind,ro /proc", head + "proc = \"host\"\n", "/proc"},
		{"the host's proc is read-only, bound", "mount -o remount,bind,ro /proc", head + "proc = \"host\"\ndev = \"minimal\"\n", "/proc"},
		{"binds", "true", head + binds, "/proc /mnt/ro /mnt/rw /mnt/new"},
		{"mounts of the host below a bind", "mkdir -p /srv/b/p /srv/b/q; mount -t proc p /srv/b/p; mount -t proc -o ro p /srv/b/q", head + "[mounts]\n\"/mnt\" = { ro = \"/srv/b\" }\n", "/proc /mnt/p /mnt/q"},
	} {
		t.Run(test.name, func(t *testing.T) {
			outer := nstest.NewOuter(t, mountprop.Private)
			nstest.CheckNothingLeft(t)
			nstest.MustRun(t, outer.Command(t, root, "sh", "-euc", "mount -t tmpfs t /srv; "+test.outside))
			for kernel, masked := range map[string]bool{"true": true, "false": false} {
				profile := strings.Replace(test.profile, "\n", "\nrestrict.kernel = "+kernel+"\n", 1)
				look := fmt.Sprintf("for d in %s; do for f in kallsyms kcore kmsg; do [ ! -e $d/$f ] || echo $d/$f $(stat -c %%t:%%T $d/$f); done; done", test.procs)
				got := nstest.MustRun(t, systest.OuterCommand(t, outer, root, profile, "sh", "-c", look))
				if strings.Count(got, "kallsyms") != len(strings.Fields(test.procs)) {
					t.Fatalf("restrict.kernel = %s: these were looked at: %s", kernel, got)
				}
				for line := range strings.Lines(got) {
					if strings.HasSuffix(line, " 1:3\n") != masked {
						t.Errorf("restrict.kernel = %s: %s", kernel, line)
					}
				}
			}
		})
	}
}

// A mask below a mount that the host shares would appear outside, so there is none, and the plan says so.
func TestRestrictKernelMasksStayInside(t *testing.T) {
	root := nstest.Superuser(t)
	outer := nstest.OuterShared(t)
	nstest.CheckNothingLeft(t)
	profile := "version = 1\nprocess = { capabilities = \"none\" }\nnamespaces = { mount = \"new\", pid = \"new\" }\n[mounts]\ntmpfs = [\"/mnt\"]\n\"/mnt/p\" = { ro = \"/proc\", propagation = \"shared\" }\n"
	cmd := outer.Command(t, root, nstest.Nslaunch(t), "plan", root.WriteFile(t, t.TempDir()+"/p.toml", profile), "true")
	if got := nstest.Run(t, cmd); got.Status != 0 || !strings.Contains(got.Stderr, "kernel information in /mnt/p is not masked") {
		t.Errorf("%+v", got)
	}
	nstest.MustRun(t, systest.OuterCommand(t, outer, root, profile, "true"))
	if out := nstest.MustRun(t, outer.Command(t, root, "stat", "-c", "%F", "/proc/kallsyms")); out != "regular empty file\n" {
		t.Errorf("outside, /proc/kallsyms is a %s", out)
	}
}

// The device of the kernel's log is masked wherever the host's /dev is shown. The control is as above.
func TestRestrictKernelLog(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.Require(t, nstest.File("/dev/kmsg"))
	nstest.CheckNothingLeft(t)
	const head = "version = 1\nprocess = { capabilities = \"none\" }\nnamespaces = { mount = \"new\", pid = \"new\" }\n"
	for _, test := range []struct{ name, profile, log string }{
		{"the host's tree", "", "/dev/kmsg"},
		{"a read-only root", "root = { readonly = true }\n", "/dev/kmsg"},
		{"a layer over the host", "root = { overlay = \"tmpfs\" }\n", "/dev/kmsg"},
		{"a root in memory", "root = \"tmpfs\"\ndev = \"host\"\n[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n", "/dev/kmsg"},
		{"a bind", "dev = \"minimal\"\n[mounts]\ntmpfs = [\"/mnt\"]\n\"/mnt/dev\" = { ro = \"/dev\", options = [\"dev\"] }\n", "/mnt/dev/kmsg"},
		{"a bind, alone", "dev = \"minimal\"\n[mounts]\ntmpfs = [\"/mnt\"]\n\"/mnt/dev\" = { ro = \"/dev\", options = [\"dev\"], recursive = false }\n", "/mnt/dev/kmsg"},
		{"a bind of all", "dev = \"minimal\"\n[mounts]\ntmpfs = [\"/mnt\"]\n\"/mnt/all\" = { ro = \"/\", options = [\"dev\"] }\n", "/mnt/all/dev/kmsg"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for kernel, want := range map[string]string{"true": "1:3\n", "false": "1:b\n"} {
				profile := strings.Replace(head+test.profile, "\n", "\nrestrict.kernel = "+kernel+"\n", 1)
				if got := nstest.MustRun(t, systest.ProfileCommand(t, root, profile, "stat", "-c", "%t:%T", test.log)); got != want {
					t.Errorf("restrict.kernel = %s: device %s", kernel, got)
				}
			}
		})
	}
	t.Run("named", func(t *testing.T) { // what the profile asks for, it gets
		profile := head + "dev = \"minimal\"\n[mounts]\ntmpfs = [\"/mnt\"]\n\"/mnt/log\" = { ro = \"/dev/kmsg\", options = [\"dev\"] }\n"
		if got := nstest.MustRun(t, systest.ProfileCommand(t, root, profile, "stat", "-c", "%t:%T", "/mnt/log")); got != "1:b\n" {
			t.Errorf("device %s", got)
		}
	})
}
