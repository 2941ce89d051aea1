package mounts

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// other is a sandbox whose command is not whom the stage is that sets it up.
type other struct {
	name, top string // the profile down to [mounts], which begins with keys
	id        uint32
}

// others are those that u may have.
func others(u nstest.User) []other {
	const as, namespaces = "process = { uid = 1000, gid = 1000 }\n", "version = 1\nnamespaces = \"new\"\n"
	if u.IsRoot() {
		return []other{
			{"without a user namespace", systest.OwnTree(u) + as, 1000},
			{"in a user namespace", namespaces + as + "idmap = { uid = [{ inside = 0, outside = 0 }, { inside = 1000, outside = 5000, count = 9 }], " +
				"gid = [{ inside = 0, outside = 0 }, { inside = 1000, outside = 5000, count = 9 }] }\n", 1000},
		}
	}
	return []other{
		{"itself", namespaces + "idmap = \"keep+subid\"\n", uint32(u.UID)},
		{"another", namespaces + "idmap = \"root+subid\"\n" + as, 1000},
	}
}

// eachOther runs a test for each sandbox of each user whose command is not the stage.
func eachOther(t *testing.T, test func(t *testing.T, u nstest.User, o other)) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, o := range others(u) {
			t.Run(o.name, func(t *testing.T) { test(t, u, o) })
		}
	})
}

// madeEntries is an entry of each kind that nslaunch makes. SAID stands for what else is said.
const madeEntries = `"/t" = { type = "tmpfs", mode = "0700"SAID }
"/t/a/b/c" = { type = "file", content = "c" }
"/d" = { type = "dir", mode = "0700"SAID }
"/s" = { type = "dir", mode = "2711"SAID }
"/f" = { type = "file", content = "text\n", mode = "0600"SAID }
"/g" = { type = "file", source = "/etc/passwd", mode = "4600"SAID }
"/l" = { type = "symlink", to = "f"SAID }
"/etc/passwd" = { type = "passwd", mode = "0600"SAID }
"/etc/group" = { type = "group", mode = "0600"SAID }
`

// owned are the targets of madeEntries.
const owned = "/t /d /s /f /g /l /etc/passwd /etc/group"

func entries(said string) string {
	return systest.System + strings.ReplaceAll(madeEntries, "SAID", said)
}

// stats prints mode, owner and name of each.
func stats(names string) string { return "stat -c '%a %u:%g %n' " + names }

// What nslaunch makes belongs to whom the command runs as, and the command can use it.
func TestMadeForCommand(t *testing.T) {
	const try = `for f in /t/x /d/x /t/a/x /t/a/b/x /x /y/z/x; do : >>$f && echo $f; done
for d in /t /d /s; do cd $d && ls -A; done; cat /f /etc/passwd >/dev/null && echo x >/f && cat /f`
	eachOther(t, func(t *testing.T, u nstest.User, o other) {
		nstest.CheckNothingLeft(t)
		who := fmt.Sprintf("%d:%d", o.id, o.id)
		systest.WantInside(t, u, o.top+entries("")+"\"/y/z/w\".ro = \"/etc/passwd\"\n", "umask 022\n"+try+"\n"+stats("/ "+owned+" /t/a /t/a/b /t/a/b/c /y /y/z /etc"), strings.ReplaceAll(`/t/x
/d/x
/t/a/x
/t/a/b/x
/x
/y/z/x
a
x
x
x
755 WHO /
700 WHO /t
700 WHO /d
2711 WHO /s
600 WHO /f
4600 WHO /g
777 WHO /l
600 WHO /etc/passwd
600 WHO /etc/group
755 WHO /t/a
755 WHO /t/a/b
644 WHO /t/a/b/c
755 WHO /y
755 WHO /y/z
755 WHO /etc
`, "WHO", who))
		// The control: as it was, all was root's.
		t.Run("without", func(t *testing.T) {
			got := systest.Printed(t, u, o.top+entries(", uid = 0, gid = 0"), "for f in /t/x /d/x /s/x /f /g /etc/passwd; do (: >>$f) 2>/dev/null && echo $f; done; cd /t; cd /d; cat /f; "+stats(owned))
			if strings.Contains(got, "text") || strings.Count(got, "ermission denied") != 2 && strings.Count(got, "can't cd") != 2 || strings.Count(got, " 0:0 /") != 8 || strings.Contains(got, "\n/") {
				t.Errorf("with uid = 0 and gid = 0, it prints\n%s", got)
			}
		})
	})
}

