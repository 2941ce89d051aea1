package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// elsewhere is another directory in which the user's records may be: everybody has it, and many a profile shows it.
func (p *workplace) elsewhere() string {
	p.t.Helper()
	dir := fmt.Sprintf("/tmp/nslaunch-%d", p.u.UID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		p.t.Fatal(err)
	}
	p.u.Own(p.t, dir)
	return dir
}

// A record that a sandbox has forged says that one has ended which runs. Nobody takes that one's output away for it. The
// control: nothing holds the output of what has ended, and there the same record does.
func TestLogOfRunning(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := newWorkplace(t, u)
		name := p.detach("namespaces = { user = \"new\", uts = \"new\" }\n", "sh", "-c", "echo output; exec sleep 1000")
		log := p.list(name).Log
		eventually(t, func() bool { return readFile(t, log) == "output\n" })
		forged := p.record(name)
		forged["launcher"] = map[string]int{"pid": 1<<22 + 1, "start": 1}
		head, err := json.Marshal(forged)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(p.elsewhere(), name+".json")
		forge := func() {
			u.WriteFile(t, file, string(head)+"\n{\"started\":\"2001-01-01T00:00:00Z\"}\n{\"end\":{\"status\":0}}\n")
			old := time.Now().Add(-48 * time.Hour)
			if err := os.Chtimes(file, old, old); err != nil {
				t.Fatal(err)
			}
			p.must("ps", "--all")
			if _, err := os.Lstat(file); !os.IsNotExist(err) {
				t.Errorf("the forged record is kept, so it was not believed: this is no attack: %v", err)
			}
		}
		forge()
		if got := p.must("logs", name); got != "output\n" {
			t.Errorf("the log of one that runs is %q", got)
		}
		p.must("stop", name)
		if got := p.must("logs", name); got != "output\n" {
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
	p := newWorkplace(t, u)
	in := func(dir string, args ...string) nstest.Result {
		cmd := p.command(args...)
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
	if logs, err := filepath.Glob(filepath.Join(p.dir, "state/nslaunch/log/twin.*.log")); err != nil || len(logs) != len(dirs) {
		t.Errorf("%q, %v", logs, err)
	}
	for i, dir := range dirs {
		eventually(t, func() bool { return in(dir, "logs", "twin").Stdout == fmt.Sprintf("%d\n", i) })
		if got := in(dir, "stop", "twin"); got.Status != 0 {
			t.Errorf("%+v", got)
		}
		if got := in(dir, "logs", "twin"); got.Stdout != fmt.Sprintf("%d\n", i) {
			t.Errorf("after the end: %+v", got)
		}
	}
}
