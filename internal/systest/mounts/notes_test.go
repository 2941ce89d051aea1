package mounts

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// Where a profile may not do what its author thinks, plan and check --host say so, and run does not.
func TestNotes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := nstest.NewOuter(t, mountprop.Private)
		dir := systest.Tree(t, u, map[string]string{"tree/sub": "/", "tree/more": "/", "on": "/", "root/proc": "/", "root/sub": "/"})
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "sh", "-euc", fmt.Sprintf(
			"cd %s; mount -t tmpfs x tree/sub; mkdir tree/sub/deep; mount -t tmpfs x tree/sub/deep; mount -t tmpfs x tree/more; mount -t tmpfs x root/sub", dir)))
		nstest.CheckNothingLeft(t)
		for name, test := range map[string]struct {
			rest string
			want []string
		}{
			"writable": {`[mounts]
rw = ["DIR/on"]
ro = ["-DIR/on/nothing", "-/no/thing"]
masked = ["-DIR/on/secret", "-DIR/on/secret/deeper"]
`, []string{
				`p.toml:6:7: mounts.ro[0]: DIR/on/nothing does not exist, so it is not read-only: the sandbox could create it, because DIR/on is writable (create it before the launch)`,
				`p.toml:6:LIST: mounts.ro[1]: /no/thing does not exist, so it is not read-only: the sandbox could create it, because the root is writable (create it before the launch)`,
				`p.toml:7:11: mounts.masked[0]: DIR/on/secret does not exist, so it is not masked: the sandbox could create it, because DIR/on is writable (create it before the launch)`,
				`p.toml:7:MASK: mounts.masked[1]: DIR/on/secret/deeper does not exist, so it is not masked: the sandbox could create it, because DIR/on is writable (create it before the launch)`,
			}},
			"not writable": {`root = { readonly = true }
[mounts]
tmpfs = ["/mnt"]
ro = ["DIR/on", "-DIR/on/nothing", "-/no/thing", "-/mnt/x"]
masked = ["-DIR/on/secret", "-/no/thing/else", "-/mnt/y"]
rw = ["-/nothing"]
`, nil},
			"not recursive": {`[mounts]
"DIR/on" = { ro = "DIR/root", recursive = false }
`, []string{`p.toml:5:1: mounts."DIR/on": a bind that is not recursive of DIR/root does not show what is mounted on DIR/root/sub`}},
			"overlay": {`[mounts]
"DIR/on" = { type = "overlay", lower = ["DIR/tree", "DIR/root"] }
`, []string{
				`p.toml:5:1: mounts."DIR/on": an overlay of DIR/tree does not show what is mounted on DIR/tree/more, DIR/tree/sub`,
				`p.toml:5:1: mounts."DIR/on": an overlay of DIR/root does not show what is mounted on DIR/root/sub`,
			}},
			"root": {`root = { path = "DIR/root", overlay = "tmpfs" }
`, []string{`p.toml:4:MASK: root.overlay: an overlay of DIR/root does not show what is mounted on DIR/root/sub`}},
			"recursive": {`[mounts]
"DIR/on" = { ro = "DIR/tree" }
`, nil},
		} {
			t.Run(name, func(t *testing.T) {
				profile := systest.OwnTree(u, openKernel+strings.ReplaceAll(test.rest, "DIR", dir))
				names := strings.NewReplacer("DIR", dir, "LIST", fmt.Sprint(23+len(dir)), "MASK", fmt.Sprint(26+len(dir)))
				want := ""
				for _, w := range test.want {
					want += "nslaunch: note: " + names.Replace(w) + "\n"
				}
				run := func(status int, args ...string) nstest.Result {
					cmd := noteCommand(t, outer, u, profile, args...)
					got := nstest.Run(t, cmd)
					if got.Status != status {
						t.Errorf("%v: %+v", args, got)
					}
					return got
				}
				if got := run(0, "plan", "p.toml", "true"); got.Stderr != want {
					t.Errorf("plan says\n%swant\n%s", got.Stderr, want)
				}
				if got := run(0, "check", "--host", "p.toml"); got.Stderr != want || got.Stdout != "" {
					t.Errorf("check --host says\n%s%swant\n%s", got.Stdout, got.Stderr, want)
				}
				if got := run(0, "check", "p.toml"); got.Stderr != "" {
					t.Errorf("check says %s", got.Stderr)
				}
				type note struct {
					Level, Note, Message, File, Key string
					Line, Column                    int
				}
				var plan struct{ Notes []note }
				got := run(0, "plan", "--json", "p.toml", "true")
				if err := json.Unmarshal([]byte(got.Stdout), &plan); err != nil || got.Stderr != "" {
					t.Fatalf("%v: %s", err, got.Stderr)
				}
				var check []note
				if err := json.Unmarshal([]byte(run(0, "check", "--host", "--json", "p.toml").Stdout), &check); err != nil {
					t.Fatal(err)
				}
				line := func(n note, text string) string {
					return fmt.Sprintf("nslaunch: note: %s:%d:%d: %s: %s\n", n.File, n.Line, n.Column, n.Key, text)
				}
				inPlan, inCheck := "", ""
				for _, n := range plan.Notes {
					inPlan += line(n, n.Note)
				}
				for _, n := range check {
					if n.Level != "note" {
						t.Errorf("level %q", n.Level)
					}
					inCheck += line(n, n.Message)
				}
				if inPlan != want || inCheck != want {
					t.Errorf("as JSON, plan says\n%scheck\n%swant\n%s", inPlan, inCheck, want)
				}
			})
		}
		// In a new user namespace the overlays would not come to be.
		if u.IsRoot() {
			got := nstest.Run(t, systest.OuterCommand(t, outer, u, systest.OwnTree(u, fmt.Sprintf("[mounts]\n%q = { type = \"overlay\", lower = [%q] }", dir+"/on", dir+"/tree")), "ls", dir+"/on"))
			if want := (nstest.Result{Stdout: "more\nsub\n"}); !reflect.DeepEqual(got, want) {
				t.Errorf("run: got %+v; want %+v", got, want)
			}
		}
	})
}