// An entry says else, also half of it.
func TestOwnerOfEntry(t *testing.T) {
	eachOther(t, func(t *testing.T, u nstest.User, o other) {
		for _, test := range []struct {
			said     string
			uid, gid uint32
		}{{", uid = 1003, gid = 1004", 1003, 1004}, {", uid = 1003", 1003, o.id}, {", gid = 1004", o.id, 1004}, {", uid = 0", 0, o.id}} {
			got := systest.Printed(t, u, o.top+strings.ReplaceAll(entries(test.said), "mode = \"0700\"", "mode = \"0755\""), stats(owned))
			if n := strings.Count(got, fmt.Sprintf(" %d:%d /", test.uid, test.gid)); n != 8 {
				t.Errorf("with %s it prints\n%s", test.said, got)
			}
		}
	})
}

// /dev is root's, and what is made in it for others.
func TestDevIsRoots(t *testing.T) {
	eachOther(t, func(t *testing.T, u nstest.User, o other) {
		systest.WantInside(t, u, o.top+systest.System+"\"/dev/a/b/c\" = { type = \"file\", content = \"\" }\n\"/dev/shm/a/b\" = { type = \"dir\" }\n", "(: >/dev/a/x) 2>/dev/null || echo refused; "+
			stats("/dev /dev/a /dev/a/b /dev/a/b/c /dev/shm /dev/shm/a/b /dev/fd"),
			strings.ReplaceAll("refused\n755 0:0 /dev\n755 0:0 /dev/a\n755 0:0 /dev/a/b\n644 WHO /dev/a/b/c\n1777 0:0 /dev/shm\n755 WHO /dev/shm/a/b\n777 0:0 /dev/fd\n", "WHO", fmt.Sprintf("%d:%d", o.id, o.id)))
	})
}

// An owner that is the stage itself costs nothing: the calls are those of a plan that says nothing of it.
func TestOwnerCostsNothing(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := u.TempDir(t)
		calls := func(said string) string {
			cmd := u.Command(t, nstest.Nslaunch(t), "plan", "--syscalls", "p.toml", "true")
			cmd.Dir = dir
			u.WriteFile(t, cmd.Dir+"/p.toml", "version = 1\nnamespaces = \"new\"\n"+entries(said))
			return nstest.MustRun(t, cmd)
		}
		plain := calls("")
		if strings.Contains(plain, "fchownat") || strings.Contains(plain, `"uid"`) || strings.Contains(plain, ", uid 0") {
			t.Errorf("whose it is anyway is said:\n%s", plain)
		}
		if said := calls(", uid = 0, gid = 0"); said != plain {
			t.Errorf("with the stage for an owner:\n%s\nwant\n%s", said, plain)
		}
	})
}

