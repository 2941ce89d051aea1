package diagnose

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// A service with DynamicUser=yes or RestrictSUIDSGID=yes has a filter by which openat2(2) fails as one that there is not. The
// error names the directive of the unit. The control: where systemd has started nothing, it is another's filter.
func TestDiagnoseServiceFilter(t *testing.T) {
	const step = `p.toml:2:1: proc: step #, mount proc on /proc with nodev,nosuid,noexec: ENOSYS`
	inService := func(t *testing.T, u nstest.User, words ...string) *exec.Cmd {
		cmd := systest.Prepared(t, u, words...)
		cmd.Env = append(cmd.Env, "INVOCATION_ID=0123456789abcdef0123456789abcdef")
		return cmd
	}
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct {
			name   string
			around surroundings
			want   string
		}{
			{"a service", inService, `
  most likely RestrictSUIDSGID=yes of the unit, which DynamicUser=yes implies, forbids the call: openat2
  try: RestrictSUIDSGID=no in the unit, and User= in the place of DynamicUser=yes`},
			{"without", systest.Prepared, `
  most likely the seccomp filter that nslaunch was started under, as in a container, forbids the call: openat2
  try: start the outer container with a filter that allows it, in podman and docker --security-opt seccomp=FILE`},
		} {
			t.Run(test.name, func(t *testing.T) {
				systest.BecomePrepared(t, func() error { return systest.Filter(systest.Denial{Call: unix.SYS_OPENAT2, Errno: unix.ENOSYS}) })
				trouble{profile: everything, around: test.around, want: step + test.want}.check(t, u)
			})
		}
	})
}

// Who enters a mount namespace is in its root, so a relative path begins there, and not in the caller's directory, where the
// file is. What the launcher would find on its own side is not said of the other. The control is the same without the join.
func TestDiagnoseJoinedMount(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\ncommand = [\"cat\"]\n"))
		defer h.Release(t)
		joined := fmt.Sprintf("namespaces = { user = \"pid:%d\", mount = \"pid:%[1]d\" }\n", h.PID)
		const own = "namespaces = { user = \"new\", mount = \"new\" }\n"
		run := func(namespaces, text, command string) nstest.Result {
			cmd := systest.ProfileCommand(t, u, "version = 1\n"+namespaces+"command = [\""+command+"\"]\n")
			u.WriteFile(t, filepath.Join(cmd.Dir, "tool"), text)
			if got := nstest.Run(t, u.Command(t, "chmod", "755", filepath.Join(cmd.Dir, "tool"))); got.Status != 0 {
				t.Fatalf("%+v", got)
			}
			r := nstest.Run(t, cmd)
			r.Stderr = strings.ReplaceAll(r.Stderr, cmd.Dir, "DIR")
			return r
		}
		const works, broken = "#!/bin/sh\necho ran\n", "#!/nothing\n"
		if got := run(joined, works, "./tool"); got.Status != systest.StatusMissing || got.Stdout != "" ||
			!strings.Contains(got.Stderr, `there is no file "./tool" in the working directory, /`+"\n") || strings.Contains(got.Stderr, "DIR") {
			t.Errorf("joined: %+v", got)
		}
		if got := run(own, works, "./tool"); got.Status != 0 || got.Stdout != "ran\n" {
			t.Errorf("without a join: %+v", got)
		}
		if got := run(joined, broken, "./tool"); got.Status != systest.StatusMissing || strings.Contains(got.Stderr, "/nothing") {
			t.Errorf("joined, a script without its interpreter: %+v", got)
		}
		if got := run(own, broken, "./tool"); !strings.Contains(got.Stderr, `"./tool" is a script for "/nothing", which does not exist`) {
			t.Errorf("without a join, a script without its interpreter: %+v", got)
		}
		if got := run(own, works, "./missing"); got.Status != systest.StatusMissing || !strings.Contains(got.Stderr, `there is no file "./missing" in the working directory, DIR`+"\n") {
			t.Errorf("without a join, a missing file: %+v", got)
		}
	})
}
