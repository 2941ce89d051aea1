// Package killed tests what is left when a launcher or a process of a sandbox is killed, at any time.
package killed

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// Sandboxes are started, listed, entered and stopped at random, and launchers killed: nothing is
// told wrongly meanwhile, and in the end nothing runs, and nothing is said to.
func TestRounds(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		before := nstest.Snapshot(t)
		p := systest.NewWorkplace(t, u)
		files := p.Files()
		p.Write("namespaces = \"new\"\nname = { base = \"round\", taken = \"number\" }\ncommand = [\"sleep\", \"1000\"]\n")
		const seed = 20
		r := &rounds{Workplace: p, rand: rand.New(rand.NewPCG(seed, uint64(u.UID)))}
		for range nstest.Rounds(500) {
			r.one()
			if t.Failed() {
				t.Fatalf("seed %d, after %v", seed, r.done)
			}
		}
		if len(r.running) > 0 {
			p.Must(append([]string{"stop", "--time", "5s"}, r.running...)...)
		}
		if got := p.Must("ps"); strings.Contains(got, "round") { // others' sandboxes may run
			t.Errorf("in the end ps lists\n%s", got)
		}
		for name := range p.Files() {
			if strings.HasPrefix(name, ".") && !files[name] {
				t.Errorf("%s was not finished", name)
			}
		}
		nstest.AssertNothingLeft(t, before)
	})
}

// rounds does one of those things after the other.
type rounds struct {
	*systest.Workplace
	rand    *rand.Rand
	running []string
	done    []string // what was done, for who reads a failure
}

func (r *rounds) one() {
	r.T.Helper()
	if len(r.running) == 0 || len(r.running) < 6 && r.rand.IntN(3) == 0 {
		name := strings.TrimSpace(r.Must("run", "--detach", "./p.toml"))
		r.note("start", name)
		for _, other := range r.running {
			if name == other {
				r.T.Errorf("two sandboxes are %s", name)
			}
		}
		r.running = append(r.running, name)
		return
	}
	i := r.rand.IntN(len(r.running))
	name := r.running[i]
	switch r.rand.IntN(5) {
	case 0:
		r.note("ps", name)
		r.check()
	case 1:
		r.note("exec", name)
		if got := r.Must("exec", name, "--", "echo", name); got != name+"\n" {
			r.T.Errorf("exec in %s: %q", name, got)
		}
	case 2:
		r.note("stop", name)
		r.Must("stop", name)
		r.ended(i, 143)
	case 3:
		r.note("kill", name)
		r.killLauncher(name)
		// Whoever comes next notices.
		if r.rand.IntN(2) == 0 {
			r.check(name)
		}
		r.ended(i, 137)
	case 4:
		// Killed while somebody enters it.
		r.note("kill in exec", name)
		cmd := r.Command("exec", name, "--", "sleep", "1000")
		if err := cmd.Start(); err != nil {
			r.T.Fatal(err)
		}
		r.killLauncher(name)
		_ = cmd.Wait() // which way it ends depends on how far it came
		r.ended(i, 137)
	}
}

func (r *rounds) note(what, name string) { r.done = append(r.done, what+" "+name) }

func (r *rounds) killLauncher(name string) {
	r.T.Helper()
	s := r.List(name)
	if s == nil {
		r.T.Fatalf("ps does not list %s", name)
	}
	fd, err := unix.PidfdOpen(s.Launcher, 0)
	if err != nil {
		r.T.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Kill(s.Launcher, unix.SIGKILL); err != nil {
		r.T.Fatal(err)
	}
	for err = unix.EINTR; err == unix.EINTR; {
		_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 20000)
	}
	if err != nil {
		r.T.Fatal(err)
	}
}

// ended takes a sandbox off the list, and asserts how it ended.
func (r *rounds) ended(i, status int) {
	r.T.Helper()
	name := r.running[i]
	if got := r.Run("wait", name); got.Status != status {
		r.T.Errorf("wait %s: %+v; want status %d", name, got, status)
	}
	if r.List(name) != nil {
		r.T.Errorf("ps lists %s, which has ended", name)
	}
	r.running = append(r.running[:i:i], r.running[i+1:]...)
}

// check asserts that ps lists what runs, but for those named.
func (r *rounds) check(but ...string) {
	r.T.Helper()
	for _, name := range r.running {
		s := r.List(name)
		if len(but) > 0 && name == but[0] {
			continue
		}
		if s == nil || s.State != "running" || unix.Kill(s.PID, 0) != nil {
			r.T.Errorf("%s runs, and ps says %+v", name, s)
		}
	}
}

// A launcher that is killed at any time leaves nothing that the next reader does not clear up, also
// while it writes its record.
func TestKilledRecorder(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("namespaces = \"new\"\nname = \"killed\"\ncommand = [\"true\"]\n")
		for n := 1; ; n++ {
			before := nstest.Snapshot(t)
			killed, status := killAt(t, p.Command("./p.toml"), target{"launcher", n, false})
			nstest.AssertNothingLeft(t, before)
			if got := p.Must("ps"); strings.Contains(got, "killed") {
				t.Fatalf("after the launcher was killed at call %d, ps lists\n%s", n, got)
			}
			if _, err := os.Stat(filepath.Join(p.Records(), "killed.json")); !os.IsNotExist(err) {
				t.Fatalf("after the launcher was killed at call %d, there is a record: %v", n, err)
			}
			if !killed {
				if status.ExitStatus() != 0 {
					t.Errorf("without a kill: status %d", status.ExitStatus())
				}
				if n < 10 {
					t.Errorf("%d calls: too few for a test", n)
				}
				return
			}
			n += 4
		}
	})
}

// Of two launches of one name, one fails before it does anything, unless the profile says that it gets
// a number.
func TestNameTaken(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("namespaces = \"new\"\nname = \"taken\"\ncommand = [\"sleep\", \"1000\"]\n")
		results := make(chan nstest.Result)
		const launches = 8
		for range launches {
			cmd := p.Command("run", "--detach", "./p.toml")
			go func() { results <- nstest.Run(t, cmd) }()
		}
		won := 0
		for range launches {
			switch got := <-results; {
			case got.Status == 0 && got.Stdout == "taken\n" && got.Stderr == "":
				won++
			case got.Status != systest.StatusSetup || got.Stdout != "" || !strings.Contains(got.Stderr, `a sandbox named "taken" runs already`):
				t.Errorf("got %+v", got)
			}
		}
		if won != 1 {
			t.Errorf("%d of %d launches have the name", won, launches)
		}
		// Another name, one without a number, and numbers.
		if got := p.Must("run", "--detach", "--name", "other", "./p.toml"); got != "other\n" {
			t.Errorf("with --name: %q", got)
		}
		p.Fails(systest.StatusSetup, `--name: name: want letters`, "run", "--name", "-x", "./p.toml")
		p.Write("namespaces = \"new\"\nname = { base = \"taken\", taken = \"number\" }\ncommand = [\"sleep\", \"1000\"]\n")
		names := map[string]bool{"taken": true, "other": true}
		for range 3 {
			names[strings.TrimSpace(p.Must("run", "--detach", "./p.toml"))] = true
		}
		for n := 2; n <= 4; n++ {
			if !names[fmt.Sprintf("taken.%d", n)] {
				t.Errorf("names %v", names)
			}
		}
		for name := range names {
			p.Must("stop", name)
		}
		// A name is free when its sandbox has ended.
		if got := p.Must("run", "--detach", "./p.toml"); got != "taken\n" {
			t.Errorf("after the end: %q", got)
		}
		p.Must("stop", "taken")
	})
}