// Who cannot be the owner is refused before anything is made.
func TestOwnerRefused(t *testing.T) {
	u, root := nstest.Ordinary(t), nstest.Superuser(t)
	systest.WantRefusal(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = \"new\"\nidmap = \"keep\"\nroot = \"tmpfs\"\n[mounts]\n\"/a\" = { type = \"tmpfs\", uid = 0 }\n\"/b\" = { type = \"dir\", gid = 7 }\n", "true"),
		fmt.Sprintf(`p.toml:6:26: mounts."/a".uid: uid 0 is not mapped in the sandbox, which has %d`, u.UID),
		fmt.Sprintf(`p.toml:7:24: mounts."/b".gid: gid 7 is not mapped in the sandbox, which has %d`, u.GID))
	t.Run("without CAP_CHOWN", func(t *testing.T) {
		run := func(more, entry string) *nstest.Result {
			cmd := systest.ProfileCommand(t, root, "version = 1\nnamespaces.mount = \"new\"\n"+more+"root = \"tmpfs\"\n[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n"+entry, "stat", "-c", "%u", "/a")
			cmd.Args = append([]string{"setpriv", "--bounding-set=-chown", "--inh-caps=-chown"}, cmd.Args...)
			cmd.Path = "/usr/bin/setpriv"
			got := nstest.Run(t, cmd)
			return &got
		}
		const words = " needs CAP_CHOWN, which uid 0 does not have here (start nslaunch with it, in podman and docker --cap-add CHOWN)\n"
		for _, test := range []struct{ more, entry, want string }{
			{"", `"/a" = { type = "dir", uid = 5 }`, `p.toml:6:24: mounts."/a".uid: giving what nslaunch makes to uid 5` + words},
			{"process.uid = 5\n", `"/a" = { type = "dir" }`, `p.toml:3:9: process.uid: giving what nslaunch makes to uid 5` + words},
			{"process.gid = 5\n", `"/b/c/d" = { type = "tmpfs" }`, `p.toml:3:9: process.gid: giving what nslaunch makes to gid 5` + words},
		} {
			if got := run(test.more, test.entry); got.Status != systest.StatusSetup || got.Stderr != "nslaunch: error: "+test.want {
				t.Errorf("%s%s: status %d, %s", test.more, test.entry, got.Status, got.Stderr)
			}
		}
		// A tmpfs has its owner from the beginning.
		if got := run("process.uid = 5\n", `"/a" = { type = "tmpfs" }`); got.Stdout != "5\n" {
			t.Errorf("a tmpfs: %+v", *got)
		}
	})
	t.Run("joined", func(t *testing.T) {
		nstest.EachUser(t, func(t *testing.T, u nstest.User) {
			h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces.user = \"new\"\ncommand = [\"cat\"]\n"))
			for entry, call := range map[string]string{`type = "tmpfs", uid = 7`: "mount tmpfs on /a with mode=0755,uid=7,nodev,nosuid: EINVAL\n  the kernel says: tmpfs: Invalid uid '7'", `type = "dir", gid = 7`: "make the directory /a, mode 0755, gid 7: EINVAL"} {
				systest.WantFailure(t, systest.ProfileCommand(t, u, fmt.Sprintf("version = 1\nnamespaces = { user = \"pid:%d\", mount = \"new\" }\nroot = \"tmpfs\"\n[mounts]\n\"/a\" = { %s }\n", h.PID, entry), "true"),
					`p.toml:5:1: mounts."/a": step #, `+call+"\n  the owner of the new file is not mapped in the sandbox's user namespace\n  try: set uid and gid to ids that are")
			}
			h.Release(t)
		})
	})
}

