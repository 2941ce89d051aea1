// Package covers tests that what a profile hides or makes read-only stays so, whatever a sandbox leaves behind for
// the next one.
package covers

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// victimTree has what a link planted in project leads to.
func victimTree(t *testing.T, u nstest.User) string {
	t.Helper()
	dir := systest.Tree(t, u, map[string]string{
		"victim/file": "stolen\n", "victim/dir/file": "stolen\n", "victim/upper/file": "stolen\n", "victim/work": "/",
		"project/old/file": "own\n", "project/.env": "masked\n", "project/upper": "/", "project/work": "/",
	})
	for _, at := range []string{"victim", "victim/dir"} {
		for _, name := range []string{"usr", "bin", "lib", "lib64", "shown"} {
			systest.MakeDirs(t, dir+"/"+at+"/"+name)
		}
	}
	u.Own(t, dir)
	return dir
}

// What a sandbox leaves in a directory that it can write to does not lead the next sandbox out of it.
func TestPlantedLink(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct {
			name   string
			plant  string // run in the first sandbox, in the project
			root   string // of the second
			entry  string // of the second
			script string // what the second prints shows that it was led out
			at     string // the place of the error
			link   string // what the error names
		}{
			{name: "file", plant: "ln -s ../victim/file x", entry: `"/shown".ro = "P/x"`, at: `mounts."/shown"`, link: "P/x"},
			{name: "optional", plant: "ln -s V/file x", entry: `"/shown" = { ro = "P/x", optional = true }`, at: `mounts."/shown"`, link: "P/x"},
			{name: "directory", plant: "mv old older; ln -s V/dir old", entry: `"/shown".rw = "P/old"`, script: "cat /shown/file", at: `mounts."/shown"`, link: "P/old"},
			{name: "on the way", plant: "mkdir a; ln -s V a/b", entry: `"/shown".rw = "P/a/b/dir/file"`, at: `mounts."/shown"`, link: "P/a/b"},
			{name: "chain", plant: "ln -s ../project/y x; ln -s ../victim/file y", entry: `"/shown".ro = "P/x"`, at: `mounts."/shown"`, link: "P/x"},
			{name: "lower", plant: "ln -s V/dir x", entry: `"/shown" = { type = "overlay", lower = ["P/x"] }`, script: "cat /shown/file", at: `mounts."/shown".lower[0]`, link: "P/x"},
			{name: "layer", plant: "ln -s V x", entry: `"/shown" = { type = "overlay", lower = ["P/old"], dir = "P/x" }`, script: "cat /shown/file", at: `mounts."/shown".dir`, link: "P/x"},
			{name: "upper", plant: "mv upper u; ln -s V/upper upper", entry: `"/shown" = { type = "overlay", lower = ["P/old"], dir = "P" }`, script: "cat /shown/file", at: `mounts."/shown".dir`, link: "P/upper"},
			{name: "content", plant: "ln -s V/file x", entry: `"/shown" = { type = "file", source = "P/x" }`, at: `mounts."/shown".source`, link: "P/x"},
			{name: "root", plant: "ln -s V x", root: `{ path = "P/x", overlay = "tmpfs" }`, script: "cat /file", at: "root.path", link: "P/x"},
			{name: "root's layer", plant: "ln -s V x", root: `{ path = "V/dir", overlay = { dir = "P/x" } }`, script: "cat /file", at: "root.overlay.dir", link: "P/x"},
			{name: "past a mask", plant: "ln -s .env x", entry: `"/shown".ro = "P/x"`, at: `mounts."/shown"`, link: "P/x"},
		} {
			t.Run(test.name, func(t *testing.T) {
				nstest.CheckNothingLeft(t)
				dir := victimTree(t, u)
				names := strings.NewReplacer("P/", dir+"/project/", "\"P\"", "\""+dir+"/project\"", "V/", dir+"/victim/", "V ", dir+"/victim ")
				first := systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", fmt.Sprintf("[mounts]\n\"/p\".rw = %q", dir+"/project"), 1))
				systest.Printed(t, u, first, "set -e; cd /p; "+names.Replace(test.plant+" "))
				root := test.root
				if root == "" {
					root = `"tmpfs"`
				}
				profile := func(shows string) string {
					return systest.OwnTree(u, "root = "+names.Replace(root), strings.Replace(systest.Programs, "[mounts]", "[mounts]\n"+shows+names.Replace(test.entry), 1))
				}
				script := test.script
				if script == "" {
					script = "cat /shown"
				}
				want := "stolen\n"
				if test.name == "past a mask" {
					want = "masked\n"
				}
				// The control: where the profile does not show the project, links in it are the caller's own arrangement.
				systest.WantInside(t, u, profile(""), script, want)
				shown := []string{"rw"}
				if !u.IsRoot() { // read-only, what root owns is trusted
					shown = append(shown, "ro")
				}
				for _, as := range shown {
					got := nstest.Run(t, systest.ProfileCommand(t, u, profile(fmt.Sprintf("\"/p\".%s = %q\n", as, dir+"/project")), "sh", "-c", script))
					link := names.Replace(test.link)
					if got.Status != systest.StatusSetup || got.Stdout != "" || !strings.Contains(got.Stderr, ": "+test.at+": ") ||
						!strings.Contains(got.Stderr, "is not followed: "+link+" is a symbolic link") {
						t.Errorf("where the project is %s, got status %d, stdout %q and stderr\n%s", as, got.Status, got.Stdout, got.Stderr)
					}
				}
			})
		}
	})
}

