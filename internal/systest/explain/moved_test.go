package explain

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A command cannot hide from explain what its sandbox has: that it changed its root directory or namespaces is noted, and the names that it
// gives to mounts do nothing to a terminal.
func TestMoved(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for name, test := range map[string]struct{ script, note string }{
			"still":   {"exec sleep 300", ""},
			"chroot":  {"mkdir -p r && mount --rbind /usr r && exec chroot r /bin/sleep 300", "the command has another root directory"},
			"no init": {"mkdir -p r && mount --rbind /usr r && exec chroot r /bin/sleep 300", "no init of nslaunch runs in the sandbox"},
			"unshare": {"exec unshare --user --map-root-user --mount sh -c 'mount -t tmpfs x /usr/share && exec sleep 300'",
				"the command has changed its namespaces (user, mount)"},
			"hidden": {"mount -t tmpfs x \"$HOME\" && exec sleep 300", ""},
			"names":  {"d=$(printf 'a\\033[2J\\nb\\342\\200\\256c'); mkdir \"$d\" && mount -t tmpfs x \"$d\" && exec sleep 300", ""},
		} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, u)
				w.T = t
				w.Write("name = \"moves\"\nnamespaces = \"new\"\nproc = \"new\"\nenv.inherit.add = [\"HOME\"]\n")
				init := fmt.Sprintf("process.init=%t", name != "no init")
				if got := w.run("run", "--detach", "--set", init, "./p.toml", "--", "sh", "-c", test.script); got.Status != 0 {
					t.Fatalf("%+v", got)
				}
				defer w.run("stop", "moves")
				s, refused := w.explained("moves")
				for start := time.Now(); refused == "" && !w.sleeps(s.PID) && time.Since(start) < 10*time.Second; {
					time.Sleep(10 * time.Millisecond)
				}
				s, refused = w.explained("moves")
				if refused != "" {
					t.Fatal(refused)
				}
				if test.note == "" && len(s.Notes) > 0 || test.note != "" && (len(s.Notes) != 1 || !strings.Contains(s.Notes[0].Text, test.note)) {
					t.Errorf("it notes %+v", s.Notes)
				}
				if name == "no init" {
					return // what it shows is up to the command
				}
				if name == "hidden" {
					if s.gap("covers") == "" {
						t.Errorf("it hides the home directory from explain, and can show it again: %+v", s.NotProtected)
					}
					return
				}
				if !s.HostFiles || s.around(w.home).Path != "/" || s.Home.Access != "write" {
					t.Errorf("the files are %+v", s.Places)
				}
				for _, form := range []string{"--all", "--color=always", "--json", "--svg"} {
					got := w.run("explain", form, "moves")
					if got.Status != 0 || strings.Contains(got.Stdout, "\x1b[2J") || strings.Contains(got.Stdout, "\u202e") || strings.Contains(got.Stdout, "\nb") {
						t.Errorf("%s: %+v", form, got)
					}
				}
			})
		}
	})
}

// sleeps reports whether a process has become sleep(1).
func (w *world) sleeps(pid int) bool {
	return strings.HasPrefix(systest.ReadFile(w.T, fmt.Sprintf("/proc/%d/comm", pid)), "sleep")
}
