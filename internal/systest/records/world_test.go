package records

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// What may be secret is in no file, neither while the sandbox runs nor afterwards. All the same it is given to who enters.
func TestRecordHasNoSecrets(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces = \"new\"\nname = \"secrets\"\nenv.set = { TOKEN = \"hidden-1\" }\n", "sh", "-c", "exec sleep 1000", "hidden-2")
		if got := p.Must("exec", name, "printenv", "TOKEN"); got != "hidden-1\n" {
			t.Errorf("exec sees %q: the test tests nothing", got)
		}
		if got := p.List(name); len(got.Command) != 4 || got.Command[3] != "hidden-2" {
			t.Errorf("ps lists %q", got.Command)
		}
		file := filepath.Join(p.Records(), name+".json")
		for _, when := range []string{"while it runs", "afterwards"} {
			if text := systest.ReadFile(t, file); strings.Contains(text, "hidden") || !strings.Contains(text, `"command":["sh"]`) {
				t.Errorf("%s: the file has\n%s", when, text)
			}
			p.Must("stop", name)
		}
	})
}

// A sandbox whose pid namespace has gone without a word leaves its name; while it runs, that is taken.
func TestDeadPIDNamespace(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("namespaces = { user = \"new\", uts = \"new\" }\nname = \"other-world\"\ncommand = [\"sleep\", \"1000\"]\n")
		again := []string{"run", "./p.toml", "true"}
		cmd := p.Command()
		flags := []string{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"}
		if !u.IsRoot() {
			flags = append(flags, "--map-current-user")
		}
		other := u.Command(t, flags[0], append(flags[1:], cmd.Path, "run", "./p.toml")...)
		other.Dir, other.Env = cmd.Dir, cmd.Env
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		systest.Until(t, func() bool {
			text, err := os.ReadFile(filepath.Join(p.Records(), "other-world.json"))
			return err == nil && strings.Contains(string(text), "started")
		})
		if s := p.List("other-world"); s == nil || s.State != "elsewhere" {
			t.Errorf("ps lists %+v", s)
		}
		p.Fails(systest.StatusSetup, "it was launched in another pid or time namespace", again...)
		p.Fails(systest.StatusProblem, "it was launched in another pid or time namespace", "stop", "other-world")
		_ = unix.Kill(systest.ChildrenOf(other.Process.Pid)[0], unix.SIGKILL)
		_ = other.Wait()
		systest.Until(t, func() bool { return p.List("other-world") == nil })
		p.Must(again...)
	})
}

// Where /proc has processes alone, and no boot_id, sandboxes are recorded all the same.
func TestRecordsWithoutBootID(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		script := "set -e; [ ! -e /proc/sys ]; N=" + nstest.Nslaunch(t) + "; $N run --detach --new user,uts --name bare -- sleep 1000; $N exec bare echo entered; $N stop bare >/dev/null; $N wait bare || echo $?"
		p.Write("namespaces = { user = \"new\", pid = \"new\", mount = \"new\" }\nidmap = \"keep\"\nproc = { subset = \"pid\" }\nenv.inherit = [\"XDG_RUNTIME_DIR\", \"XDG_STATE_HOME\"]\n")
		if got := p.Run("./p.toml", "sh", "-c", script); got.Status != 0 || got.Stdout != "bare\nentered\n143\n" {
			t.Errorf("%+v", got)
		}
	})
}

// Who has made the directory in /tmp first keeps nobody from naming a sandbox.
func TestDirectoryOfAnother(t *testing.T) {
	u := nstest.Ordinary(t)
	p := systest.NewWorkplace(t, u)
	in := func(args ...string) string {
		cmd := p.Command(args...)
		cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR=")
		return nstest.MustRun(t, cmd)
	}
	taken := "/tmp/nslaunch-20001"
	if err := os.Rename(taken, taken+".aside"); err == nil { // that of other tests, with the user's records
		defer os.Rename(taken+".aside", taken)
	}
	if err := os.Mkdir(taken, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(taken)
	if _, err := os.Stat("/run/user/20001"); err == nil {
		nstest.Skip(t, "the user has a directory that goes before that in /tmp")
	}
	file := "another-dir.json"
	for _, other := range []bool{true, false} {
		if !other { // the control: it is the user's own
			if err := os.Chmod(taken, 0o700); err != nil {
				t.Fatal(err)
			}
			u.Own(t, taken)
		}
		in("run", "--detach", "--new", "user,uts", "--name", "another-dir", "--", "sleep", "1000")
		_, errState := os.Stat(filepath.Join(p.Dir, "state/nslaunch/run", file))
		_, errTmp := os.Stat(filepath.Join(taken, file))
		if (errState == nil) != other || (errTmp == nil) == other {
			t.Errorf("it is another's: %v; in state: %v, in /tmp: %v", other, errState, errTmp)
		}
		in("exec", "another-dir", "true")
		in("stop", "another-dir")
		if other {
			if err := os.Remove(filepath.Join(p.Dir, "state/nslaunch/run", file)); err != nil {
				t.Error(err)
			}
		}
	}
}
