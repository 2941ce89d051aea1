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

// debianRoot unpacks the archive as what is root with that map of ids, into a directory that then belongs to it.
func debianRoot(t *testing.T, u nstest.User, idmap string) string {
	t.Helper()
	nstest.Require(t, nstest.Tools("newuidmap", "tar"), nstest.File(systest.DebianArchive), nstest.UnprivilegedUserNamespaces())
	base := u.TempDir(t)
	dir := filepath.Join(base, "root")
	systest.MakeDirs(t, dir)
	if err := os.Lchown(dir, systest.MappedID(u, idmap, 0), systest.MappedID(u, idmap, 0)); err != nil {
		t.Fatal(err)
	}
	profile := "version = 1\nnamespaces = { user = \"new\" }\nidmap = \"" + idmap + "\"\n"
	cmd := systest.ProfileCommand(t, u, profile, "tar", "-C", dir, "--numeric-owner", "-xpf", systest.DebianArchive, "--exclude=./dev/*")
	nstest.MustRun(t, cmd)
	return dir
}

// A whole Debian, in which the tools of a system administrator do their work as root, who is
// nobody outside.
func TestDebianRoot(t *testing.T) {
	u := nstest.Ordinary(t)
	for _, idmap := range []string{"subid", "root+subid"} {
		t.Run(idmap, func(t *testing.T) {
			root := debianRoot(t, u, idmap)
			nstest.CheckNothingLeft(t)
			if uid, gid := systest.Owner(t, root+"/usr/bin/dpkg"); uid != systest.MappedID(u, idmap, 0) || gid != uid {
				t.Fatalf("dpkg belongs to %d:%d", uid, gid)
			}
			profile := func(root string) string {
				return "version = 1\nnamespaces = \"new\"\nidmap = \"" + idmap + "\"\nroot = " + root +
					"\ndev = \"minimal\"\nhostname = \"debian\"\nenv = { set = { HOME = \"/root\" } }\n[mounts]\ntmpfs = [\"/tmp\"]\n"
			}
			kept := profile(fmt.Sprintf("{ path = %q }", root))
			thrownAway := profile(fmt.Sprintf("{ path = %q, overlay = \"tmpfs\" }", root))
			work := `set -e
dpkg --audit
apt-get -q --simulate install hello | grep '^Inst hello '
useradd --create-home --uid 1000 alice
install -d -o alice -g 3 -m 2750 /srv/project
touch /srv/project/file /srv/mine
chown alice:alice /srv/project/file
chown 65534:65533 /srv/mine
chown 70000 /srv/mine 2>&1 || true
stat -c '%n %u:%g %a' /home/alice /home/alice/.profile /srv/project /srv/project/file /srv/mine /etc/shadow
su alice -c 'id -u; touch ~/own; stat -c %U ~/own'`
			want := `chown: changing ownership of '/srv/mine': Invalid argument
/home/alice 1000:1000 %s
/home/alice/.profile 1000:1000 644
/srv/project 1000:3 2750
/srv/project/file 1000:1000 644
/srv/mine 65534:65533 644
/etc/shadow 0:42 640
1000
alice
`
			for _, p := range []string{thrownAway, kept} {
				cmd := systest.ProfileCommand(t, u, p, "sh", "-c", work)
				got := nstest.Run(t, cmd)
				first, rest, _ := strings.Cut(got.Stdout, "\n")
				mode := "755"
				if strings.Contains(rest, "/home/alice 1000:1000 700") {
					mode = "700"
				}
				if got.Status != 0 || !strings.HasPrefix(first, "Inst hello (") || rest != fmt.Sprintf(want, mode) {
					t.Errorf("status %d, %s%swant\n%s", got.Status, got.Stderr, got.Stdout, want)
				}
				if _, err := os.Lstat(root + "/srv/project"); (err == nil) != (p == kept) {
					t.Errorf("with the profile\n%sthe project: %v", p, err)
				}
			}
			for path, id := range map[string]int{"/home/alice": 1000, "/home/alice/own": 1000, "/srv/project/file": 1000, "/srv/mine": 65534, "/etc/shadow": 0} {
				if uid, _ := systest.Owner(t, root+path); uid != systest.MappedID(u, idmap, id) {
					t.Errorf("outside, %s belongs to %d, want %d", path, uid, systest.MappedID(u, idmap, id))
				}
			}
			if _, gid := systest.Owner(t, root+"/etc/shadow"); gid != systest.MappedID(u, idmap, 42) {
				t.Errorf("outside, the group of /etc/shadow is %d", gid)
			}
			if idmap == "subid" {
				projectInside(t, u, root)
			}
		})
	}
}

