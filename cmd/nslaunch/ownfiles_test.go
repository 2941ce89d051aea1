package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// What a sandbox can write to does not change the next sandbox: the profile that it was made from and what
// that extends are read-only, and so are their places, also in a directory of the project.
func TestOwnProfile(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		const script = `for f in tools/deep/agent.toml tools/common.toml; do
	rm -f $f; (echo >>$f); mv $f $f.old; echo evil >new; mv new $f
done 2>/dev/null
mv tools/deep tools/old; mkdir -p tools/deep; echo evil >tools/deep/agent.toml; mv tools old; mkdir -p tools/deep; echo evil >tools/deep/agent.toml; echo evil >tools/common.toml; touch tools/made; :`
		for name, allow := range map[string]string{
			"as it is": "",
			"without": `"${profile_dir}/agent.toml" = { rw = "./agent.toml" }
"${cwd}/tools/common.toml" = { rw = "${cwd}/tools/common.toml" }`,
		} {
			dir := u.TempDir(t)
			makeDirs(t, dir+"/tools/deep")
			common := u.WriteFile(t, dir+"/tools/common.toml", "version = 1\nextends = [\"preset:dev\"]\n")
			profile := u.WriteFile(t, dir+"/tools/deep/agent.toml", "version = 1\nextends = [\"../common.toml\"]\n[mounts]\n"+allow+"\n")
			u.Own(t, dir)
			before := [2][32]byte{sum(t, profile), sum(t, common)}
			cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", "tools/deep/agent.toml", "sh", "-c", script)
			cmd.Dir = dir
			if got := nstest.Run(t, cmd); got.Status != 0 {
				t.Fatalf("%+v", got)
			}
			if _, err := os.Stat(filepath.Join(dir, "tools/made")); err != nil {
				t.Errorf("%s: nothing can be made beside it: %v", name, err)
			}
			if changed := before != [2][32]byte{sum(t, profile), sum(t, common)}; changed != (name == "without") {
				t.Errorf("%s: changed %v", name, changed)
			}
		}
	})
}
