package mounts

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// Terminals of one's own need no root inside: the kernel's devpts belongs to who mounts it (since Linux 4.9).
func TestTerminalsWithoutRoot(t *testing.T) {
	nstest.Require(t, nstest.Tools("script"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, ids := range []struct{ key, tables string }{
			{"idmap = \"keep\"\n", ""},
			{"", "[idmap]\nuid = [{ inside = 7, outside = \"${uid}\" }]\ngid = [{ inside = 7, outside = \"${gid}\" }]\n[process]\nuid = 7\ngid = 7\n"},
		} {
			head := "version = 1\nnamespaces = \"new\"\nroot = \"tmpfs\"\n" + ids.key
			mounts := ids.tables + "[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n"
			for _, profile := range []string{
				head + "dev = \"minimal\"\n" + mounts,
				head + mounts + `"/dev/pts" = { type = "devpts" }
"/dev/ptmx" = { type = "symlink", to = "pts/ptmx" }
"/dev/null" = { rw = "/dev/null", options = ["dev"] }
`,
			} {
				got := nstest.Run(t, systest.ProfileCommand(t, u, profile, "script", "-qec", "tty; stat -c %u /dev/pts/0 /dev/pts/ptmx", "/dev/null"))
				lines := strings.Fields(got.Stdout)
				if len(lines) != 3 || lines[0] != "/dev/pts/0" || lines[1] != lines[2] || lines[1] == "65534" || got.Status != 0 {
					t.Errorf("with the profile\n%sit prints %+v", profile, got)
				}
			}
		}
	})
}
