package mounts

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// climbing is a relative link's text from a directory to the same directory, by way of "/".
func climbing(dir string) string {
	return strings.Repeat("../", strings.Count(dir, "/")) + strings.TrimPrefix(dir, "/")
}

// A source is found where the host has it, also if it is a link whose ".." climbs to "/", over which the
// sandbox's own root is mounted by then.
func TestSourceRelativeLink(t *testing.T) {
	nstest.Require(t, nstest.Tools("unshare"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"data/file": "text\n", "data/sub/deep": "deep\n", "low/only": "low\n", "up/upper": "/", "up/work": "/"})
		systest.Symlink(t, climbing(dir)+"/data/file", dir+"/file")
		systest.Symlink(t, climbing(dir)+"/data", dir+"/dir")
		systest.Symlink(t, climbing(dir)+"/low", dir+"/lower")
		systest.Symlink(t, climbing(dir)+"/up", dir+"/layer")
		systest.Symlink(t, climbing(dir)+"/root", dir+"/system")
		for _, name := range []string{"usr", "bin", "lib", "lib64", "etc"} {
			systest.MakeDirs(t, dir+"/root/"+name)
		}
		u.Own(t, dir)

		t.Run("control", func(t *testing.T) {
			args := []string{"-m", "sh", "-c", "mount -t tmpfs none / && ! cat \"$0\"/file && cat \"$0\"/data/file", dir}
			if !u.IsRoot() {
				args = append([]string{"-U", "-r"}, args...)
			}
			if got := nstest.MustRun(t, u.Command(t, "unshare", args...)); got != "text\n" {
				t.Errorf("with a tmpfs over /, the file itself has %q", got)
			}
		})
		const script = `cat /file /optional /dir/sub/deep /linked /copied /over/only; echo new >/kept/made; cat /kept/made`
		entries := strings.NewReplacer("DIR", dir).Replace(`"/file".ro = "DIR/file"
"/optional" = { ro = "DIR/file", optional = true }
"/dir".rw = "DIR/dir"
"/linked".ro = "DIR/dir/sub/deep"
"/copied" = { type = "file", source = "DIR/file" }
"/over" = { type = "overlay", lower = ["DIR/lower"] }
"/kept" = { type = "overlay", lower = ["DIR/lower"], dir = "DIR/layer" }
`)
		const want = "text\ntext\ndeep\ndeep\ntext\nlow\nnew\n"
		for name, root := range map[string]string{
			"tmpfs":   `"tmpfs"`,
			"path":    fmt.Sprintf(`{ path = %q, overlay = "tmpfs" }`, dir+"/system"),
			"overlay": `{ overlay = "tmpfs" }`,
		} {
			t.Run(name, func(t *testing.T) {
				shown := strings.Replace(systest.Programs, "[mounts]", "[mounts]\n"+entries, 1)
				if name == "overlay" {
					shown = "[mounts]\n" + entries
				}
				profile := systest.OwnTree(u, "root = "+root, "dev = \"minimal\"", shown)
				systest.WantInside(t, u, profile, script, want)
				if got, err := os.ReadFile(dir + "/up/upper/made"); err != nil || string(got) != "new\n" {
					t.Errorf("what was written into the overlay is %q, %v", got, err)
				}
			})
		}
	})
}

// An optional source that is a dangling link is left out.
func TestSourceDanglingLink(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{"gone": "-> ../nothing/there"})
		profile := systest.OwnTree(u, strings.TrimSuffix(systest.System, "]\n")+fmt.Sprintf(", \"-%s/gone\"]", dir))
		systest.WantInside(t, u, profile, "ls "+dir+" || true", "ls: cannot access '"+dir+"': No such file or directory\n")
	})
}