// openKernel spares root the note that it could write to the kernel's settings.
const openKernel = "restrict.kernel = false\n"

// noteCommand is u's nslaunch with these arguments, for a profile of this text.
func noteCommand(t *testing.T, o *nstest.Outer, u nstest.User, profile string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := systest.OuterCommand(t, o, u, profile)
	at := len(cmd.Args) - 2 // p.toml --
	cmd.Args = append(cmd.Args[:at], args...)
	return cmd
}

// An overlay of the host's tree says what it does not cover.
func TestHostOverlayNotes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := nstest.NewOuter(t, mountprop.Private)
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "-t", "tmpfs", "x", "/media"))
		got := nstest.Run(t, noteCommand(t, outer, u, systest.OwnTree(u, openKernel+"root = { overlay = \"tmpfs\" }"), "plan", "p.toml", "true"))
		for _, want := range []string{"p.toml:4:10: root.overlay: the overlay does not include directories with mounts on or below them, and they are read-only: ", "/media", "/sys", "root.overlay: the overlay does not include the host's own /dev\n"} {
			if !strings.Contains(got.Stderr, want) {
				t.Errorf("plan says\n%s; want %q", got.Stderr, want)
			}
		}
		if n := strings.Count(got.Stderr, "\n"); n != 2 {
			t.Errorf("%d notes:\n%s", n, got.Stderr)
		}
		// And so it is.
		cmd := systest.OuterCommand(t, outer, u, systest.OwnTree(u, "root = { overlay = \"tmpfs\" }"), "sh", "-c", "touch /media/x 2>/dev/null || echo read-only; touch /srv/x 2>/dev/null && echo written")
		if got := nstest.MustRun(t, cmd); got != "read-only\nwritten\n" {
			t.Errorf("got %s", got)
		}
	})
}

// The working directory is where the caller is, if that can be seen inside.
func TestCwdInTree(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		script := `pwd; ls -A | wc -l`
		for rest, want := range map[string]string{
			"root = { readonly = true }":                                                 "CWD\n1\n",
			"[mounts]\ntmpfs = [\"/mnt\"]":                                               "CWD\n1\n",
			systest.System + "rw = [\"${cwd}\"]":                                         "CWD\n1\n",
			"[mounts]\ntmpfs = [\"${cwd}\"]":                                             "CWD\n0\n",
			"[mounts]\nmasked = [\"${cwd}\"]":                                            "CWD\n0\n",
			"[mounts]\ntmpfs = [\"${cwd}/..\"]":                                          "",
			"[mounts]\n\"${cwd}\" = { ro = \"/etc/apt\" }":                               "CWD\n" + countFiles(t, "/etc/apt"),
			systest.System + "tmpfs = [\"/tmp\"]":                                        "/\n7\n",
			"root = { overlay = \"tmpfs\" }":                                             "CWD\n1\n",
			"process.cwd = \"/usr\"\n" + systest.System:                                  "/usr\n" + countFiles(t, "/usr"),
			"process.cwd = \"/tmp/deep\"\n" + systest.System + "tmpfs = [\"/tmp/deep\"]": "/tmp/deep\n0\n",
		} {
			cmd := systest.ProfileCommand(t, u, systest.OwnTree(u, rest), "sh", "-c", script)
			if want == "" {
				want = "/\n"
				if got := nstest.MustRun(t, cmd); !strings.HasPrefix(got, want) {
					t.Errorf("%s: got %s; want %s", rest, got, want)
				}
				continue
			}
			if got, want := nstest.MustRun(t, cmd), strings.ReplaceAll(want, "CWD", cmd.Dir); got != want {
				t.Errorf("%s: got %s; want %s", rest, got, want)
			}
		}
	})
}

// countFiles is what ls -A | wc -l prints.
func countFiles(t *testing.T, dir string) string {
	t.Helper()
	return nstest.MustRun(t, exec.Command("sh", "-c", "ls -A "+dir+" | wc -l"))
}