// The top of an overlay has the owner of what it is laid over, else the command's, and keeps it.
func TestOwnerOfOverlay(t *testing.T) {
	nstest.Require(t, nstest.FileSystem("overlay"))
	eachOther(t, func(t *testing.T, u nstest.User, o other) {
		lower := systest.Tree(t, u, map[string]string{"own/x": "/", "foreign/x": "/", "own/kept/x": "/"})
		if err := os.Chown(lower+"/foreign", 12345, 12345); err != nil {
			t.Fatal(err)
		}
		// The caller is 0 inside, or itself.
		caller, foreign := "0:0", fmt.Sprintf("%d:%d", o.id, o.id)
		if o.name == "itself" {
			caller = foreign
		}
		if !strings.Contains(o.top, `namespaces = "new"`) {
			foreign = "12345:12345"
		}
		state := u.TempDir(t)
		if u.IsRoot() {
			t.Cleanup(func() {
				for _, name := range []string{"own", "foreign", "said", "half"} {
					systest.RemoveLayer(t, "/var/lib/nslaunch/owner-"+name)
				}
			})
		}
		inState := func(profile, script string) string {
			cmd := systest.ProfileCommand(t, u, profile, "sh", "-c", "exec 2>&1\n"+script)
			cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
			return nstest.MustRun(t, cmd)
		}
		for _, keep := range []string{"", `, dir = "${state}/owner-N", create = true`} {
			for _, test := range []struct{ name, entry, want string }{
				{"own", fmt.Sprintf("lower = [\"%s/own\"]", lower), caller},
				{"foreign", fmt.Sprintf("lower = [\"%s/foreign\"]", lower), foreign},
				{"said", fmt.Sprintf("lower = [\"%s/foreign\"], uid = 1003, gid = 1004", lower), "1003:1004"},
				{"half", fmt.Sprintf("lower = [\"%s/own\"], gid = 1004", lower), strings.Split(caller, ":")[0] + ":1004"},
			} {
				profile := o.top + systest.Programs + fmt.Sprintf("\"/mnt\" = { type = \"overlay\", %s%s }\n", test.entry, strings.ReplaceAll(keep, "N", test.name))
				for range 2 { // the second time it is there
					if got := inState(profile, "stat -c %u:%g /mnt; (: >/mnt/made) 2>/dev/null && echo written || echo refused"); !strings.HasPrefix(got, test.want+"\n") ||
						strings.Contains(got, "written") != strings.HasPrefix(test.want, fmt.Sprint(o.id, ":")) {
						t.Errorf("%s%s: %s; want %s", test.name, keep, got, test.want)
					}
				}
			}
		}
		// Only what was missing changes hands.
		got := inState(o.top+fmt.Sprintf("root = { path = %q, overlay = \"tmpfs\" }\n", systest.RootFiles(t, u, "srv/a"))+systest.Programs+
			fmt.Sprintf("\"/srv\" = { type = \"overlay\", lower = [\"%s/own\"] }\n\"/srv/kept/new/y\".ro = \"/etc/passwd\"\n\"/etc/b/c\".ro = \"/etc/passwd\"\n", lower), stats("/srv/kept /srv/kept/new /etc /etc/b"))
		if want := fmt.Sprintf("755 %s /srv/kept\n755 %d:%[2]d /srv/kept/new\n755 %s /etc\n755 %[2]d:%[2]d /etc/b\n", caller, o.id, caller); got != want {
			t.Errorf("the directories above are\n%swant\n%s", got, want)
		}
	})
}

// preset:dev works with subordinate ids around the caller's own.
func TestPresetDevWithSubids(t *testing.T) {
	nstest.Require(t, nstest.Tools("git"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		outer := nstest.OuterSubIDs(t, fmt.Sprintf("%s:1000000:65536\n", u.Name))
		run := func(profile string) nstest.Result {
			cmd := systest.OuterCommand(t, outer, u, "version = 1\nextends = [\"preset:dev\"]\nidmap = \"keep+subid\"\n"+profile,
				"sh", "-c", `git status --short --branch | head -n1 && touch ~/x && stat -c '%a %u' ~ / /home && id -u && ls ~`)
			nstest.MustRun(t, u.Command(t, "git", "init", "-q", "-b", "main", cmd.Dir))
			return nstest.Run(t, cmd)
		}
		want := fmt.Sprintf("## No commits yet on main\n700 %[1]d\n755 %[1]d\n755 %[1]d\n%[1]d\nx\n", u.UID)
		if got := run(""); got.Stdout != want || got.Status != 0 {
			t.Errorf("got %+v, want %s", got, want)
		}
		if u.IsRoot() {
			return // whoever is 0 inside is the stage, too
		}
		t.Run("without", func(t *testing.T) {
			if got := run("[mounts]\n\"${home}\" = { type = \"tmpfs\", mode = \"0700\", uid = 0, gid = 0 }\n"); got.Status == 0 || !strings.Contains(got.Stderr, "ermission denied") {
				t.Errorf("with root's home directory: %+v", got)
			}
		})
	})
}
