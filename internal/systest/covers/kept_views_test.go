package covers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// What an entry makes read-only in a writable directory is so under each name: a second bind shows the same directory. The
// control is an entry of its own for the second name.
func TestProtectedUnderEachName(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, without := range []bool{false, true} {
			dir := systest.Tree(t, u, map[string]string{"project/kept/x": "before", "project/free/x": "before", "other/x": "before"})
			text := systest.System + fmt.Sprintf("\"%[1]s/project\".rw = \"%[1]s/project\"\n\"%[1]s/project/kept\".ro = \"%[1]s/project/kept\"\n"+
				"\"/again\".rw = \"%[1]s/project\"\n\"/deep\".rw = \"%[1]s\"\n\"/view\".ro = \"%[1]s/other\"\n", dir)
			if without {
				text += fmt.Sprintf("\"/again/kept\".rw = %q\n", dir+"/project/kept")
			}
			script := fmt.Sprintf("for f in %s/project /again /deep/project; do (echo evil >$f/kept/x); mv $f/kept $f/old; done; echo inside >/again/free/x; echo inside >/deep/other/x", dir)
			got := nstest.Run(t, systest.ProfileCommand(t, u, systest.OwnTree(u, text), "sh", "-c", script))
			kept, free, other := systest.ReadFile(t, dir+"/project/kept/x"), systest.ReadFile(t, dir+"/project/free/x"), systest.ReadFile(t, dir+"/other/x")
			if (kept == "before") == without || free != "inside\n" || other != "inside\n" {
				t.Errorf("with\n%s\nit is %q, what is free %q, and what is shown elsewhere %q: %+v", text, kept, free, other, got)
			}
		}
	})
}

// The profile is read-only in a root that is its own directory, and in a bind with an id map. The control is an entry of its own.
func TestOwnProfileInRoot(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for name, head := range map[string]string{
			"root":  "root = \"./\"\nproc = \"host\"\n" + systest.Programs,
			"idmap": systest.System + "\"/w\" = { rw = \"./\", idmap = { uid = [{ inside = 0, outside = 0 }], gid = [{ inside = 0, outside = 0 }] } }\n",
		} {
			if name == "idmap" && !u.IsRoot() {
				continue
			}
			for _, without := range []bool{false, true} {
				dir := systest.RootFiles(t, u, "probe", "w")
				at := map[string]string{"root": "", "idmap": "/w"}[name]
				text := "version = 1\nprocess.capabilities = \"none\"\n" + strings.TrimPrefix(systest.OwnTree(u, head), "version = 1\n")
				if without {
					text += fmt.Sprintf("%q.rw = \"./own.toml\"\n", at+"/own.toml")
				}
				file := u.WriteFile(t, dir+"/own.toml", text)
				u.Own(t, dir)
				cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", file, "/bin/sh", "-c",
					fmt.Sprintf("cd %s/; echo '# loosened' >>own.toml; mv own.toml old.toml; echo made >free; true", at))
				got := nstest.Run(t, cmd)
				if changed := strings.Contains(systest.FileText(file), "# loosened"); got.Status != 0 || changed != without || systest.FileText(dir+"/free") != "made\n" {
					t.Errorf("%s: changed: %v, and with an entry of its own %v: %+v", name, changed, without, got)
				}
			}
		}
	})
}

// Who has CAP_SYS_ADMIN over the mount namespace takes away what hides or protects, and plan says so. The control is the same
// without capabilities, and a profile that hides nothing.
func TestCoversTakenAway(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"project/secret": "SECRET", "project/kept/x": "before", "other/x": "/"})
		hides := systest.System + fmt.Sprintf("\"%[1]s/project\".rw = \"%[1]s/project\"\n\"%[1]s/project/kept\".ro = \"%[1]s/project/kept\"\nmasked = [\"%[1]s/project/secret\"]\n", dir)
		nothing := systest.System + fmt.Sprintf("\"/w\".rw = \"%[1]s/project\"\n\"/r\".ro = \"%[1]s/other\"\n", dir)
		for _, test := range []struct {
			rest, why string
			away      bool // without it, the control
		}{
			{hides, "it keeps CAP_SYS_ADMIN", true},
			{"process.capabilities = [\"SYS_ADMIN\"]\n" + hides, "it has CAP_SYS_ADMIN", true},
			{"process.capabilities = \"none\"\n" + hides, "", false},
			{"process.capabilities = [\"CHOWN\"]\n" + hides, "", false},
			{nothing, "", true},
		} {
			text := systest.OwnTree(u, test.rest)
			cmd := u.Command(t, nstest.Nslaunch(t), "plan", "p.toml", "true")
			cmd.Dir = u.TempDir(t)
			u.WriteFile(t, cmd.Dir+"/p.toml", text)
			got := nstest.Run(t, cmd)
			want := fmt.Sprintf("process.capabilities: the command can unmount what hides or protects %s/project/kept, %[1]s/project/secret: %s (", dir, test.why)
			if note := strings.Contains(got.Stderr, "can unmount what hides"); got.Status != 0 || note != (test.why != "") || note && !strings.Contains(got.Stderr, want) {
				t.Errorf("%s: %+v, want %q", text, got, want)
			}
			if test.rest == nothing {
				continue
			}
			attack := fmt.Sprintf("cd %s/project; umount secret; cat secret; mount -o remount,bind,rw kept || umount kept; echo evil >kept/x; true", dir)
			inside := nstest.Run(t, systest.ProfileCommand(t, u, text, "sh", "-c", attack))
			away := strings.Contains(inside.Stdout, "SECRET") && systest.ReadFile(t, dir+"/project/kept/x") == "evil\n"
			if away != test.away {
				t.Errorf("%s: taken away: %v: %+v", text, away, inside)
			}
			u.WriteFile(t, dir+"/project/kept/x", "before")
		}
	})
}

// The plan notes that a user namespace of the command's own is a way around what hides or protects something. What that way is, TestPresetsNamespaces shows.
func TestCoversMoved(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"project/secret": "SECRET", "project/kept/x": "before", "other/x": "/"})
		rw := fmt.Sprintf("process.capabilities = \"none\"\n%s\"%[2]s/project\".rw = \"%[2]s/project\"\n", systest.System, dir)
		masks := fmt.Sprintf("masked = [\"%s/project/secret\"]\n", dir)
		kept := fmt.Sprintf("\"%[1]s/project/kept\".ro = \"%[1]s/project/kept\"\n", dir)
		for _, test := range []struct{ rest, noted string }{
			{rw + masks, dir + "/project/secret"},
			{rw + kept, dir + "/project/kept"},
			{rw + fmt.Sprintf("\"/r\".ro = \"%s/other\"\n", dir), ""},
			{"restrict.namespaces = [\"net\"]\n" + rw + masks + kept, ""},
			{"restrict.namespaces = [\"user\"]\n" + rw + masks, dir + "/project/secret"},
		} {
			text := "version = 1\nnamespaces = \"new\"\n" + test.rest
			cmd := u.Command(t, nstest.Nslaunch(t), "plan", "p.toml", "true")
			cmd.Dir = u.TempDir(t)
			u.WriteFile(t, cmd.Dir+"/p.toml", text)
			got := nstest.Run(t, cmd)
			want := "restrict.namespaces: the command can move " + test.noted + " away from what hides or protects it"
			if got.Status != 0 || strings.Contains(got.Stderr, want) != (test.noted != "") || test.noted == "" && strings.Contains(got.Stderr, "can move") {
				t.Errorf("%s: %+v, want %q", text, got, want)
			}
		}
	})
}
