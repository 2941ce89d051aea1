package covers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
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
			systest.MakeDirs(t, dir+"/tools/deep")
			common := u.WriteFile(t, dir+"/tools/common.toml", "version = 1\nextends = [\"preset:dev\"]\n")
			profile := u.WriteFile(t, dir+"/tools/deep/agent.toml", "version = 1\nextends = [\"../common.toml\"]\n[mounts]\n"+allow+"\n")
			u.Own(t, dir)
			before := [2][32]byte{systest.Sum(t, profile), systest.Sum(t, common)}
			cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", "tools/deep/agent.toml", "sh", "-c", script)
			cmd.Dir = dir
			if got := nstest.Run(t, cmd); got.Status != 0 {
				t.Fatalf("%+v", got)
			}
			if _, err := os.Stat(filepath.Join(dir, "tools/made")); err != nil {
				t.Errorf("%s: nothing can be made beside it: %v", name, err)
			}
			if changed := before != [2][32]byte{systest.Sum(t, profile), systest.Sum(t, common)}; changed != (name == "without") {
				t.Errorf("%s: changed %v", name, changed)
			}
		}
	})
}

// The profile is the same file under each name: where a link leads to it, and where its directory is mounted again.
func TestOwnProfileNames(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, names := range [][2]string{ // the profile, and the project
			{"real/tools/agent.toml", "real"}, {"alias/tools/agent.toml", "real"}, {"real/tools/agent.toml", "alias"}, {"link/tools/agent.toml", "real"},
			{"real/tools/agent.toml", "link"}, {"to/agent.toml", "alias"}, {"agent", "real"}, {"real/tools/agent.toml", ""}, {"to/agent.toml", "real/tools"},
		} {
			for _, without := range []bool{false, true} {
				outer := nstest.NewOuter(t, mountprop.Private)
				dir := systest.Tree(t, u, map[string]string{"real/tools/x": "/", "alias": "/", "link": "-> real", "to": "-> alias/tools", "agent": "-> to/agent.toml"})
				project := filepath.Join(dir, names[1])
				u.WriteFile(t, dir+"/real/tools/common.toml", "version = 1\nextends = [\"preset:system\"]\nidmap = \"keep\"\n")
				rw := []string{project}
				if without {
					for _, name := range []string{"real/tools", "alias/tools", "tools", "."} {
						rw = append(rw, "-"+filepath.Join(project, name, "agent.toml"), "-"+filepath.Join(project, name, "common.toml"))
					}
				}
				profile := u.WriteFile(t, dir+"/real/tools/agent.toml", fmt.Sprintf("version = 1\nextends = [%q]\nmounts.rw = [\"%s\"]\n",
					filepath.Dir(filepath.Join(dir, names[0]))+"/common.toml", strings.Join(rw, `", "`)))
				if names[0] == "agent" {
					profile = u.WriteFile(t, dir+"/real/tools/agent.toml", strings.Replace(systest.ReadFile(t, profile), dir+"/common.toml", dir+"/to/common.toml", 1))
				}
				nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "--bind", dir+"/real", dir+"/alias"))
				const attack = `for f in $(find . -name agent.toml -o -name common.toml); do
	rm -f $f; d=${f%/*}; mv $d $d.old; mkdir -p $d; for n in agent common; do echo evil >$d/$n.toml; done
done 2>/dev/null; :`
				cmd := outer.Command(t, u, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", filepath.Join(dir, names[0]), "sh", "-c", "cd "+project+" && "+attack)
				if got := nstest.Run(t, cmd); got.Status != 0 {
					t.Fatalf("%v: %+v\n%s", names, got, systest.ReadFile(t, profile))
				}
				kept := systest.ReadFile(t, dir+"/real/tools/agent.toml") != "evil\n" && systest.ReadFile(t, dir+"/real/tools/common.toml") != "evil\n"
				if kept == without {
					t.Errorf("%v: kept %v, and with entries of its own %v", names, kept, without)
				}
			}
		}
	})
}

// A link on the way to the profile that the sandbox could replace is an error. The file itself is named, and it works.
func TestOwnProfileLink(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"project/dir": "-> ../other", "project/agent.toml": "-> ../other/agent.toml", "other/x": "/", "own/x": "/"})
		text := fmt.Sprintf("version = 1\nextends = [\"preset:system\"]\nidmap = \"keep\"\nmounts.rw = [%q]\n", dir+"/project")
		u.WriteFile(t, dir+"/other/agent.toml", text)
		u.WriteFile(t, dir+"/own/agent.toml", strings.Replace(text, "preset:system", "../project/dir/agent.toml", 1))
		run := func(profile string) nstest.Result {
			return nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", dir+"/"+profile, "true"))
		}
		for profile, link := range map[string]string{"project/agent.toml": "agent.toml", "project/dir/agent.toml": "dir", "own/agent.toml": "dir"} {
			cure := "nslaunch " + dir + "/other/agent.toml"
			if profile == "own/agent.toml" {
				cure = fmt.Sprintf("in extends, write %q", dir+"/other/agent.toml")
			}
			want := fmt.Sprintf("is reached through the symbolic link %s/project/%s, which the sandbox could replace (%s)", dir, link, cure)
			if got := run(profile); got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, want) {
				t.Errorf("%s: %+v", profile, got)
			}
		}
		if got := run("other/agent.toml"); got.Status != 0 {
			t.Errorf("%+v", got)
		}
		// The control: the sandbox does replace it.
		cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", dir+"/other/agent.toml", "sh", "-c", "cd "+dir+"/project; ln -sfn evil.toml agent.toml")
		if got := nstest.Run(t, cmd); got.Status != 0 {
			t.Errorf("%+v", got)
		}
		if to, err := os.Readlink(dir + "/project/agent.toml"); err != nil || to != "evil.toml" {
			t.Errorf("the link leads to %q, %v", to, err)
		}
	})
}
