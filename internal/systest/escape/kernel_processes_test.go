package escape

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// Where /proc has processes alone, as in preset:build, the command of the host's root does not get another one with
// the kernel's settings by a user namespace of its own. It writes what it has read.
func TestRestrictKernelProcesses(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.CheckNothingLeft(t)
	const attack = `unshare -Umpf --mount-proc sh -c 'f=/proc/sys/kernel/core_pattern; v=$(cat $f) && echo "$v" >$f && echo written' 2>/dev/null || echo no`
	for name, words := range map[string][]string{
		"build":              {"preset:build"},
		"root as it is":      {"--set", "proc.subset=pid", "preset:dev"},
		"no user namespace":  {"--set", "proc.subset=pid", "--set", "namespaces.user=host", "preset:system"},
		"no init, processes": {"--set", "process.init=false", "preset:build"},
	} {
		t.Run(name, func(t *testing.T) {
			for kernel, want := range map[string]string{"true": "no\n", "false": "written\n"} { // false is the control
				args := append([]string{"run", "--set", "process.terminal=none", "--set", "restrict.namespaces=all", "--set", "restrict.kernel=" + kernel}, words...)
				cmd := root.Command(t, nstest.Nslaunch(t), append(args, "sh", "-c", attack)...)
				cmd.Dir = root.TempDir(t)
				if got := nstest.MustRun(t, cmd); got != want {
					t.Errorf("restrict.kernel = %s: %s", kernel, got)
				}
			}
		})
	}
}

// Where the kernel may refuse a new proc, the settings are covered in what is there instead, and in the new one, where
// it does not.
func TestRestrictKernelFallback(t *testing.T) {
	root := nstest.Superuser(t)
	const attack = `f=/proc/sys/kernel/core_pattern
v=$(cat $f 2>/dev/null) && (echo "$v" >$f) 2>/dev/null && echo direct
[ ! -s /proc/kallsyms ] || [ "$(head -c 1 /proc/kallsyms)" = "" ] || echo symbols
unshare -Umpf --mount-proc sh -c 'f=/proc/sys/kernel/core_pattern; v=$(cat $f) && echo "$v" >$f && echo other' 2>/dev/null
true
`
	for _, outside := range []struct{ name, hides string }{{"a new proc", "true"}, {"what the fallback says", "mount --bind /proc/version /proc/version"}} {
		t.Run(outside.name, func(t *testing.T) {
			outer := nstest.NewOuter(t, mountprop.Private)
			nstest.CheckNothingLeft(t)
			nstest.MustRun(t, outer.Command(t, root, "sh", "-euc", outside.hides))
			const unbindable = " }\npropagation = \"unbindable\"\ndev = { mode = \"minimal\""
			for _, proc := range []string{`subset = "pid", fallback = "host"`, `subset = "pid", fallback = "none"`, `fallback = "host"`, `fallback = "none"`,
				`subset = "pid", fallback = "host"` + unbindable, `fallback = "host"` + unbindable} {
				var controls string
				for _, kernel := range []string{"true", "false"} {
					profile := "version = 1\nrestrict.kernel = " + kernel + "\nnamespaces = \"new\"\nproc = { " + proc + " }\nprocess.capabilities = \"none\"\n"
					got := nstest.Run(t, systest.OuterCommand(t, outer, root, profile, "sh", "-c", attack))
					if got.Status != 0 || kernel == "true" && got.Stdout != "" {
						t.Errorf("%s, restrict.kernel = %s: %+v", proc, kernel, got)
					}
					controls = got.Stdout
				}
				// Where /proc is an empty directory, there is nothing to attack, and the kernel gives no other.
				empty := outside.hides != "true" && strings.Contains(proc, "none")
				if (controls == "") != empty {
					t.Errorf("%s: without restrict.kernel, this led to the settings: %q", proc, controls)
				}
			}
		})
	}
}

// What keeps the kernel from giving another proc hides nothing: a command that is the first process of its pid
// namespace reads what is said of its own descriptors.
func TestRestrictKernelOwnDescriptors(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.CheckNothingLeft(t)
	for mask, want := range map[string]bool{"": true, "[/proc/1/fdinfo]": false} { // masked, as it once was
		args := []string{"run", "--set", "process.terminal=none", "--set", "process.init=false", "--set", "restrict.kernel=true"}
		if mask != "" {
			args = append(args, "--set", `proc.masked_paths=["/proc/1/fdinfo"]`)
		}
		cmd := root.Command(t, nstest.Nslaunch(t), append(args, "preset:build", "sh", "-c", `echo $$; read -r line </proc/self/fdinfo/0; echo "$line"`)...)
		cmd.Dir = root.TempDir(t)
		got := nstest.Run(t, cmd)
		if !strings.HasPrefix(got.Stdout, "1\n") || strings.Contains(got.Stdout, "pos:") != want {
			t.Errorf("%q: %+v", mask, got)
		}
	}
}