// A link in the upper directory of an overlay that is kept was made by the sandbox that had it.
func TestPlantedInLayer(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := victimTree(t, u)
		entries := fmt.Sprintf("[mounts]\n\"/over\" = { type = \"overlay\", lower = [%q], dir = %q }", dir+"/project/old", dir+"/project")
		systest.Printed(t, u, systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", entries, 1)), "ln -s "+dir+"/victim/file /over/x")
		entry := fmt.Sprintf("\n\"/shown\".ro = %q", dir+"/project/upper/x")
		systest.WantInside(t, u, systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", "[mounts]"+entry, 1)), "cat /shown", "stolen\n")
		got := nstest.Run(t, systest.ProfileCommand(t, u, systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", entries+entry, 1)), "cat", "/shown"))
		if got.Status != systest.StatusSetup || got.Stdout != "" || !strings.Contains(got.Stderr, "into "+dir+"/project/upper") {
			t.Errorf("got status %d, stdout %q and stderr\n%s", got.Status, got.Stdout, got.Stderr)
		}
	})
}

// The directory is the same one under each of its names.
func TestPlantedUnderAnotherName(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := victimTree(t, u)
		systest.Symlink(t, "../victim/file", dir+"/project/.git")
		systest.Symlink(t, "project", dir+"/alias")
		for _, names := range [][2]string{{"alias", "project"}, {"project", "alias"}} {
			entries := fmt.Sprintf("[mounts]\n\"/p\".rw = %q\n\"/shown\".ro = %q", dir+"/"+names[0], dir+"/"+names[1]+"/.git")
			got := nstest.Run(t, systest.ProfileCommand(t, u, systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", entries, 1)), "cat", "/shown"))
			if got.Status != systest.StatusSetup || got.Stdout != "" || !strings.Contains(got.Stderr, dir+"/project/.git is a symbolic link") {
				t.Errorf("%v: got status %d, stdout %q and stderr\n%s", names, got.Status, got.Stdout, got.Stderr)
			}
		}
		// The alias itself lies where the profile shows nothing.
		entries := fmt.Sprintf("[mounts]\n\"/p\".rw = %q\n\"/shown\".ro = %q", dir+"/alias", dir+"/alias/old/file")
		systest.WantInside(t, u, systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", entries, 1)), "cat /shown", "own\n")
	})
}

// Where only root can write, links are followed: nobody else has made them.
func TestRootsLinks(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := nstest.Superuser(t).TempDir(t)
		u.WriteFile(t, dir+"/file", "linked\n")
		systest.MakeDirs(t, dir+"/shown/open")
		systest.Symlink(t, "../file", dir+"/shown/x")
		systest.Symlink(t, "../../file", dir+"/shown/open/x")
		for _, name := range []string{dir, dir + "/shown", dir + "/shown/open"} {
			if err := os.Chmod(name, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		profile := func(as, link string) string {
			entries := fmt.Sprintf("[mounts]\n\"/p\".%s = %q\n\"/shown\".ro = %q", as, dir+"/shown", dir+"/shown/"+link)
			return systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", entries, 1))
		}
		systest.WantInside(t, u, profile("ro", "x"), "cat /shown", "linked\n")
		refused := func(profile string) {
			t.Helper()
			if got := nstest.Run(t, systest.ProfileCommand(t, u, profile, "cat", "/shown")); got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, "is not followed") {
				t.Errorf("got status %d, stdout %q and stderr\n%s", got.Status, got.Stdout, got.Stderr)
			}
		}
		if u.IsRoot() {
			refused(profile("rw", "x"))
		} else {
			systest.WantInside(t, u, profile("rw", "x"), "cat /shown", "linked\n")
		}
		if err := os.Chmod(dir+"/shown/open", 0o1777); err != nil {
			t.Fatal(err)
		}
		refused(profile("ro", "open/x"))
	})
}
