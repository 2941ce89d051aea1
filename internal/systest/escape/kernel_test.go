package escape

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// kernelAttacks tries to write to the kernel's settings, and prints the name of each way that led there. All that
// it writes is what was read.
const kernelAttacks = `
s=/proc/sys/kernel/core_pattern
same() { v=$(cat $1 2>/dev/null) && (echo "$v" >$1) 2>/dev/null && echo "$2"; }
opens() { [ -e "$1" ] && (: >>"$1") 2>/dev/null && echo "$2"; }
same $s direct
opens /proc/sysrq-trigger sysrq
same /proc/1/root$s root-link
same /proc/self/root$s own-root-link
same /hostproc/sys/kernel/core_pattern bound-proc
same /hostsettings/core_pattern bound-settings
same /otherproc/sys/kernel/core_pattern other-proc
same /below/proc/sys/kernel/core_pattern proc-below
for f in $(find /sys/kernel /sys/power /sys/module /below/sys/kernel -maxdepth 2 -type f -perm -200 2>/dev/null | head -40); do opens $f sysfs; done | uniq
for f in $(find /sys/fs/cgroup /below/cgroup -maxdepth 3 -name notify_on_release -o -name cgroup.procs 2>/dev/null | head -40); do opens $f cgroup; done | uniq
for f in /sys/kernel/debug /sys/kernel/tracing /proc/sys/fs/binfmt_misc; do opens $f/clear_warn_once debugfs; opens $f/trace_marker tracefs; opens $f/status binfmt; done
umount $s /proc/sys 2>/dev/null; same $s umount
mount -o remount,bind,rw /proc/sys 2>/dev/null; same $s remount
mount -t proc p /mnt 2>/dev/null; same /mnt/sys/kernel/core_pattern new-proc
unshare -Urmpf sh -c "umount -l /proc/sys; mount -o remount,bind,rw /proc/sys; mount -t proc p /proc; mount -t proc p /mnt; for d in /proc /mnt; do f=\$d/sys/kernel/core_pattern; v=\$(cat \$f) && echo \"\$v\" >\$f && echo user-namespace; done; mount -t sysfs s /mnt && (: >>/mnt/kernel/rcu_normal) && echo user-namespace-sys" 2>/dev/null
true
`

// kernelProfiles are sandboxes in which the command is the root of the machine, without a capability.
func kernelProfiles(dir string) map[string]string {
	const head = "version = 1\nprocess = { capabilities = \"none\" }\n"
	binds := fmt.Sprintf("[mounts]\n\"/hostproc\" = { rw = \"/proc\" }\n\"/hostsettings\" = { rw = \"/proc/sys/kernel\" }\n\"/below\" = { rw = %q }\n\"/otherproc\" = { type = \"proc\" }\n", dir)
	system := "dev = \"minimal\"\n" + binds + "ro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\ntmpfs = [\"/mnt\"]\n"
	return map[string]string{
		"the host's tree":              head + "namespaces = { mount = \"new\", pid = \"new\" }\n",
		"the host's tree and proc":     head + "namespaces = { mount = \"new\" }\n",
		"a user namespace":             head + "namespaces = \"new\"\n",
		"a root of its own":            head + "namespaces = { all = \"new\", user = \"host\" }\nroot = \"tmpfs\"\nsys = \"host\"\n" + system,
		"in a user namespace":          head + "namespaces = \"new\"\nroot = \"tmpfs\"\nsys = \"host\"\n" + system,
		"the host's proc":              head + "namespaces = { mount = \"new\", pid = \"new\" }\nroot = \"tmpfs\"\nproc = \"host\"\nsys = \"host\"\n" + system,
		"a read-only root":             head + "namespaces = { mount = \"new\" }\nroot = { readonly = true }\nproc = \"host\"\nsys = \"host\"\ndev = \"minimal\"\n",
		"a layer over the host":        head + "namespaces = { all = \"new\", user = \"host\" }\nroot = { overlay = \"tmpfs\" }\nsys = \"host\"\n",
		"another id for the same user": head + "namespaces = \"new\"\nidmap = { uid = [{ inside = 1000, outside = 0 }], gid = [{ inside = 1000, outside = 0 }] }\n",
		"unbindable":                   head + "namespaces = { mount = \"new\", pid = \"new\" }\npropagation = \"unbindable\"\n",
		"unbindable, the host's proc":  head + "namespaces = { mount = \"new\" }\npropagation = \"unbindable\"\ndev = \"minimal\"\n",
		"an entry for proc":            head + "namespaces = { mount = \"new\", pid = \"new\" }\nroot = \"tmpfs\"\n" + strings.Replace(system, "[mounts]\n", "[mounts]\n\"/proc\" = { type = \"proc\" }\n", 1),
		"slave+shared":                 head + "namespaces = { mount = \"new\", pid = \"new\" }\npropagation = \"slave+shared\"\n[mounts]\ntmpfs = [\"/mnt\"]\n",
	}
}

