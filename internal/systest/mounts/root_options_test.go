package mounts

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// A device node that lies in the root, or is made in a writable place of it, does not open.
// The control is the same with root.options = ["dev"].
func TestRootDeviceNodes(t *testing.T) {
	root := nstest.Superuser(t)
	outer := nstest.NewOuter(t, mountprop.Private)
	nstest.CheckNothingLeft(t)
	dir := systest.RootDir(t, root, "proc", "dev", "usr", "bin", "lib", "lib64", "w")
	nodes := t.TempDir()
	nstest.MustRun(t, outer.Command(t, root, "sh", "-euc", fmt.Sprintf("mount -t tmpfs t %s; mkdir %[1]s/sub; mount -t tmpfs t %[1]s/sub; mount -t tmpfs t %[2]s/w", nodes, dir)))
	const try = `n=$1/node; mknod $n c 1 3 || exit 9; (: >$n) 2>/dev/null && echo opens; rm -f $n; (: >/dev/null) && echo null; true`
	for _, test := range []struct {
		name, root, dev, place string
	}{
		{"host", `path = "host"`, `dev = "minimal"`, nodes},
		{"host, below", `path = "host"`, `dev = "minimal"`, nodes + "/sub"},
		{"host with its /dev", `path = "host"`, `sys = "host"`, nodes},
		{"host, dev host", `path = "host"`, `dev = "host"`, nodes},
		{"host under a layer", `path = "host", overlay = "tmpfs"`, `dev = "minimal"`, "/srv"},
		{"host under a layer with its /dev", `path = "host", overlay = "tmpfs"`, "", "/srv"},
		{"directory", fmt.Sprintf("path = %q", dir), `dev = "minimal"`, "/w"},
		{"directory under a layer", fmt.Sprintf(`path = %q, overlay = "tmpfs"`, dir), `dev = "minimal"`, "/w"},
		{"memory", `path = "tmpfs"`, `dev = "minimal"`, "/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, options := range []string{"", `, options = ["dev"]`} {
				profile := systest.OwnTree(root, fmt.Sprintf("root = { %s%s }", test.root, options), test.dev)
				if strings.Contains(test.name, "dir") || test.name == "memory" {
					profile += "[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n"
				}
				got := nstest.Run(t, systest.OuterCommand(t, outer, root, profile, "sh", "-c", try, "sh", test.place))
				want := "null\n"
				if options != "" {
					want = "opens\nnull\n"
				}
				if got.Stdout != want || got.Status != 0 {
					t.Errorf("root.options%q: got %+v, want %q", options, got, want)
				}
			}
		})
	}
}

// Nor does one that is made in a minimal /dev; the devices there do.
func TestMinimalDevNodes(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.CheckNothingLeft(t)
	systest.WantInside(t, root, systest.OwnTree(root, `dev = "minimal"`),
		"mknod /dev/own c 1 3 && (: >/dev/own) 2>/dev/null && echo opens; (: >/dev/null) && echo null", "null\n")
}

// Devices in the /dev of a root directory do not open either, and a note says so.
func TestRootDirectoryDevices(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.CheckNothingLeft(t)
	dir := systest.RootDir(t, root, "proc", "dev", "usr", "bin", "lib", "lib64")
	if err := unix.Mknod(dir+"/dev/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		t.Fatal(err)
	}
	const note = "the devices in its /dev do not open"
	for options, want := range map[string]string{"": "", `, options = ["dev"]`: "opens\n"} {
		profile := systest.OwnTree(root, fmt.Sprintf("root = { path = %q%s }\n[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]", dir, options))
		got := nstest.Run(t, systest.ProfileCommand(t, root, profile, "sh", "-c", "(: >/dev/null) 2>/dev/null && echo opens; true"))
		if got.Stdout != want {
			t.Errorf("root.options%q: %+v, want %q", options, got, want)
		}
		plan := nstest.Run(t, root.Command(t, nstest.Nslaunch(t), "plan", root.WriteFile(t, t.TempDir()+"/p.toml", profile), "true"))
		if plan.Status != 0 || strings.Contains(plan.Stdout+plan.Stderr, note) != (want == "") {
			t.Errorf("root.options%q: the plan is %+v", options, plan)
		}
	}
}

// root.readonly leaves alone what proc, dev and sys say. The control is the same root without the sections.
func TestReadonlyRootSections(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		head := "version = 1\nnamespaces = { mount = \"new\" }\n"
		if !u.IsRoot() {
			head = "version = 1\nnamespaces = { mount = \"new\", user = \"new\" }\n"
		}
		for sections, want := range map[string]string{
			"": "ro ro ro",
			"proc = \"host\"\ndev = \"host\"\nsys = \"host\"\n": "rw rw rw",
			"proc = \"host\"\n": "rw ro ro",
			"dev = \"host\"\n":  "ro rw ro",
		} {
			script := `set --; for d in /proc /dev /sys; do set -- $@ $(awk -v d=$d '$5 == d { split($6, o, ","); r = o[1] } END { print r }' /proc/self/mountinfo); done; echo $*`
			host, err := os.ReadFile("/proc/self/mountinfo")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(host), " /sys rw") {
				want = want[:len(want)-2] + "ro"
			}
			systest.WantInside(t, u, head+"root = { path = \"host\", readonly = true }\n"+sections, script, want+"\n")
		}
		// A sandbox within, which needs a proc that is not covered.
		nested := func(proc string) nstest.Result {
			return nstest.Run(t, systest.ProfileCommand(t, u, head+"root = { path = \"host\", readonly = true }\n"+proc, "unshare", "-Urmpf", "--mount-proc", "true"))
		}
		if got := nested("proc = \"host\"\n"); got.Status != 0 {
			t.Errorf("with proc = \"host\": %+v", got)
		}
		if got := nested(""); u.IsRoot() == false && got.Status == 0 {
			t.Errorf("without the section: %+v, want a refusal", got)
		}
	})
}

// dev = "minimal" lets a program be executed in /dev/shm and /dev/zero be mapped executable, as JITs and test
// runners do; dev.exec = false does not.
func TestDevExec(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		script := fmt.Sprintf(`cp /bin/true /dev/shm/t; /dev/shm/t 2>/dev/null && echo shm
perl -e 'open(F, "+<", "/dev/zero") or die; print "zero\n" if syscall(%d, 0, 4096, %d, %d, fileno(F), 0) != -1'`,
			unix.SYS_MMAP, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_PRIVATE)
		for dev, want := range map[string]string{
			`dev = "minimal"`:                          "shm\nzero\n",
			`dev = { mode = "minimal", exec = true }`:  "shm\nzero\n",
			`dev = { mode = "minimal", exec = false }`: "",
		} {
			systest.WantInside(t, u, systest.OwnTree(u, dev), script, want)
		}
	})
}
