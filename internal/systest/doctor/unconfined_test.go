package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// Where the command cannot be suspended, all but that is tried, and it is said.
func TestDoctorUnconfined(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		systest.BecomePrepared(t, func() error { return systest.Filter(systest.Denial{Call: unix.SYS_SECCOMP, Errno: unix.EBUSY}) })
		cmd := systest.Prepared(t, u, nstest.Nslaunch(t), "doctor", "p.toml")
		u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), "version = 1\nnamespaces = \"new\"\ncommand = [\"touch\", \"ran\"]\n")
		got := nstest.Run(t, cmd)
		_, err := os.Stat(filepath.Join(cmd.Dir, "ran"))
		const note = "p.toml:3:1: command: whether it can be executed was not tried: the command cannot be suspended: device or resource busy"
		if got.Status != 0 || err == nil || !strings.Contains(got.Stderr, note) || !strings.Contains(got.Stdout, "yes  p.toml can run here") {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