// No way leads to the kernel's settings. The control is the same sandbox with restrict.kernel = false, where the first does.
func TestRestrictKernel(t *testing.T) {
	root := nstest.Superuser(t)
	outer := nstest.NewOuter(t, mountprop.Private)
	nstest.CheckNothingLeft(t)
	dir := t.TempDir()
	nstest.MustRun(t, outer.Command(t, root, "sh", "-euc", fmt.Sprintf("cd %s; mkdir proc sys cgroup; mount -t proc p proc; mount -t sysfs s sys; mount --rbind /sys/fs/cgroup cgroup", dir)))
	for name, profile := range kernelProfiles(dir) {
		t.Run(name, func(t *testing.T) {
			for _, kernel := range []string{"", "restrict.kernel = true\n", "restrict.kernel = false\n"} {
				profile := strings.Replace(profile, "\n", "\n"+kernel, 1)
				cmd := systest.OuterCommand(t, outer, root, profile, "sh", "-c", kernelAttacks)
				got := nstest.Run(t, cmd)
				switch {
				case got.Status != 0:
					t.Errorf("%q: %+v", kernel, got)
				case strings.Contains(kernel, "false"):
					if !strings.HasPrefix(got.Stdout, "direct\n") {
						t.Errorf("without restrict.kernel, nothing led to the settings: %+v", got)
					}
				case got.Stdout != "":
					t.Errorf("%q: these led to the settings:\n%s", kernel, got.Stdout)
				}
			}
		})
	}
}

// A working directory in /proc/sys that the command inherits is entered anew, below what covers it.
func TestRestrictKernelCwd(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.CheckNothingLeft(t)
	for kernel, want := range map[string]string{"": "", "restrict.kernel = false\n": "written\n"} {
		profile := root.WriteFile(t, t.TempDir()+"/p.toml", "version = 1\n"+kernel+"namespaces = { mount = \"new\", pid = \"new\" }\nprocess = { capabilities = \"none\" }\n")
		cmd := root.Command(t, nstest.Nslaunch(t), profile, "sh", "-c", `cat ostype >/dev/null || exit 1; v=$(cat core_pattern); (echo "$v" >core_pattern) 2>/dev/null && echo written; true`)
		cmd.Dir = "/proc/sys/kernel"
		if got := nstest.Run(t, cmd); got.Status != 0 || got.Stdout != want {
			t.Errorf("%q: %+v, want %q", kernel, got, want)
		}
	}
}

