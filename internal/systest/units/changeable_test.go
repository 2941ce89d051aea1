package units

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// A unit of root's comes with a warning if an ordinary user can change what it runs: the files, or a directory or a link on the way to them.
func TestUnitOfOthers(t *testing.T) {
	root, user := nstest.Superuser(t), nstest.Ordinary(t)
	dir := root.TempDir(t)
	profile, base := filepath.Join(dir, "web.toml"), filepath.Join(dir, "base.toml")
	const text = "version = 1\nextends = [\"./base.toml\"]\ncommand = [\"true\"]\n"
	reset := func() {
		t.Helper()
		for _, file := range []string{profile, base} {
			if err := os.RemoveAll(file); err != nil {
				t.Fatal(err)
			}
		}
		root.WriteFile(t, profile, text)
		root.WriteFile(t, base, "version = 1\n")
		for _, err := range []error{os.Chown(dir, 0, 0), os.Chmod(dir, 0o755)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	link := filepath.Join(dir, "link")
	theirs := user.TempDir(t)
	elsewhere := user.WriteFile(t, filepath.Join(theirs, "base.toml"), "version = 1\n")
	for name, test := range map[string]struct {
		change func() error
		want   string // of the warning
	}{
		"root's own":        {func() error { return nil }, ""},
		"the profile":       {func() error { return os.Chown(profile, user.UID, 0) }, profile + ": " + profile + " belongs to " + user.Name + " (copy it to "},
		"what it extends":   {func() error { return os.Chmod(base, 0o666) }, base + ": " + base + " can be written by every user (copy it to "},
		"its group":         {func() error { return os.Chown(base, 0, user.GID) }, ""}, // may only read
		"the directory":     {func() error { return os.Chmod(dir, 0o777) }, profile + ", " + base + ": " + dir + " can be written by every user (copy them to "},
		"a sticky one":      {func() error { return os.Chmod(dir, 0o777|os.ModeSticky) }, ""},
		"a group's":         {func() error { return os.Chmod(dir, 0o775) }, ""}, // of root
		"a link's target":   {func() error { _ = os.Remove(base); return os.Symlink(elsewhere, base) }, base + ": " + theirs + " belongs to " + user.Name},
		"a link of another": {func() error { return os.Lchown(link, user.UID, 0) }, profile + ": " + link + " belongs to " + user.Name},
	} {
		t.Run(name, func(t *testing.T) {
			reset()
			_ = os.Remove(link)
			if err := os.Symlink("web.toml", link); err != nil {
				t.Fatal(err)
			}
			if err := test.change(); err != nil {
				t.Fatal(err)
			}
			of := profile
			if strings.HasPrefix(name, "a link of") {
				of = link
				test.want = strings.Replace(test.want, profile, link, 1)
			}
			for _, flags := range [][]string{{}, {"--json"}, {"--user"}} {
				got := nstest.Run(t, exec.Command(nstest.Nslaunch(t), append(append([]string{"unit"}, flags...), of)...))
				var warnings []string
				for line := range strings.Lines(got.Stderr) {
					if !strings.Contains(line, nstest.Nslaunch(t)+": ") { // of where the tests have their program
						warnings = append(warnings, line)
					}
				}
				said := strings.Join(warnings, "")
				expected := test.want != "" && (len(flags) == 0 || flags[0] != "--user")
				if got.Status != 0 || (said != "") != expected || expected && !strings.Contains(said, "another user can change "+test.want) || len(warnings) > 1 {
					t.Errorf("%q: status %d, %s", flags, got.Status, got.Stderr)
				}
			}
		})
	}
}

// The program, its interpreter and scripts among the arguments are files that root's unit runs, at the place where the sandbox shows them.
// The user of the command may own them.
func TestUnitProgramOfOthers(t *testing.T) {
	root, user := nstest.Superuser(t), nstest.Ordinary(t)
	dir, theirs := root.TempDir(t), user.TempDir(t)
	app := user.WriteFile(t, filepath.Join(theirs, "app"), "#!/bin/sh\n")
	if err := os.Chmod(app, 0o755); err != nil {
		t.Fatal(err)
	}
	user.WriteFile(t, filepath.Join(theirs, "serve.py"), "print()\n")
	user.WriteFile(t, filepath.Join(theirs, "data.txt"), "text\n")
	upper := filepath.Join(theirs, "layer", "upper")
	if err := os.MkdirAll(upper, 0o755); err != nil {
		t.Fatal(err)
	}
	kept := user.WriteFile(t, filepath.Join(upper, "kept"), "#!/bin/sh\n")
	wrapper := root.WriteFile(t, filepath.Join(dir, "wrapper"), "#!"+app+"\n")
	for name, test := range map[string]struct{ text, want string }{
		"the program":    {"command = [\"" + app + "\"]\n", app},
		"in PATH":        {"command = [\"app\"]\nenv.set.PATH = \"" + theirs + "\"\n", app},
		"elsewhere":      {"command = [\"/srv/app\"]\n[mounts]\n\"/srv\" = { ro = \"" + theirs + "\" }\n", app},
		"a kept layer":   {"command = [\"/srv/kept\"]\n[mounts]\n\"/srv\" = { type = \"overlay\", lower = [\"" + dir + "\"], dir = \"" + theirs + "/layer\" }\n", kept},
		"interpreter":    {"command = [\"" + wrapper + "\"]\n", app},
		"a script":       {"command = [\"python3\", \"" + theirs + "/serve.py\"]\n", theirs + "/serve.py"},
		"data":           {"command = [\"true\", \"" + theirs + "/data.txt\"]\n", ""},
		"hidden":         {"command = [\"" + app + "\"]\nroot = \"tmpfs\"\n", ""},
		"its own user's": {"command = [\"" + app + "\"]\nprocess = { uid = " + strconv.Itoa(user.UID) + ", gid = " + strconv.Itoa(user.GID) + " }\n", ""},
		"root's own":     {"command = [\"true\"]\n", ""},
	} {
		profile := root.WriteFile(t, filepath.Join(dir, "p.toml"), "version = 1\nnamespaces.mount = \"new\"\n"+test.text)
		got := nstest.Run(t, exec.Command(nstest.Nslaunch(t), "unit", profile))
		want := test.want + ": " + theirs + " belongs to " + user.Name
		if said := strings.Contains(got.Stderr, theirs); got.Status != 0 || said != (test.want != "") || said && !strings.Contains(got.Stderr, want) {
			t.Errorf("%s: status %d, %s; want %q", name, got.Status, got.Stderr, want)
		}
	}
}
