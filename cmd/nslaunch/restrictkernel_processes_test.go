package main

import (
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
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
				args := append([]string{"run", "--set", "process.terminal=none", "--set", "restrict.kernel=" + kernel}, words...)
				cmd := root.Command(t, nstest.Nslaunch(t), append(args, "sh", "-c", attack)...)
				cmd.Dir = root.TempDir(t)
				if got := nstest.MustRun(t, cmd); got != want {
					t.Errorf("restrict.kernel = %s: %s", kernel, got)
				}
			}
		})
	}
}
