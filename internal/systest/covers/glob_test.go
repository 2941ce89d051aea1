package covers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A glob hides each file that it matches, whatever its name, and through links. Without the glob all can be read.
func TestGlobMasks(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		odd := ".env \x1b[2Kodd\n"
		dir := systest.Tree(t, u, map[string]string{
			"w/.env": "1", "w/.env.local": "2", "w/" + odd: "3", "w/d/.env": "4", "w/in": "-> d", "w/to": "-> ../secret/.env", "w/.env.link": "-> to",
			"w/env": "5", "w/.hidden/.env": "6", "w/far": "-> ../secret", "secret/.env": "7", "w/.env.dangling": "-> nowhere", "w/.env.loop": "-> .env.loop",
			"w/.env.dir/x": "8", "w/a*b": "9", "w/axb": "a",
		})
		nstest.CheckNothingLeft(t)
		script := fmt.Sprintf("cd %s/w; cat .env .env.local .env*odd* d/.env in/.env to .env.link env .hidden/.env far/.env .env.dir/x a\\*b axb ../secret/.env 2>/dev/null", dir)
		profile := func(masked string) string {
			return systest.OwnTree(u, fmt.Sprintf("[mounts]\nrw = [%q]\nmasked = [%s]\n", dir, strings.ReplaceAll(masked, "DIR", dir+"/w")))
		}
		for name, test := range map[string]struct{ masked, want string }{
			"without": {``, "1234477567" + "89a7"},
			"literal": {`"DIR/.env"`, "234477567" + "89a7"},
			"names":   {`"DIR/.env*"`, "44569a"},
			"below":   {`"DIR/*/.env"`, "123568" + "9a"},
			"hidden":  {`'DIR/.*/.env'`, "123447757" + "89a7"},
			"star":    {`'DIR/a\*b'`, "1234477567" + "8a7"},
			"stars":   {`'DIR/a*b'`, "1234477567" + "87"},
			"none":    {`"-DIR/z*"`, "1234477567" + "89a7"},
		} {
			t.Run(name, func(t *testing.T) {
				got := nstest.Run(t, systest.ProfileCommand(t, u, profile(test.masked), "sh", "-c", script))
				if got.Stdout != test.want || got.Stderr != "" {
					t.Errorf("it reads %q (%s), want %q", got.Stdout, got.Stderr, test.want)
				}
			})
		}
		t.Run("nothing", func(t *testing.T) {
			systest.WantRefusal(t, systest.ProfileCommand(t, u, profile(`"DIR/.env", "DIR/z*"`), "true"),
				fmt.Sprintf("p.toml:5:%d: mounts.masked[1]: %q matches nothing (a \"-\" in front makes it optional)", 22+len(dir), dir+"/w/z*"))
		})
		t.Run("proc", func(t *testing.T) {
			systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, "[mounts]", `masked = ["/pro*"]`), "true"),
				`p.toml:4:11: mounts.masked[0]: /proc is made by proc = "new", "host" or "none"`)
		})
	})
}

// What a variable brings is no pattern.
func TestGlobVariable(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{"a*/x": "star", "ab/x": "other"})
		nstest.CheckNothingLeft(t)
		cmd := systest.ProfileCommand(t, u, systest.OwnTree(u, "[mounts]", `masked = ["${env:AT}/*"]`), "sh", "-c", fmt.Sprintf("cat %s/a*/x", dir))
		cmd.Env = append(cmd.Environ(), "AT="+dir+"/a*")
		if got := nstest.MustRun(t, cmd); got != "other" {
			t.Errorf("it reads %q, want what is not in the directory with a star in its name", got)
		}
	})
}

// A link that was made in one run does not lead a glob of the next one out of its directory. By
// its own name the victim is bound: the control.
func TestGlobLeadsNowhere(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{"w/a/file": "a", "w/b": "-> ../victim", "w/c": "-> a", "victim/file": "victim"})
		nstest.CheckNothingLeft(t)
		run := func(rw string) string {
			profile := systest.OwnTree(u, systest.System+fmt.Sprintf("rw = [%q]\n", rw))
			return nstest.Run(t, systest.ProfileCommand(t, u, profile, "sh", "-c", fmt.Sprintf("cd %s/w; cat */file; echo new >b/file", dir))).Stdout
		}
		victim := func() string {
			text, err := os.ReadFile(filepath.Join(dir, "victim/file"))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		if got := run(dir + "/w/*"); got != "aa" || victim() != "victim" {
			t.Errorf("a glob: it reads %q, and the victim has %q", got, victim())
		}
		if got := run(dir + "/w/*/file"); got != "aa" || victim() != "victim" {
			t.Errorf("a glob in between: it reads %q, and the victim has %q", got, victim())
		}
		t.Run("without", func(t *testing.T) { // by its name, the caller wants the link to be followed
			if got := run(dir + "/w/b"); got != "victim" || victim() != "new\n" {
				t.Errorf("it reads %q, and the victim has %q: this is no attack", got, victim())
			}
		})
	})
}

