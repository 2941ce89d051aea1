package compile

import (
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
)

// How the old root is left depends on where the launcher runs, and the plan says how.
func TestPlanLeavesRoot(t *testing.T) {
	const text = "version = 1\nnamespaces = { mount = \"new\" }\nroot = \"tmpfs\"\nrestrict.kernel = false\n"
	for _, test := range []struct {
		root  host.RootState
		steps []string // on the root
		calls string   // of the last of them
		note  bool
	}{
		{host.RootState{}, []string{"make / slave, recursively", "make an empty tmpfs the root, nodev,nosuid", "pivot into the root and detach the old one"},
			"fchdir pivot_root umount2 chdir close", false},
		{host.RootState{Chrooted: true}, []string{"leave the chroot, make / slave, recursively, and enter the chroot again", "make an empty tmpfs the root, nodev,nosuid",
			"leave the chroot, pivot into the root and detach the old one"}, "setns close fchdir pivot_root umount2 chdir close", false},
		{host.RootState{Bottom: true}, []string{"make / slave, recursively", "make an empty tmpfs the root, nodev,nosuid",
			"chroot into the root, over the initramfs, which cannot be unmounted"}, "fchdir chroot chdir close", true},
		{host.RootState{Chrooted: true, Bottom: true}, []string{"leave the chroot, make / slave, recursively, and enter the chroot again", "make an empty tmpfs the root, nodev,nosuid",
			"leave the chroot, chroot into the root, over the initramfs, which cannot be unmounted"}, "setns close fchdir openat2 move_mount close chroot chdir close", true},
	} {
		p, err := config.Parse("p.toml", []byte(text), config.CallerVars())
		if err != nil {
			t.Fatal(err)
		}
		h, err := host.Probe(p)
		if err != nil {
			t.Fatal(err)
		}
		h.Caps, h.Root = ^uint64(0), test.root
		plan, err := Compile(p, h, []string{"true"})
		if err != nil {
			t.Fatal(err)
		}
		var steps, calls []string
		last := 0
		for i, s := range plan.Steps {
			if s.Origin.Pos.Line == 3 {
				steps, last = append(steps, s.Action.String()), i
			}
		}
		for _, op := range plan.Program.Ops {
			if int(op.Step) == last {
				calls = append(calls, op.Name())
			}
		}
		if !slices.Equal(steps, test.steps) || strings.Join(calls, " ") != test.calls {
			t.Errorf("%+v: the steps are %q, the last with %q; want %q, %q", test.root, steps, calls, test.steps, test.calls)
		}
		if got := len(plan.Notes) > 0; got != test.note {
			t.Errorf("%+v: the notes are %v", test.root, plan.Notes)
		}
	}
}
