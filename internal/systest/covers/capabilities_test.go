package covers

import (
	"os"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// What covers a file in a writable directory keeps nothing from a command that has capabilities over its mounts, as SECURITY.md
// says. Without them it holds.
func TestCoversAndCapabilities(t *testing.T) {
	nstest.Require(t, nstest.Tools("umount"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := u.TempDir(t)
		profile := "version = 1\nextends = [\"preset:npm\"]\nidmap = \"root\"\nrestrict.namespaces = \"all\"\n"
		for capabilities, want := range map[string]string{"keep": "TOKEN\nchanged\n", "none": ""} {
			u.WriteFile(t, dir+"/.env", "TOKEN\n")
			u.WriteFile(t, dir+"/p.toml", profile)
			u.Own(t, dir)
			cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.capabilities="+capabilities, "--set", "process.terminal=none", "./p.toml", "sh", "-c",
				"(umount .env; cat .env; umount p.toml; echo '#' >>p.toml && echo changed) 2>/dev/null; :")
			cmd.Dir = dir
			got := nstest.MustRun(t, cmd)
			text, err := os.ReadFile(dir + "/p.toml")
			if got != want || err != nil || (string(text) == profile) != (want == "") {
				t.Errorf("capabilities %q: it says %q, the profile is %q, %v", capabilities, got, text, err)
			}
		}
	})
}
