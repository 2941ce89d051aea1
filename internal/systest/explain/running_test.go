package explain

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// What explain says of a sandbox that runs, by its name or a pid of it, is what it says of its profile.
func TestRunning(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		profiles := ownProfiles()
		profiles["npm"] = "extends = [\"preset:npm\"]\n"
		profiles["base"] = "extends = [\"preset:base\"]\n"
		for name, text := range profiles {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, u)
				w.T = t
				w.Write("name = \"shown\"\ncommand = [\"sleep\", \"300\"]\n" + text)
				planned, refused := w.explained("./p.toml")
				if refused != "" {
					t.Fatal(refused)
				}
				if got := w.run("run", "--detach", "./p.toml"); got.Status != 0 {
					t.Fatalf("%+v", got)
				}
				defer w.run("stop", "shown")
				running, refused := w.explained("shown")
				if refused != "" {
					t.Fatal(refused)
				}
				if running.PID == 0 || !slices.Equal(running.Command, []string{"sleep", "300"}) {
					t.Errorf("the process is %d, and the command %q", running.PID, running.Command)
				}
				w.Fails(2, "is a sandbox that runs, and is shown as it is (write nslaunch explain shown, without flags and a command)", "explain", "shown", "ls")
				byPID, refused := w.explained(fmt.Sprint(running.PID))
				if refused != "" || !reflect.DeepEqual(byPID, running) {
					t.Errorf("by its pid it is %+v, %s", byPID, refused)
				}
				for _, s := range []*summary{planned, running} {
					s.PID = 0
					s.Places = slices.DeleteFunc(s.Places, func(p place) bool { return p.Shows == "kernel" || p.Shows == "device" })
				}
				for _, p := range planned.Places {
					if !slices.Contains(running.Places, p) {
						t.Errorf("%+v is not so while it runs", p)
					}
				}
				// A bind of the host's tree shows what the host has mounted there, which no plan lists.
				for _, p := range running.Places {
					if p.Shows != "host" && !slices.Contains(planned.Places, p) {
						t.Errorf("%+v is in no plan", p)
					}
				}
				planned.Places, running.Places = nil, nil
				planned.Notes = nil // of the profile
				e := planned.Environment
				e.Set = append(e.Set, e.Inherited...)
				slices.Sort(e.Set)
				e.Inherited = nil
				if !reflect.DeepEqual(planned, running) {
					t.Errorf("the profile is\n%+v\nthe sandbox\n%+v", planned, running)
				}
			})
		}
	})
}

// A sandbox of another user is not explained, nor one that is not there. Nothing is said on standard output then.
func TestNotRunning(t *testing.T) {
	w := newWorld(t, nstest.Ordinary(t))
	w.Fails(1, `no sandbox of that name: "nobody"`, "explain", "nobody")
	w.Fails(1, "there is no process 999999999", "explain", "999999999")
	w.Fails(1, fmt.Sprintf("process %d belongs to another user", os.Getpid()), "explain", fmt.Sprint(os.Getpid()))
	w.Fails(2, "--json and --svg exclude each other", "explain", "--json", "--svg", "preset:dev")
	w.Fails(2, `"nobody" is not a profile: a profile has`, "explain", "--set", "hostname=x", "nobody")
	w.Fails(2, `"sleep" is not a profile (for a program, put one in front: nslaunch explain preset:dev sleep 1)`, "explain", "sleep", "1")
	w.Fails(2, "no profile", "explain")
}

// A profile that cannot run here is an error at its line, as with plan.
func TestCannotRun(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		w.Write("command = [\"true\"]\nnamespaces = \"new\"\n[mounts]\nro = [\"/no/such/file\"]\n")
		want := w.run("plan", "./p.toml").Stderr
		if got := w.run("explain", "./p.toml"); got.Status != 1 || got.Stdout != "" || got.Stderr != want || !strings.Contains(want, "p.toml:5:7: mounts.ro[0]: ") {
			t.Errorf("got %+v, and plan says\n%s", got, want)
		}
	})
}

// The text fits into the terminal, whatever the names are, and shows none of their control characters.
func TestHostileNames(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		name := "a\x1b[2J\n\u202eb <script>"
		systest.MakeDirs(t, w.Dir+"/"+name)
		u.Own(t, w.Dir+"/"+name)
		w.Write("namespaces = \"new\"\nidmap = \"keep\"\n[mounts]\nrw = [\"${cwd}/a\\u001b[2J\\n\\u202eb <script>\"]\n")
		for _, form := range []string{"--all", "--json", "--svg", "--color=always"} {
			got := w.run("explain", form, "./p.toml", "--", "printf", name)
			if got.Status != 0 || got.Stdout == "" {
				t.Fatalf("%s: %+v", form, got)
			}
			if strings.Contains(got.Stdout, "\x1b[2J") || strings.ContainsAny(got.Stdout, "\u202e\a") || strings.Contains(got.Stdout, "\nb") ||
				form == "--svg" && strings.Contains(got.Stdout, "<script") {
				t.Errorf("%s:\n%q", form, got.Stdout)
			}
			for line := range strings.Lines(got.Stdout) {
				if form == "--all" && len([]rune(line)) > 81 {
					t.Errorf("too long: %s", line)
				}
			}
		}
	})
}

// A plan for people has the sum of it on top. One for a pipe, and one for programs, has the steps alone.
func TestPlanOnTop(t *testing.T) {
	w := newWorld(t, nstest.Ordinary(t))
	w.Write("command = [\"true\"]\nnamespaces = { user = \"new\", net = \"new\" }\n")
	top := "can write      all files of the host that your user can write (kept)\ncannot see     nothing is hidden\n" +
		"network        none, only its own loopback\nruns as        uid 0, gid 0 inside; "
	painted := w.run("plan", "--color=always", "./p.toml")
	plain := strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(painted.Stdout)
	if painted.Status != 0 || !strings.HasPrefix(plain, top) {
		t.Errorf("%+v", painted)
	}
	for _, form := range []string{"--color=never", "--json", "--syscalls"} {
		if got := w.run("plan", form, "./p.toml"); got.Status != 0 || got.Stdout == "" || strings.Contains(got.Stdout, "can write") {
			t.Errorf("%s: %+v", form, got)
		}
	}
}