// projectInside runs the same system as root of the machine: a project of user 1000's belongs to
// 1000 inside too, by its mount's map, whatever the ids of the system are outside.
func projectInside(t *testing.T, u nstest.User, root string) {
	t.Helper()
	dir := project(t)
	profile := fmt.Sprintf(`version = 1
namespaces = "new"
root = %q
dev = "minimal"
[idmap]
uid = [{ inside = 0, outside = %[2]d, count = 65536 }]
gid = [{ inside = 0, outside = %[2]d, count = 65536 }]
[mounts]
"/mnt" = { rw = %[3]q, idmap = "user" }
`, root, u.SubUIDs[0].Start, dir)
	got := nstest.MustRun(t, systest.ProfileCommand(t, nstest.Superuser(t), profile, "sh", "-c",
		"su alice -c 'touch /mnt/made' && stat -c '%n %U %u:%g' /mnt /mnt/made /home/alice"))
	if want := "/mnt alice 1000:1000\n/mnt/made alice 1000:1000\n/home/alice alice 1000:1000\n"; got != want {
		t.Errorf("as root, it prints\n%swant\n%s", got, want)
	}
	if uid, gid := systest.Owner(t, dir+"/made"); uid != 1000 || gid != 1000 {
		t.Errorf("outside, what alice made belongs to %d:%d", uid, gid)
	}
}

// TestDebianAsRoot runs what docs/howto/debian-root.md says for root, in a tree that root unpacked: the sandbox has every id of the
// machine, and programs write to its own /dev.
func TestDebianAsRoot(t *testing.T) {
	nstest.Require(t, nstest.Tools("tar"), nstest.File(systest.DebianArchive))
	u := nstest.Superuser(t)
	base := u.TempDir(t)
	systest.MakeDirs(t, base+"/root", base+"/files")
	run := func(name string, args ...string) string {
		cmd := u.Command(t, name, args...)
		cmd.Dir = base
		return nstest.MustRun(t, cmd)
	}
	run("tar", "-C", "root", "-xpf", systest.DebianArchive, "--exclude=./dev/*")
	run(nstest.Nslaunch(t), "init", "-t", "debootstrap")
	nstest.CheckNothingLeft(t)
	const script = "echo lost >/dev/null; touch /made; chown 1000:42 /made; id -u; stat -c %u:%g /made"
	for _, words := range [][]string{
		{"--new", "all", "--idmap", "identity", "--bind", base + "/root:/", "--set", "dev=minimal", "--", "sh", "-c", script},
		{"--idmap", "identity", "debootstrap.toml", "sh", "-c", script},
	} {
		if got, want := run(nstest.Nslaunch(t), append([]string{"run"}, words...)...), "0\n1000:42\n"; got != want {
			t.Errorf("%q prints\n%swant\n%s", words, got, want)
		}
		if uid, gid := systest.Owner(t, base+"/root/made"); uid != 1000 || gid != 42 {
			t.Errorf("outside, the file belongs to %d:%d", uid, gid)
		}
		if _, err := os.Lstat(base + "/root/dev/null"); err == nil {
			t.Errorf("%q: the tree has a file dev/null", words)
		}
	}
}
