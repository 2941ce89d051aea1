package records

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// elsewhere is another directory in which the user's records may be: everybody has it, and many a profile shows it.
func elsewhere(p *systest.Workplace) string {
	p.T.Helper()
	dir := fmt.Sprintf("/tmp/nslaunch-%d", p.User.UID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		p.T.Fatal(err)
	}
	p.User.Own(p.T, dir)
	return dir
}

// A record that a sandbox has forged says that one has ended which runs. Nobody takes that one's output away for it. The
// control: nothing holds the output of what has ended, and there the same record does.
func TestLogOfRunning(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces = { user = \"new\", uts = \"new\" }\n", "sh", "-c", "echo output; exec sleep 1000")
		log := p.List(name).Log
		systest.Until(t, func() bool { return systest.ReadFile(t, log) == "output\n" })
		forged := readRecord(p, name)
		forged["launcher"] = map[string]int{"pid": 1<<22 + 1, "start": 1}
		head, err := json.Marshal(forged)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(elsewhere(p), name+".json")
		forge := func() {
			u.WriteFile(t, file, string(head)+"\n{\"started\":\"2001-01-01T00:00:00Z\"}\n{\"end\":{\"status\":0}}\n")
			old := time.Now().Add(-48 * time.Hour)
			if err := os.Chtimes(file, old, old); err != nil {
				t.Fatal(err)
			}
			p.Must("ps", "--all")
			if _, err := os.Lstat(file); !os.IsNotExist(err) {
				t.Errorf("the forged record is kept, so it was not believed: this is no attack: %v", err)
			}
		}
		forge()
		if got := p.Must("logs", name); got != "output\n" {
			t.Errorf("the log of one that runs is %q", got)
		}
		p.Must("stop", name)
		if got := p.Must("logs", name); got != "output\n" {
			t.Errorf("the log of one that has ended is %q", got)
		}
		forge()
		if _, err := os.Lstat(log); !os.IsNotExist(err) {
			t.Errorf("the log of one that has ended is there: this is no attack: %v", err)
		}
	})
}

// Sandboxes of one name that are recorded in two directories have an output each, and so has what did not start.
func TestLogsOfOneName(t *testing.T) {
	u := nstest.Ordinary(t)
	p := systest.NewWorkplace(t, u)
	in := func(dir string, args ...string) nstest.Result {
		cmd := p.Command(args...)
		cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+dir)
		return nstest.Run(t, cmd)
	}
	dirs := []string{u.TempDir(t), u.TempDir(t)}
	run := []string{"run", "--detach", "--new", "user,uts", "--name", "twin", "--"}
	for i, dir := range dirs {
		if got := in(dir, append(run, "sh", "-c", fmt.Sprintf("echo %d; exec sleep 1000", i))...); got.Status != 0 {
			t.Fatalf("%+v", got)
		}
		// What does not start takes no output but its own away.
		if got := in(u.TempDir(t), append(run, "/nothing")...); got.Status != 127 {
			t.Errorf("%+v", got)
		}
	}
	if logs, err := filepath.Glob(filepath.Join(p.Dir, "state/nslaunch/log/twin.*.log")); err != nil || len(logs) != len(dirs) {
		t.Errorf("%q, %v", logs, err)
	}
	for i, dir := range dirs {
		systest.Until(t, func() bool { return in(dir, "logs", "twin").Stdout == fmt.Sprintf("%d\n", i) })
		if got := in(dir, "stop", "twin"); got.Status != 0 {
			t.Errorf("%+v", got)
		}
		if got := in(dir, "logs", "twin"); got.Stdout != fmt.Sprintf("%d\n", i) {
			t.Errorf("after the end: %+v", got)
		}
	}
}

// A launch that fails leaves the status and the log of the sandbox that had the name. One that starts replaces them.
func TestLogAfterFailedStart(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		run := func(args ...string) nstest.Result {
			return nstest.Run(t, p.Command(append([]string{"run", "--new", "user,uts", "--name", "again"}, args...)...))
		}
		if got := run("--detach", "--", "sh", "-c", "echo precious; exit 3"); got.Status != 0 {
			t.Fatalf("%+v", got)
		}
		kept := func(after string) {
			t.Helper()
			if got := nstest.Run(t, p.Command("wait", "again")); got.Status != 3 {
				t.Errorf("status after %s: %+v", after, got)
			}
			if got := nstest.Run(t, p.Command("logs", "again")); got.Stdout != "precious\n" {
				t.Errorf("log after %s: %+v", after, got)
			}
		}
		kept("the end")
		for after, args := range map[string][]string{
			"a command that does not exist, detached": {"--detach", "--", "/nothing"},
			"a command that does not exist":           {"--", "/nothing"},
			"a setting that fails":                    {"--detach", "--set", "process.cwd=/nothing", "--", "true"},
			"a mistake in the profile":                {"--set", "hostname=a b", "--", "true"},
		} {
			if got := run(args...); got.Status == 0 {
				t.Fatalf("%s: %+v", after, got)
			}
			kept(after)
		}
		if got := run("--detach", "--", "echo", "new"); got.Status != 0 {
			t.Fatalf("%+v", got)
		}
		nstest.Run(t, p.Command("wait", "again"))
		if got := nstest.Run(t, p.Command("logs", "again")); got.Stdout != "new\n" {
			t.Errorf("after a start: %+v", got)
		}
		if logs, err := filepath.Glob(filepath.Join(p.Dir, "state/nslaunch/log/again.*.log")); u.UID != 0 && (err != nil || len(logs) != 1) {
			t.Errorf("%q, %v", logs, err)
		}
	})
}
