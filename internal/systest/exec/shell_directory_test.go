package exec

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// "shell" enters the sandbox of a profile that was started in this directory, if the profile is about that: in another project
// it starts one for that. What says the same everywhere is entered from everywhere.
func TestShellDirectory(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		p := systest.NewWorkplace(t, u)
		systest.MakeDirs(t, p.Dir+"/a", p.Dir+"/b")
		const head = "version = 1\nextends = [\"preset:system\"]\n"
		u.WriteFile(t, p.Dir+"/here.toml", head+"mounts.rw = [\"${cwd}\"]\n")
		u.WriteFile(t, p.Dir+"/git.toml", head+"mounts.rw = [\"-${git:dir}\"]\n")
		u.WriteFile(t, p.Dir+"/same.toml", head)
		u.Own(t, p.Dir)
		in := func(dir string, stdin string, args ...string) string {
			t.Helper()
			cmd := p.Command(args...)
			cmd.Dir, cmd.Stdin = p.Dir+"/"+dir, strings.NewReader(stdin)
			return nstest.MustRun(t, cmd)
		}
		for file, everywhere := range map[string]bool{"preset:dev": false, "../here.toml": false, "../git.toml": false, "../same.toml": true} {
			const look = "cat /tmp/mark 2>/dev/null || echo another\n"
			name := strings.TrimSpace(in("a", "", "run", "--detach", file, "sh", "-c", "echo running >/tmp/mark; exec sleep 1000"))
			in("a", "", "exec", name, "sh", "-c", "until [ -s /tmp/mark ]; do sleep 0.01; done")
			if got := in("a", look, "shell", file); got != "running\n" {
				t.Errorf("%s in the same directory: %q", file, got)
			}
			if got := in("b", look, "shell", file); (got == "running\n") != everywhere {
				t.Errorf("%s in another directory: %q", file, got)
			}
			in("a", "", "stop", name)
		}
	})
}
