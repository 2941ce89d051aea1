package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// Where the command cannot be kept from doing anything, all but that is tried, and it is said.
func TestDoctorUnconfined(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		becomePrepared(t, func() error { return filter(denial{unix.SYS_SECCOMP, 0, unix.EBUSY}) })
		cmd := prepared(t, u, nstest.Nslaunch(t), "doctor", "p.toml")
		u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), "version = 1\nnamespaces = \"new\"\ncommand = [\"touch\", \"ran\"]\n")
		got := nstest.Run(t, cmd)
		_, err := os.Stat(filepath.Join(cmd.Dir, "ran"))
		const note = "p.toml:3:1: command: whether it can be executed was not tried: the command cannot be kept from doing anything: device or resource busy"
		if got.Status != 0 || err == nil || !strings.Contains(got.Stderr, note) || !strings.Contains(got.Stdout, "yes  p.toml can run here") {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
