package records

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// forge writes a record as a sandbox can, and holds its lock until the test ends.
func forgeRecord(p *systest.Workplace, name string, record map[string]any) {
	p.T.Helper()
	record["name"] = name
	text, err := json.Marshal(record)
	if err != nil {
		p.T.Fatal(err)
	}
	file := filepath.Join(p.Records(), name+".json")
	p.User.WriteFile(p.T, file, string(text)+"\n")
	p.T.Cleanup(func() { _ = os.Remove(file) })
	f, err := os.Open(file)
	if err != nil {
		p.T.Fatal(err)
	}
	p.T.Cleanup(func() { f.Close() })
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		p.T.Fatal(err)
	}
}

// record reads the first line of a record.
func readRecord(p *systest.Workplace, name string) map[string]any {
	p.T.Helper()
	line, _, _ := strings.Cut(systest.ReadFile(p.T, filepath.Join(p.Records(), name+".json")), "\n")
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	var r map[string]any
	if err := d.Decode(&r); err != nil {
		p.T.Fatal(err)
	}
	return r
}

// refused asserts that nothing is done about a sandbox of a name.
func refusedRecord(p *systest.Workplace, name, why string) {
	p.T.Helper()
	for _, args := range [][]string{{"exec", name, "true"}, {"wait", name}, {"run", "--new", "user,uts", "--join", "uts=sandbox:" + name, "--", "true"},
		{"run", "--new", "user,uts", "--name", name, "--", "true"}} {
		p.Fails(systest.StatusSetup, why, args...)
	}
	p.Fails(systest.StatusProblem, why, "stop", name)
	p.Fails(systest.StatusProblem, why, "logs", name)
	if s := p.List(name); s == nil || s.State != "unproven" {
		p.T.Errorf("ps lists %+v; want it unproven", s)
	}
}

// A record that a sandbox wrote leads nobody to a process of its choice.
func TestForgedRecord(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces = \"new\"\nname = \"forged-from\"\nprocess = { stop_timeout = \"100ms\" }\n", "sleep", "1000")
		true1 := readRecord(p, name)
		own := func() map[string]any {
			r := map[string]any{}
			for k, v := range true1 {
				r[k] = v
			}
			return r
		}

		t.Run("of a process of the user", func(t *testing.T) {
			victim := u.Command(t, "sleep", "1000")
			if err := victim.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = victim.Process.Kill(); _ = victim.Wait() }()
			at, err := process.At(victim.Process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			r := own()
			r["launcher"] = at
			r["log"] = "/etc/passwd"
			forgeRecord(p, "forged-process", r)
			refusedRecord(p, "forged-process", fmt.Sprintf("process %d executes", at.PID))
			if !at.Running() {
				t.Error("stop has ended a process that a file named")
			}
		})
		t.Run("of a launcher under another name", func(t *testing.T) {
			forgeRecord(p, "forged-name", own())
			refusedRecord(p, "forged-name", "holds no record of \"forged-name\"")
		})
		t.Run("of a process that is another by now", func(t *testing.T) {
			r := own()
			launcher := map[string]any{"pid": r["launcher"].(map[string]any)["pid"], "start": 1}
			r["launcher"] = launcher
			forgeRecord(p, "forged-start", r)
			refusedRecord(p, "forged-start", "no launcher confirms its record")
		})
		t.Run("by the sandbox itself", func(t *testing.T) {
			file := filepath.Join(p.Records(), name+".json")
			before := systest.ReadFile(t, file)
			launcher, err := json.Marshal(true1["launcher"])
			if err != nil {
				t.Fatal(err)
			}
			line := `{"target":{"process":` + string(launcher) + `,"namespaces":{},"own":[],"root_uid":-1,"root_gid":-1,"uid":-1,"gid":-1,"env":[]}}`
			p.Must("exec", name, "sh", "-c", "echo '"+line+"' >>"+file)
			if got := systest.ReadFile(t, file); got != before+line+"\n" {
				t.Fatalf("the file has %s: the test tests nothing", got)
			}
			inside := fmt.Sprintf("mnt:[%d]\n", p.List(name).Namespaces["mount"])
			if got := p.Must("exec", name, "readlink", "/proc/self/ns/mnt"); got != inside {
				t.Errorf("exec runs in %s; want %s", got, inside)
			}
		})
		// Without a launcher that says otherwise, such a file is believed: it is well-formed, and its lock is what counts.
		t.Run("without a lie", func(t *testing.T) {
			file := filepath.Join(p.Records(), name+".json")
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			forgeRecord(p, name, own())
			if got := p.Must("exec", name, "echo", "entered"); got != "entered\n" {
				t.Errorf("exec prints %q", got)
			}
		})
		p.Must("stop", name)
	})
}