// plan names each match, what matches nothing, and what is left out.
func TestGlobPlan(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{"w/.env": "1", "w/.env.b": "2", "w/out": "-> /usr", "w/other": "x"})
		profile := systest.OwnTree(u, fmt.Sprintf("[mounts]\nrw = [%q]\nmasked = [%q, %q]\nro = [%q]\n", dir, dir+"/w/.env*", "-"+dir+"/w/z*", dir+"/w/o*"))
		cmd := u.Command(t, nstest.Nslaunch(t), "plan", "p.toml", "true")
		u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
		got := nstest.MustRun(t, cmd)
		at := len(fmt.Sprintf("masked = [%q, ", dir+"/w/.env*")) + 1
		for _, want := range []string{
			"p.toml:5:11  mask " + dir + "/w/.env with /dev/null\n",
			"p.toml:5:11  mask " + dir + "/w/.env.b with /dev/null\n",
			fmt.Sprintf("p.toml:5:%d  leave out '%s': it matches nothing\n", at, dir+"/w/z*"),
			"leave out " + dir + "/w/out: it is a link out of " + dir + "/w\n",
			"bind " + dir + "/w/other on " + dir + "/w/other, ro",
		} {
			if !strings.Contains(strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(want), " ")) {
				t.Errorf("plan says\n%swant in it\n%s", got, want)
			}
		}
	})
}

// show prints a pattern, from which the same profile is read again.
func TestGlobShow(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	show := func(name string) string {
		cmd := exec.Command(nstest.Nslaunch(t), "show", name)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), `AT=/a*\x`)
		return nstest.MustRun(t, cmd)
	}
	write("base.toml", "version = 1\nnamespaces = \"new\"\n[mounts]\nmasked = ['/x/.env*', '/x/a\\*b', '${env:AT}/*', \"${env:AT}\"]\n")
	write("p.toml", "version = 1\nextends = [\"./base.toml\"]\nmounts.masked.remove = ['/x/a\\*b']\nmounts.rw = ['/x/.env*']\n")
	first := show("p.toml")
	for _, want := range []string{`masked = ["/a\\*\\\\x/*", "/a\\*\\\\x"]`, `rw = ["/x/.env*"]`} {
		if !strings.Contains(first, want+"\n") {
			t.Errorf("show prints\n%swant in it %s", first, want)
		}
	}
	write("again.toml", strings.ReplaceAll(first, `base = "p"`, `base = "again"`))
	if again := show("again.toml"); strings.ReplaceAll(again, `"again"`, `"p"`) != first {
		t.Errorf("the second time\n%snot\n%s", again, first)
	}
}

// Two masks of one file are one, as are two binds of one, whichever way a link leads to it. Of what differs neither wins.
func TestTwiceTheSame(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{".env": "secret", ".envrc": "-> .env", "d/x": "x", "e": "-> d"})
		nstest.CheckNothingLeft(t)
		with := func(list string) string {
			return systest.OwnTree(u, "[mounts]", strings.ReplaceAll(list, "DIR", dir))
		}
		script := "cat .env .envrc d/x e/x; (echo y >d/x) 2>/dev/null || echo ro"
		for _, test := range []struct{ name, list, want string }{
			{"binds", `ro = ["DIR/d", "DIR/e"]`, "secretsecretxxro\n"},
			{"masks", `masked = ["DIR/.env", "DIR/.envrc"]`, "xx"},
			{"without", `rw = ["DIR"]`, "secretsecrety\ny\n"},
		} {
			t.Run(test.name, func(t *testing.T) {
				systest.WantInside(t, u, with(test.list), "cd "+dir+"; "+script, test.want)
			})
		}
		t.Run("different", func(t *testing.T) {
			systest.WantRefusal(t, systest.ProfileCommand(t, u, with("ro = [\"DIR/d\"]\nrw = [\"DIR/e\"]"), "true"),
				fmt.Sprintf("p.toml:5:7: mounts.rw[0]: %s/e leads to %[1]s/d inside, and would hide %[1]s/d", dir))
		})
	})
}
