package covers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// What a profile hides, it hides under each name: where the home directory is a link, and where a directory
// is mounted a second time. Without the entry that hides, each name shows the key.
func TestHiddenUnderEachName(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := nstest.NewOuter(t, mountprop.Private)
		dir := systest.Tree(t, u, map[string]string{
			"data/u/.ssh/id": "KEY", "data/u/proj/file": "project", "home/u": "-> ../data/u", "alias": "/", "part": "/",
			"inner/u/.ssh/id": "INNER", "inner/link": "-> u",
		})
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "sh", "-euc", fmt.Sprintf(
			"cd %s; mount --bind data/u alias; mount --bind data/u/.ssh part", dir)))
		nstest.CheckNothingLeft(t)
		names := "home/u/.ssh/id data/u/.ssh/id alias/.ssh/id"
		script := fmt.Sprintf("cd %s; for f in %s; do cat $f 2>/dev/null || echo -; done; cat data/u/proj/file", dir, names)
		none, all := "-\n-\n-\nproject", "KEYKEYKEYproject"
		for _, test := range []struct{ name, rest, want string }{
			{"without", "[mounts]\nrw = [\"DIR/data/u/proj\"]\n", all},
			{"tmpfs", "[mounts]\ntmpfs = [\"DIR/home\", \"DIR/home/u\"]\nrw = [\"DIR/data/u/proj\"]\n", none},
			{"masked", "[mounts]\nmasked = [\"DIR/home/u/.ssh\"]\n", none},
			{"masked file", "[mounts]\nmasked = [\"DIR/alias/.ssh/id\"]\n", "project"},
			{"glob", "[mounts]\nmasked = [\"DIR/home/u/.s*\"]\n", none},
			{"bound", systest.System + "\"DIR\" = { ro = \"DIR\" }\nmasked = [\"DIR/home/u/.ssh\"]\n", none},
			{"bound elsewhere", systest.System + "\"DIR\" = { ro = \"DIR\" }\n\"/x\" = { ro = \"DIR/data\" }\nmasked = [\"/x/u/.ssh\"]\n", none},
			{"bound, without", systest.System + "\"DIR\" = { ro = \"DIR\" }\n", all},
			{"overlay", "root = { path = \"host\", overlay = \"tmpfs\" }\n[mounts]\nmasked = [\"DIR/home/u/.ssh\"]\n", none},
		} {
			t.Run(test.name, func(t *testing.T) {
				profile := systest.OwnTree(u, strings.ReplaceAll(test.rest, "DIR", dir))
				got := nstest.MustRun(t, systest.OuterCommand(t, outer, u, profile, "sh", "-c", script))
				if got != test.want {
					t.Errorf("with\n%s\nit reads\n%s\nwant\n%s", profile, got, test.want)
				}
			})
		}
		t.Run("part", func(t *testing.T) {
			cmd := outer.Command(t, u, nstest.Nslaunch(t), "plan", "p.toml", "true")
			u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), systest.OwnTree(u, "[mounts]", fmt.Sprintf("masked = [%q]", dir+"/data/u")))
			got := nstest.Run(t, cmd)
			want := fmt.Sprintf("nslaunch: note: p.toml:4:11: mounts.masked[0]: part of what %s/data/u hides is still visible at %[1]s/part (hide it there, too)\n", dir)
			if got.Status != 0 || !strings.Contains(got.Stderr, want) || !strings.Contains(got.Stdout, "mask "+dir+"/alias with an empty directory\n") {
				t.Errorf("plan says %+v, want %s", got, want)
			}
		})
	})
}