// A launcher that is confined could be a command that shares all namespaces with its own launcher, so it is not believed by who is
// confined less.
func TestConfinedLauncher(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		confined := func(args ...string) *exec.Cmd {
			cmd := p.Command()
			c := u.Command(t, "setpriv", append([]string{"--no-new-privs", cmd.Path}, args...)...)
			c.Dir, c.Env = cmd.Dir, cmd.Env
			return c
		}
		p.Write("namespaces = { user = \"new\", uts = \"new\" }\nname = \"confined\"\ncommand = [\"sleep\", \"1000\"]\n")
		nstest.MustRun(t, confined("run", "--detach", "./p.toml"))
		const why = "has more restrictions than this process (NoNewPrivs \"1\")"
		p.Fails(systest.StatusSetup, why, "exec", "confined", "true")
		p.Fails(systest.StatusSetup, why, "run", "--new", "user", "--join", "uts=sandbox:confined", "--", "true")
		if got := nstest.MustRun(t, confined("exec", "confined", "echo", "entered")); got != "entered\n" {
			t.Errorf("who is confined as much sees %q", got)
		}
		p.Must("stop", "--time", "1s", "confined")
		name := p.Detach("namespaces = { user = \"new\", uts = \"new\" }\nname = \"free\"\n", "sleep", "1000")
		if got := p.Must("exec", name, "echo", "entered"); got != "entered\n" {
			t.Errorf("of one that is not confined: %q", got)
		}
		p.Must("stop", "--time", "1s", name)
	})
}

// A launcher inside a sandbox, with all that one outside has, is none for who is outside: its namespaces say so.
func TestForgedLauncher(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for kind, profile := range map[string]string{
			"user":  "namespaces = { user = \"new\" }\nidmap = \"keep\"\n",
			"mount": "namespaces = { user = \"new\", mount = \"new\" }\nidmap = \"keep\"\n",
		} {
			t.Run(kind, func(t *testing.T) {
				p := systest.NewWorkplace(t, u)
				outer := p.Detach("name = \"forged-outer\"\nenv = { inherit = [\"XDG_RUNTIME_DIR\"] }\nprocess = { stop_timeout = \"100ms\" }\n"+profile, nstest.Nslaunch(t),
					"run", "--new", "user,uts", "--name", "forged-inner", "--", "sleep", "1000")
				// Its own side knows it.
				systest.Until(t, func() bool {
					got := p.Run("exec", outer, "--", nstest.Nslaunch(t), "exec", "forged-inner", "echo", "entered")
					return got.Stdout == "entered\n"
				})
				refusedRecord(p, "forged-inner", "is in another user namespace than the caller")
				if l := p.List("forged-inner"); unix.Kill(l.Launcher, 0) != nil {
					t.Error("it was ended all the same")
				}
				p.Must("stop", outer)
			})
		}
	})
}

// What a sandbox puts into the directory keeps nobody from the records, and is not waited for.
func TestPlantedFiles(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces = \"new\"\nname = \"planted\"\n", "sleep", "1000")
		at := func(name string) string { return filepath.Join(p.Records(), name) }
		plant := func(file string, make func(path string) error) {
			if err := make(at(file)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Remove(at(file)) })
		}
		plant("planted-fifo.json", func(path string) error { return unix.Mkfifo(path, 0o666) })
		plant("planted-link.json", func(path string) error { return os.Symlink("/etc/passwd", path) })
		plant("planted-dir.json", func(path string) error { return os.Mkdir(path, 0o755) })
		plant("planted-huge.json", func(path string) error {
			return exec.Command("truncate", "-s", "1T", path).Run()
		})
		plant(".planted", func(path string) error { return unix.Mkfifo(path, 0o666) })
		plant("planted\x1b[2K.json", func(path string) error { return os.WriteFile(path, []byte("{}\n"), 0o600) })
		got := p.Run("ps")
		if got.Status != systest.StatusProblem || !strings.Contains(got.Stdout, "planted ") || strings.Contains(got.Stdout+got.Stderr, "\x1b") {
			t.Errorf("ps: %+v", got)
		}
		for _, want := range []string{"planted-fifo.json: not a regular file", "planted-dir.json: not a regular file", "planted-link.json: too many levels", "planted-huge.json: not a record"} {
			if !strings.Contains(got.Stderr, want) {
				t.Errorf("ps does not say %q: %s", want, got.Stderr)
			}
		}
		p.Must("exec", name, "true")
		p.Must("stop", name)
	})
}
