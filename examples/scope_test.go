package examples_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// Where no systemd can be reached, the scope that may be missing is a note, and
// limits that would not be enforced are errors.
func TestScopeWithoutSystemd(t *testing.T) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	outer := nstest.NewOuter(t, mountprop.Private)
	nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "-t", "tmpfs", "none", "/run"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		tried := "/run/systemd/private: ENOENT, /run/dbus/system_bus_socket: ENOENT"
		if !u.IsRoot() {
			tried = fmt.Sprintf("XDG_RUNTIME_DIR is not set, and /run/user/%d cannot be used: ENOENT", u.UID)
		}
		run := func(name string) *exec.Cmd {
			cmd := outer.Command(t, u, nstest.Nslaunch(t), name+".toml")
			cmd.Dir = u.CopyTree(t, ".")
			return cmd
		}
		got := nstest.Run(t, run("scope"))
		note := "nslaunch: note: scope.toml:8:1: scope.mode: no scope: no systemd manager can be reached (" + tried + ")\n"
		if want := (nstest.Result{Stdout: lines[len(lines)-2], Stderr: note}); got != want {
			t.Errorf("%+v; want %+v", got, want)
		}
		o := refuses()
		instead := map[string]string{"memory": `; in its place, rlimits.as = "512M" in [limits] limits the address space of each process`}
		for i, key := range []string{"memory", "swap", "tasks", "cpu"} {
			o.errors = append(o.errors, fmt.Sprintf("limits-unit.toml:%d:1: limits.%s: needs systemd, which cannot be reached here: %s (optional = true in [limits] runs without this limit%s)", 8+i, key, tried, instead[key]))
		}
		want(t, run("limits-unit"), o)
	})
}

// A real systemd has the scope, and what the profile says of it.
func TestScopeWithSystemd(t *testing.T) {
	left := nstest.Snapshot(t)
	t.Run("machine", func(t *testing.T) {
		m := nstest.Systemd(t)
		nstest.EachUser(t, func(t *testing.T, u nstest.User) {
			s := scopes{m, u, nil, u.CopyTree(t, "."), ""}
			if !u.IsRoot() {
				s.env = m.User(t, u)
				s.slices = fmt.Sprintf("/user.slice/user-%d.slice/user@%[1]d.service", u.UID)
			}
			t.Run("scope", s.testScope)
			if !u.IsRoot() {
				t.Run("no-runtime-dir", s.testNoRuntimeDir)
			}
			t.Run("limits-unit", s.testLimits)
		})
	})
	nstest.AssertNothingLeft(t, left)
}

// scopes are those of one user's manager.
type scopes struct {
	m      *nstest.Machine
	u      nstest.User
	env    []string
	dir    string // a copy of this one
	slices string // the cgroup that the manager's slices are in
}

func (s scopes) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := s.m.Command(t, s.u, s.env, name, args...)
	cmd.Dir = s.dir
	return cmd
}

// shows runs a profile with a command that stays, and compares what the manager
// tells of its scope.
func (s scopes) shows(t *testing.T, name string, wants map[string]string) {
	t.Helper()
	cmd := s.command(t, nstest.Nslaunch(t), name+".toml", "sh", "-c", "cat /proc/self/cgroup; exec cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, &stdout)
		}
	}()
	unit := regexp.MustCompile(`/(nslaunch-` + name + `-[0-9a-f]{16}\.scope)\n`)
	text, part := "", make([]byte, 4096)
	for !unit.MatchString(text) {
		n, err := said.Read(part)
		text += string(part[:n])
		if err != nil {
			t.Errorf("%s: no scope in %q", name, text)
			return
		}
	}
	args := []string{"show", "--value"}
	if !s.u.IsRoot() {
		args = append(args, "--user")
	}
	for property, want := range wants {
		got := nstest.MustRun(t, s.command(t, "systemctl", append(args, "-p", property, unit.FindStringSubmatch(text)[1])...))
		if got != want+"\n" {
			t.Errorf("%s: %s is %q; want %q", name, property, got, want)
		}
	}
}

func (s scopes) testScope(t *testing.T) {
	want(t, s.command(t, nstest.Nslaunch(t), "scope.toml"), printsLike(`0::`+s.slices+`/batch\.slice/nslaunch-scope-[0-9a-f]{16}\.scope\n`))
	s.shows(t, "scope", map[string]string{"Slice": "batch.slice", "CPUWeight": "50", "Description": "Sandbox scope", "ActiveState": "active"})
}

// After su, or from cron, no variable says where the user's manager is. It is found in /run/user/UID, if that is the
// user's own.
func (s scopes) testNoRuntimeDir(t *testing.T) {
	s.env = nil
	want(t, s.command(t, nstest.Nslaunch(t), "scope.toml"), printsLike(`0::`+s.slices+`/batch\.slice/nslaunch-scope-[0-9a-f]{16}\.scope\n`))
	dir := fmt.Sprintf("/run/user/%d", s.u.UID)
	s.m.Run(t, "chmod", "755", dir)
	defer s.m.Run(t, "chmod", "700", dir)
	cmd := s.m.Command(t, s.u, nil, nstest.Nslaunch(t), "scope.toml")
	cmd.Dir = s.dir
	got := nstest.Run(t, cmd)
	if note := fmt.Sprintf("%s cannot be used: it belongs to uid %d and has mode 755, not uid %[2]d and 700)", dir, s.u.UID); !strings.Contains(got.Stderr, note) || strings.Contains(got.Stdout, "nslaunch-scope-") {
		t.Errorf("a directory that is open to others: %+v", got)
	}
}

// What the kernel of this machine can't enforce is an error. Where that is so, what the
// manager has is read from a copy that may run without.
func (s scopes) testLimits(t *testing.T) {
	got := nstest.Run(t, s.command(t, nstest.Nslaunch(t), "limits-unit.toml"))
	in := regexp.MustCompile(`^0::` + s.slices + `/\w+\.slice/nslaunch-limits-unit-[0-9a-f]{16}\.scope\n$`)
	refused := regexp.MustCompile(`^nslaunch: error: limits-unit\.toml:11:1: limits\.cpu: step \d+, place the sandbox in the scope .*: CPUQuota=150% cannot be enforced\n` +
		`  the cpu controller is not available in .*\n  try: limits\.optional = true, if the sandbox may run without the limit\n$`)
	name := "limits-unit"
	switch {
	case got.Status == 0 && got.Stderr == "" && in.MatchString(got.Stdout):
	case got.Status == 125 && got.Stdout == "" && refused.MatchString(got.Stderr):
		text, err := os.ReadFile(name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		name = "limits-optional"
		s.u.WriteFile(t, filepath.Join(s.dir, name+".toml"), string(text)+"optional = true\n")
	default:
		t.Errorf("%+v", got)
	}
	s.shows(t, name, map[string]string{"MemoryMax": "536870912", "MemorySwapMax": "0", "TasksMax": "100", "CPUQuotaPerSecUSec": "1.500000s"})
}
