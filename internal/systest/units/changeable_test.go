package units

import (
	"os"
	"os/exec"
	"path/filepath"
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
