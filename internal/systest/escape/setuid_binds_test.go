package escape

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A set-user-ID program in what is bound gives nothing, even where no_new_privs does not hold it off: binds are nosuid. With
// the option suid it does.
func TestSetuidOnBinds(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := u.TempDir(t)
		nstest.MustRun(t, u.Command(t, "sh", "-euc", `cp /usr/bin/id "$0"; chmod 4755 "$0"`, filepath.Join(dir, "id")))
		head := "version = 1\nnamespaces = \"new\"\nidmap = \"keep+subid\"\n" // the program is the user's, who is inside, too
		if u.IsRoot() {
			head = "version = 1\nnamespaces = { mount = \"new\", pid = \"new\" }\n"
		}
		run := func(options string) string {
			profile := head + "process = { uid = 1000, gid = 1000, no_new_privs = false }\nmounts.\"/mnt\" = { ro = \"" + dir + "\"" + options + " }\n"
			return nstest.MustRun(t, systest.ProfileCommand(t, u, profile, "/mnt/id", "-u"))
		}
		if got := run(""); got != "1000\n" {
			t.Errorf("effective uid %s", got)
		}
		t.Run("without", func(t *testing.T) {
			if got := run(`, options = ["suid"]`); got != fmt.Sprintf("%d\n", u.UID) {
				t.Errorf("effective uid %s: this is no attack", got)
			}
		})
	})
}
