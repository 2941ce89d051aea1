package ids

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// idmappedProfile is one for root whose ids inside begin at 100000 outside, and
// that binds source on /w with its ids mapped. The bind is in line 11.
func idmappedProfile(source, idmap string) string {
	return fmt.Sprintf(`version = 1
namespaces = { user = "new", mount = "new", pid = "new" }
root = "tmpfs"
[idmap]
uid = [{ inside = 0, outside = 100000, count = 65536 }]
gid = [{ inside = 0, outside = 100000, count = 65536 }]
[process]
cwd = "/w"
[mounts]
ro = ["/usr", "/bin", "/lib", "-/lib64"]
"/w" = { rw = %q, idmap = %s }
`, source, idmap)
}

// project is a directory of user 1000's, with a file of its group's.
func project(t *testing.T) string {
	t.Helper()
	u := nstest.Superuser(t)
	dir := filepath.Join(u.TempDir(t), "project")
	systest.MakeDirs(t, dir)
	for path, ids := range map[string][2]int{dir: {1000, 1000}, u.WriteFile(t, dir+"/shared", ""): {1000, 2000}} {
		if err := os.Chown(path, ids[0], ids[1]); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// As root of the machine, a directory belongs to the same ids on both sides of a user namespace, or to
// those that a map of its own says.
func TestIdmappedBind(t *testing.T) {
	u := nstest.Superuser(t)
	for _, test := range []struct {
		name, idmap string
		as          int // who works there inside
		inside      string
		made        [2]int // outside
	}{
		{"user", `"user"`, 1000, ". 1000:1000\nshared 1000:2000\nmade 1000:1000\n", [2]int{1000, 1000}},
		{"user, as root", `"user"`, 0, ". 1000:1000\nshared 1000:2000\nmade 0:0\n", [2]int{0, 0}},
		// 1000 on disk is 100000, which is 0 inside; no other id is to be had there.
		{"a map of its own", `{ uid = [{ inside = 1000, outside = 100000 }], gid = [{ inside = 1000, outside = 100000 }] }`, 0,
			". 0:0\nshared 0:65534\nmade 0:0\n", [2]int{1000, 1000}},
		{"groups and all", `{ uid = [{ inside = 1000, outside = 100007 }], gid = [{ inside = 1000, outside = 100007 }, { inside = 2000, outside = 100100, count = 50 }] }`, 7,
			". 7:7\nshared 7:100\nmade 7:7\n", [2]int{1000, 1000}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := project(t)
			nstest.CheckNothingLeft(t)
			profile := strings.Replace(idmappedProfile(dir, test.idmap), "[process]\n", fmt.Sprintf("[process]\nuid = %d\ngid = %[1]d\n", test.as), 1)
			cmd := systest.ProfileCommand(t, u, profile, "sh", "-c", "touch made && stat -c '%n %u:%g' . shared made")
			if got := nstest.MustRun(t, cmd); got != test.inside {
				t.Errorf("inside there is\n%swant\n%s", got, test.inside)
			}
			for path, want := range map[string][2]int{"/": {1000, 1000}, "/shared": {1000, 2000}, "/made": test.made} {
				if uid, gid := systest.Owner(t, dir+path); uid != want[0] || gid != want[1] {
					t.Errorf("outside, %s belongs to %d:%d, want %d:%d", path, uid, gid, want[0], want[1])
				}
			}
		})
	}
	t.Run("an id without one on disk", func(t *testing.T) {
		dir := project(t)
		profile := idmappedProfile(dir, `{ uid = [{ inside = 1000, outside = 101000 }], gid = [{ inside = 1000, outside = 101000 }] }`)
		got := nstest.Run(t, systest.ProfileCommand(t, u, profile, "touch", "made"))
		if !strings.Contains(got.Stderr, "Value too large") && !strings.Contains(got.Stderr, "Permission denied") || got.Status == 0 {
			t.Errorf("%+v", got)
		}
	})
}

// A map without a user namespace: root's files are another's.
func TestIdmappedWithoutUser(t *testing.T) {
	dir := project(t)
	nstest.CheckNothingLeft(t)
	profile := fmt.Sprintf(`version = 1
namespaces = { mount = "new" }
[mounts]
"/mnt" = { rw = %q, idmap = { uid = [{ inside = 1000, outside = 0 }], gid = [{ inside = 1000, outside = 0 }] } }
`, dir)
	got := nstest.MustRun(t, systest.ProfileCommand(t, nstest.Superuser(t), profile, "sh", "-c", "touch /mnt/made && stat -c %u:%g /mnt /mnt/made"))
	if got != "0:0\n0:0\n" {
		t.Errorf("inside: %s", got)
	}
	if uid, gid := systest.Owner(t, dir+"/made"); uid != 1000 || gid != 1000 {
		t.Errorf("outside, it belongs to %d:%d", uid, gid)
	}
}

// What cannot be had is an error at its line.
func TestIdmappedRefused(t *testing.T) {
	t.Run("ordinary user", func(t *testing.T) {
		u := nstest.Ordinary(t)
		nstest.CheckNothingLeft(t)
		profile := strings.Replace(idmappedProfile("/srv", `"user"`), "[idmap]\nuid = [{ inside = 0, outside = 100000, count = 65536 }]\ngid = [{ inside = 0, outside = 100000, count = 65536 }]\n", "", 1)
		systest.WantRefusal(t, systest.ProfileCommand(t, u, profile, "true"), fmt.Sprintf(
			`p.toml:8:23: mounts."/w".idmap: mapping the ids of a mount needs CAP_SYS_ADMIN over its file system, which uid %d does not have here (remove it, and map the ids with idmap = "keep")`, u.UID))
	})
	u := nstest.Superuser(t)
	outer := nstest.OuterShared(t)
	dir := u.TempDir(t)
	systest.MakeDirs(t, dir+"/lower", dir+"/overlay", dir+"/some", dir+"/some/sub", dir+"/mapped")
	for _, args := range [][]string{
		{"mount", "-t", "overlay", "overlay", "-o", "lowerdir=" + dir + "/lower:/usr", dir + "/overlay"},
		{"mount", "-t", "tmpfs", "tmpfs", dir + "/some"},
		{"mkdir", dir + "/some/sub"},
		{"mount", "-t", "proc", "proc", dir + "/some/sub"},
	} {
		nstest.MustRun(t, outer.Command(t, u, args[0], args[1:]...))
	}
	const other = "use a directory on another file system, or leave out idmap"
	for _, test := range []struct{ source, cause, cure string }{
		{"/proc/sys", "proc, the file system on /proc, does not support mapped ids in this kernel", other},
		{"/dev/pts", "devpts, the file system on /dev/pts, does not support mapped ids in this kernel", other},
		{dir + "/overlay", "overlay, the file system on " + dir + "/overlay, does not support mapped ids in this kernel", other},
		{dir + "/some", "proc, the file system on " + dir + "/some/sub, does not support mapped ids in this kernel", "recursive = false, or leave out idmap"},
	} {
		t.Run(filepath.Base(test.source), func(t *testing.T) {
			nstest.CheckNothingLeft(t)
			systest.WantFailure(t, systest.OuterCommand(t, outer, u, idmappedProfile(test.source, `"user"`), "true"),
				fmt.Sprintf("p.toml:11:1: mounts.\"/w\": step #, map the ids of %s as the user namespace does, for the stage: EINVAL\n  %s\n  try: %s",
					test.source, test.cause, test.cure))
		})
	}
	t.Run("not recursive", func(t *testing.T) {
		nstest.CheckNothingLeft(t)
		profile := strings.Replace(idmappedProfile(dir+"/some", `"user"`), `"user" }`, `"user", recursive = false }`, 1)
		if got := nstest.MustRun(t, systest.OuterCommand(t, outer, u, profile, "sh", "-c", "echo /w/sub/*")); got != "/w/sub/*\n" {
			t.Errorf("inside: %s", got)
		}
	})
	// A sandbox in a sandbox: the mount has a map, and gets no other.
	t.Run("mapped already", func(t *testing.T) {
		nstest.CheckNothingLeft(t)
		kind := strings.TrimSpace(nstest.MustRun(t, nstest.Superuser(t).Command(t, "findmnt", "-n", "-o", "FSTYPE", "-T", dir)))
		inner := strings.ReplaceAll(idmappedProfile("/mapped", `"user"`), "100000", "200000")
		inner = u.WriteFile(t, filepath.Join(u.TempDir(t), "inner.toml"), inner)
		profile := fmt.Sprintf("version = 1\nnamespaces = { mount = \"new\" }\nroot = { overlay = \"tmpfs\" }\n[mounts]\nro = [%q, %q]\n"+
			"\"/mapped\" = { rw = %q, idmap = { uid = [{ inside = 0, outside = 1 }], gid = [{ inside = 0, outside = 1 }] } }\n", nstest.Nslaunch(t), inner, dir+"/mapped")
		systest.WantFailure(t, systest.ProfileCommand(t, u, profile, nstest.Nslaunch(t), inner, "--", "true"),
			inner+":11:1: mounts.\"/w\": step #, map the ids of /mapped as the user namespace does, for the stage: EPERM\n"+
				"  the ids of "+kind+", on /mapped, are mapped already\n  try: "+other)
	})
}

// The example is as it is in examples/.
func TestIdmappedExample(t *testing.T) {
	text, err := os.ReadFile("../../../examples/idmapped.toml")
	if err != nil {
		t.Fatal(err)
	}
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		cmd := systest.ProfileCommand(t, u, string(text))
		cmd.Args = cmd.Args[:2]
		systest.MakeDirs(t, cmd.Dir+"/project")
		if !u.IsRoot() {
			got := nstest.Run(t, cmd)
			if got.Status != systest.StatusSetup || !strings.HasPrefix(got.Stderr, "nslaunch: error: p.toml:8:8: idmap.uid[0]: uid 100000-165535: not the caller's: ") {
				t.Errorf("%+v", got)
			}
			return
		}
		if err := os.Chown(cmd.Dir+"/project", 1000, 1000); err != nil {
			t.Fatal(err)
		}
		if got, want := nstest.MustRun(t, cmd), ". 1000:1000\nmade 1000:1000\n/usr 65534:65534\n"; got != want {
			t.Errorf("it prints\n%swant\n%s", got, want)
		}
		if uid, gid := systest.Owner(t, cmd.Dir+"/project/made"); uid != 1000 || gid != 1000 {
			t.Errorf("outside, the file belongs to %d:%d", uid, gid)
		}
	})
}
