package nstest

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The probe sees what we arrange. Each command differs from its neighbour in
// all that is compared here.
func TestProbe(t *testing.T) {
	probe := Probe(t)
	EachUser(t, func(t *testing.T, u User) {
		script := `umask 027; ulimit -Sn 333; ulimit -Sc 7; exec 5</dev/null; trap "" INT; exec nice -n 5 "$0" "two words"`
		cmd := u.Command(t, "sh", "-c", script, probe)
		cmd.Env = append(cmd.Env, "A=b")
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUTS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID
		r := ParseReport(t, MustRun(t, cmd))
		checks := map[string][2]any{
			"uid":         {r.IDs.UID, [3]int{u.UID, u.UID, u.UID}},
			"gid":         {r.IDs.GID, [3]int{u.GID, u.GID, u.GID}},
			"umask":       {r.Process.Umask, 0o27},
			"nice":        {r.Process.Nice, Nicer(5)},
			"cwd":         {r.Process.Cwd, cmd.Dir},
			"args":        {r.Process.Args[1:], []string{"two words"}},
			"pid":         {r.Process.PID, 1},
			"parent":      {r.Process.Parent, 0},
			"nofile":      {r.Limits["nofile"].Soft, int64(333)},
			"limits":      {len(r.Limits), 16},
			"ignored":     {r.Signals.Ignored & (1 << (syscall.SIGINT - 1)), uint64(1 << (syscall.SIGINT - 1))},
			"fd 5":        {r.Descriptors[5], "/dev/null"},
			"fds":         {slices.Sorted(maps.Keys(r.Descriptors)), []int{0, 1, 2, 5}},
			"env":         {slices.Contains(r.Environment, "A=b"), true},
			"terminal":    {r.Terminal.Controlling, false},
			"interfaces":  {len(r.Interfaces), 1},
			"permitted":   {r.Capabilities.Permitted != 0, u.IsRoot()},
			"last":        {r.Capabilities.Last >= 40, true},
			"no new priv": {r.Process.NoNewPrivs, false},
			"offsets":     {fmt.Sprint(r.Clocks.Offsets), "map[boottime:0 monotonic:0]"},
		}
		for name, c := range checks {
			if got, want := fmt.Sprint(c[0]), fmt.Sprint(c[1]); got != want {
				t.Errorf("%s: %s; want %s", name, got, want)
			}
		}
		for _, kind := range []string{"uts", "net", "mnt", "user"} {
			isNew := kind == "uts" || kind == "net"
			if r.Namespaces[kind] == 0 || (r.Namespaces[kind] != inode(t, kind)) != isNew {
				t.Errorf("namespace %s: %d, ours %d", kind, r.Namespaces[kind], inode(t, kind))
			}
		}
		// /proc is the machine's here, so process 1 is, too: a control for the
		// tests in which it must give nothing.
		if comm := r.Init.Comm.Value; comm == "" {
			t.Errorf("init: %+v", r.Init)
		}
		if !u.IsRoot() && r.Init.Environ.Errno != "EACCES" {
			t.Errorf("environment of init: %+v", r.Init.Environ)
		}
	})
}

// With /proc covered, the rest of the report stands.
func TestProbeWithoutProc(t *testing.T) {
	outer := OuterShared(t)
	root := Superuser(t)
	MustRun(t, outer.Command(t, root, "mount", "-t", "tmpfs", "none", "/proc"))
	// Nobody can enter any more: entering needs /proc, so one command does both.
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Fatal("the mount got out")
	}
	r := ParseReport(t, MustRun(t, outer.Command(t, root, Probe(t))))
	if r.Errors["namespaces.net"] != "ENOENT" || r.Init.Exe.Errno != "ENOENT" || len(r.Limits) != 16 || len(r.Descriptors) != 3 {
		t.Errorf("got %+v", r)
	}
}

func TestProbeTriesUnshare(t *testing.T) {
	EachUser(t, func(t *testing.T, u User) {
		out := MustRun(t, u.Command(t, Probe(t), "-tryunshare"))
		want := `"net": "EPERM"`
		if u.IsRoot() {
			want = `"net": "ok"`
		}
		if !strings.Contains(out, want) {
			t.Errorf("got %s; want %s in it", out, want)
		}
	})
}

func inode(t *testing.T, kind string) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat("/proc/self/ns/"+kind, &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Ino
}
