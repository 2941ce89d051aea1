package covers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// What covers something below a writable bind, or in a writable root, is not evaded by renaming a directory above it. A
// directory without a cover in it can be renamed and made anew, which is the control.
func TestCoverKeepsItsPlace(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for name, test := range map[string]struct{ writable, inside string }{
			"bind": {"[mounts]\nrw = [\"DIR\"]\n", "DIR"}, "root": {"[mounts]\n", "DIR"},
			"directory": {"root = \"DIR\"\n[mounts]\n\"/usr\".ro = \"/usr\"\n\"/bin\".ro = \"/bin\"\n\"/lib\".ro = \"/lib\"\n\"/lib64\".ro = \"/lib64\"\n", ""},
		} {
			t.Run(name, func(t *testing.T) { testCovers(t, u, test.writable, test.inside) })
		}
	})
}

func testCovers(t *testing.T, u nstest.User, writable, inside string) {
	for name, entry := range map[string]string{
		"ro": "\"IN/a/b/hooks\" = { ro = \"DIR/a/b/hooks\" }", "masked": "masked = [\"IN/a/b/hooks\"]", "glob": "masked = [\"IN/a/*/ho*\"]", "tmpfs": "tmpfs = [\"IN/a/b/hooks\"]",
		"file": "\"IN/a/b/hooks/x\" = { type = \"file\", content = \"ours\" }", "link": "masked = [\"IN/link/hooks\"]",
	} {
		t.Run(name, func(t *testing.T) {
			dir := systest.Tree(t, u, map[string]string{"a/b/hooks/x": "host", "c/d/hooks/x": "host", "link": "-> a/b",
				"usr": "/", "bin": "/", "lib": "/", "lib64": "/", "proc": "/", "dev": "/", "sys": "/"})
			nstest.CheckNothingLeft(t)
			names := strings.NewReplacer("DIR", dir, "IN", strings.ReplaceAll(inside, "DIR", dir))
			attack := names.Replace("cd IN/") + `; for d in a/b c/d a c; do mv $d ${d}2; done; mv "$PWD" "$PWD.2"; mkdir -p "$PWD"; cd "$PWD"
for d in a/b c/d; do mkdir -p $d/hooks && echo evil >$d/hooks/x; done; true`
			nstest.MustRun(t, systest.ProfileCommand(t, u, systest.OwnTree(u, names.Replace(writable+entry)), "sh", "-c", "exec 2>&-\n"+attack))
			for file, want := range map[string]string{"a/b/hooks/x": "host", "c/d/hooks/x": "evil\n"} {
				if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != want {
					t.Errorf("on the host %s has %q, %v; want %q", file, got, err, want)
				}
			}
		})
	}
}