// Where the command could undo it, true is an error, and the default a note that says so. What only bypasses the protection removes no cover.
func TestRestrictKernelUndone(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.CheckNothingLeft(t)
	dir, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, test := range []struct{ rest, why string }{
		{"namespaces = \"new\"", "it keeps CAP_SYS_ADMIN"},
		{"namespaces = { mount = \"new\" }", "it keeps CAP_SYS_ADMIN"},
		{"namespaces = \"new\"\nprocess.capabilities = [\"SYS_ADMIN\"]", "it has CAP_SYS_ADMIN"},
		{"namespaces = { mount = \"new\", pid = \"new\" }\nprocess.capabilities = [\"SYSLOG\"]", "CAP_SYSLOG bypasses the protection"},
		{"namespaces = { mount = \"new\" }\nprocess.capabilities = [\"SYS_PTRACE\"]", "CAP_SYS_PTRACE bypasses the protection"},
		{"namespaces = { mount = \"new\", pid = \"new\" }\nproc = \"host\"\nprocess.capabilities = [\"SYS_PTRACE\"]", "CAP_SYS_PTRACE bypasses the protection"},
		{"namespaces = { mount = \"new\", pid = \"new\" }\nmounts.\"/mnt\".ro = \"/proc\"\nprocess.capabilities = [\"SYS_PTRACE\"]", "CAP_SYS_PTRACE bypasses the protection"},
		{"namespaces = { mount = \"new\", pid = \"new\" }\nprocess.capabilities = [\"DAC_READ_SEARCH\"]", "CAP_DAC_READ_SEARCH bypasses the protection"},
		{"namespaces = { mount = \"new\", pid = \"new\" }\nprocess.capabilities = [\"MKNOD\"]", "CAP_MKNOD bypasses the protection"},
		{"namespaces = \"new\"\nprocess = { capabilities = \"none\", keep_fds = [3] }", "its descriptor 3 is a directory outside the sandbox"},
		{"namespaces = { mount = \"new\", pid = \"new\" }\npropagation = \"shared\"\nprocess.capabilities = \"none\"", "mounts would appear outside"},
	} {
		for _, kernel := range []string{"", "\nrestrict.kernel = true"} {
			profile := root.WriteFile(t, t.TempDir()+"/p.toml", "version = 1"+kernel+"\n"+test.rest+"\n")
			cmd := root.Command(t, nstest.Nslaunch(t), "plan", profile, "true")
			cmd.ExtraFiles = []*os.File{dir}
			got := nstest.Run(t, cmd)
			want, status := "like root on the host: "+test.why, 0
			if kernel != "" {
				want, status = ":2:10: restrict.kernel: the command could undo this: "+test.why, 1
			}
			covered := kernel == "" && strings.Contains(test.why, " bypasses the protection")
			if got.Status != status || !strings.Contains(got.Stderr, want) || strings.Contains(got.Stdout, "settings in /proc read-only") != covered {
				t.Errorf("%s%s: %+v; want status %d and %q", test.rest, kernel, got, status, want)
			}
		}
	}
}

// Who is not the machine's root needs none of it, and gets none: not a step is another.
func TestRestrictKernelOthers(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		rest := "namespaces = \"new\"\nprocess = { capabilities = \"none\" }\n"
		if u.IsRoot() {
			rest = "namespaces = { all = \"new\", user = \"host\" }\nprocess = { capabilities = \"none\", uid = 20001, gid = 20001 }\n"
		}
		plan := func(kernel string) nstest.Result {
			return nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "plan", u.WriteFile(t, u.TempDir(t)+"/p.toml", "version = 1\n"+rest+kernel), "true"))
		}
		steps := func(r nstest.Result) string {
			_, text, _ := strings.Cut(r.Stdout, "die with")
			return text
		}
		without := plan("restrict.kernel = false\n")
		for _, kernel := range []string{"", "restrict.kernel = true\n"} {
			got := plan(kernel)
			if got.Status != 0 || got.Stderr != "" || strings.Contains(steps(got), "kernel") || strings.Count(got.Stdout, "\n") != strings.Count(without.Stdout, "\n") {
				t.Errorf("%q: %+v; want the steps of %s", kernel, got, without.Stdout)
			}
		}
	})
}

// What is executed in such a sandbox has no other way to the settings.
func TestRestrictKernelExec(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.CheckNothingLeft(t)
	for _, kernel := range []string{"", "restrict.kernel = false\n"} {
		for _, namespaces := range []string{`namespaces = "new"`, `namespaces = { mount = "new", pid = "new" }`} {
			p := systest.NewWorkplace(t, root)
			name := p.Detach(kernel+namespaces+"\nprocess.capabilities = \"none\"\n", "sleep", "1000")
			got := p.Run("exec", name, "sh", "-c", kernelAttacks)
			p.Must("stop", name)
			if got.Status != 0 || (kernel == "") != (got.Stdout == "") {
				t.Errorf("%s%s: %+v", kernel, namespaces, got)
			}
		}
	}
}
