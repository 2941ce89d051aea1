package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
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
				got := nstest.MustRun(t, outerCommand(t, outer, root, profile, "sh", "-c", look))
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
	if got := nstest.Run(t, cmd); got.Status != 0 || !strings.Contains(got.Stderr, "what /mnt/p shows of the kernel is not masked") {
		t.Errorf("%+v", got)
	}
	nstest.MustRun(t, outerCommand(t, outer, root, profile, "true"))
	if out := nstest.MustRun(t, outer.Command(t, root, "stat", "-c", "%F", "/proc/kallsyms")); out != "regular empty file\n" {
		t.Errorf("outside, /proc/kallsyms is a %s", out)
	}
}
