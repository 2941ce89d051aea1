package mounts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// Any character may be in the paths of an overlay, and they may be long.
func TestOverlayNames(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		long := strings.Repeat("/"+strings.Repeat("long", 30), 4)
		for _, name := range []string{`/a:b`, `/a,b`, `/a"b`, `/a\b`, `/a b`, `/:`, `/\`, `/,`, `/a\:b,"`, "/ü\u00a0\t", "/new\nline", `/$x`, `/a=b`, long} {
			dir := systest.Tree(t, u, map[string]string{
				"first" + name + "/file": "first\n", "second" + name + "/file": "second\n", "second" + name + "/other": "other\n",
				"layer" + name + "/upper": "/", "layer" + name + "/work": "/",
			})
			lower := fmt.Sprintf("lower = [%s, %s]", tomlString(dir+"/first"+name), tomlString(dir+"/second"+name))
			script := "cd /mnt; cat file other; echo new > made; echo changed > file; cat file made; rm other; ls"
			const want = "first\nother\nchanged\nnew\nfile\nmade\n"
			systest.WantInside(t, u, systest.OwnTree(u, "[mounts]\n\"/mnt\" = { type = \"overlay\", "+lower+" }"), script, want)
			kept := systest.OwnTree(u, fmt.Sprintf("[mounts]\n\"/mnt\" = { type = \"overlay\", %s, dir = %s }", lower, tomlString(dir+"/layer"+name)))
			systest.WantInside(t, u, kept, script, want)
			if got := systest.FileText(dir + "/layer" + name + "/upper/made"); got != "new\n" {
				t.Errorf("the layer of %q has %q", name, got)
			}
			systest.WantInside(t, u, kept, "cd /mnt; ls; cat file made", "file\nmade\nchanged\nnew\n")
			for file, want := range map[string]string{"first": "first\n", "second": "second\n"} {
				if got := systest.FileText(dir + "/" + file + name + "/file"); got != want {
					t.Errorf("the lower %s of %q is now %q", file, name, got)
				}
			}
		}
	})
}

// tomlString writes a basic string of TOML.
func tomlString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// The top of an overlay has the mode and the owner of what it is laid over: what
// was closed stays so, what was for all, too.
func TestOverlayTop(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		state := u.TempDir(t)
		nstest.CheckNothingLeft(t)
		if u.IsRoot() {
			t.Cleanup(func() { systest.RemoveLayer(t, "/var/lib/nslaunch/top-test") })
		}
		for _, mode := range []os.FileMode{0o700, 0o755, 0o2775, 0o1777, 0o750} {
			lower := systest.Tree(t, u, map[string]string{"secret": "secret\n"})
			if err := os.Chmod(lower, mode.Perm()|unixMode(mode)); err != nil {
				t.Fatal(err)
			}
			for _, dir := range []string{"", `, dir = "${state}/top-test", create = true`} {
				profile := systest.OwnTree(u, fmt.Sprintf("[mounts]\n\"/mnt\" = { type = \"overlay\", lower = [%q]%s }", lower, dir))
				cmd := systest.ProfileCommand(t, u, profile, "stat", "-c", "%a %u", "/mnt")
				cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
				if got, want := nstest.MustRun(t, cmd), fmt.Sprintf("%o 0\n", mode); got != want {
					t.Errorf("mode %o%s: got %q; want %q", mode, dir, got, want)
				}
				if u.IsRoot() {
					systest.RemoveLayer(t, "/var/lib/nslaunch/top-test")
				} else if err := os.RemoveAll(state + "/nslaunch"); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !u.IsRoot() {
			return
		}
		// Of somebody else's, and seen by somebody else.
		lower := systest.Tree(t, nstest.Ordinary(t), map[string]string{"secret": "secret\n"})
		if err := os.Chmod(lower, 0o700); err != nil {
			t.Fatal(err)
		}
		profile := systest.OwnTree(u, "process = { uid = 65534, gid = 65534 }", fmt.Sprintf("[mounts]\n\"/mnt\" = { type = \"overlay\", lower = [%q] }", lower))
		systest.WantInside(t, u, profile, "stat -c '%a %u %g' /mnt; ls /mnt 2>&1 || true", fmt.Sprintf("700 %d %d\nls: cannot open directory '/mnt': Permission denied\n",
			nstest.Ordinary(t).UID, nstest.Ordinary(t).GID))
	})
}

// unixMode are the bits above permissions in os's terms.
func unixMode(mode os.FileMode) os.FileMode {
	var m os.FileMode
	if mode&0o2000 != 0 {
		m |= os.ModeSetgid
	}
	if mode&0o1000 != 0 {
		m |= os.ModeSticky
	}
	return m
}

// Mount points are made in the layer, and never in what is below it.
func TestOverlayMountPoints(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		lower := systest.Tree(t, u, map[string]string{"there/file": "x", "link": "-> there", "out": "-> /elsewhere", "dangling": "-> ../nothing/file"})
		nstest.CheckNothingLeft(t, lower)
		entries := fmt.Sprintf(`"/oo" = { type = "overlay", lower = [%q] }
"/oo/new/dir" = { type = "tmpfs" }
"/oo/there/file" = { type = "file", content = "covered\n" }
"/oo/there/made" = { type = "file", content = "made\n" }
"/oo/link/below/it" = { type = "dir" }
"/oo/out/in" = { type = "symlink", to = "x" }
"/oo/dangling" = { type = "file", content = "where it leads\n" }
`, lower)
		for _, rest := range []string{systest.System, "root = { overlay = \"tmpfs\" }\n" + "[mounts]\n"} {
			systest.WantInside(t, u, systest.OwnTree(u, rest+entries), `cd /oo; mountpoint new/dir; cat there/file there/made; stat -c %F there/below/it
readlink /elsewhere/in; cat /nothing/file dangling; ls`,
				"new/dir is a mountpoint\ncovered\nmade\ndirectory\nx\nwhere it leads\nwhere it leads\ndangling\nlink\nnew\nout\nthere\n")
		}
	})
}

// What is mounted, when and on what: a kept layer in which there is something
// on the place already; a directory that the layer has anew.
func TestOverlayAgain(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{"lower/a/b/c": "/", "layer/upper": "/", "layer/work": "/"})
		nstest.CheckNothingLeft(t)
		overlay := fmt.Sprintf("[mounts]\n\"/mnt\" = { type = \"overlay\", lower = [%q], dir = %q }\n", dir+"/lower", dir+"/layer")
		// The directory a is now another one, which hides the lower b.
		systest.WantInside(t, u, systest.OwnTree(u, overlay), "cd /mnt; rm -r a; mkdir a; ls a", "")
		for range 2 {
			systest.WantInside(t, u, systest.OwnTree(u, overlay+"\"/mnt/a/b/c\" = { type = \"tmpfs\" }\n\"/mnt/d/e\" = { type = \"tmpfs\" }"), "cd /mnt; mountpoint a/b/c; mountpoint d/e",
				"a/b/c is a mountpoint\nd/e is a mountpoint\n")
		}
		if _, err := os.Stat(filepath.Join(dir, "lower/d")); err == nil {
			t.Error("something was made in the lower directory")
		}
	})
}
