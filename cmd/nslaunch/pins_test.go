package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// What covers something below a writable bind is not evaded by renaming a directory above it. A
// directory without a cover in it can be renamed and made anew, which is the control.
func TestCoverKeepsItsPlace(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for name, list := range map[string]string{
			"ro": "ro = [\"DIR/a/b/hooks\"]", "masked": "masked = [\"DIR/a/b/hooks\"]", "glob": "masked = [\"DIR/a/*/ho*\"]", "tmpfs": "tmpfs = [\"DIR/a/b/hooks\"]",
			"file": "\"DIR/a/b/hooks/x\" = { type = \"file\", content = \"ours\" }", "link": "masked = [\"DIR/link/hooks\"]",
		} {
			t.Run(name, func(t *testing.T) {
				dir := tree(t, u, map[string]string{"a/b/hooks/x": "host", "c/d/hooks/x": "host", "link": "-> a/b"})
				nstest.CheckNothingLeft(t)
				profile := ownTree(u, fmt.Sprintf("[mounts]\nrw = [%q]", dir), strings.ReplaceAll(list, "DIR", dir))
				attack := "cd " + dir + `; for d in a/b c/d a c; do mv $d ${d}2 2>/dev/null; done
for d in a/b c/d; do mkdir -p $d/hooks && echo evil >$d/hooks/x; done; true`
				nstest.MustRun(t, profileCommand(t, u, profile, "sh", "-c", "exec 2>/dev/null\n"+attack))
				for file, want := range map[string]string{"a/b/hooks/x": "host", "c/d/hooks/x": "evil\n"} {
					if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != want {
						t.Errorf("on the host %s has %q, %v; want %q", file, got, err, want)
					}
				}
			})
		}
	})
}
