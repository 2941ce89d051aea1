package run

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// Each system call that the launcher needs fails in turn: the first of its
// name, the second and so on, until none is left that fails. Where the launch
// can do without, it comes to the command, which is not found; or else the failure
// is reported. Nothing is left.
func TestLauncherCallsFail(t *testing.T) {
	profile := `version = 1
hostname = "h"
namespaces = "new"
process = { nice = ` + strconv.Itoa(nstest.Nicer(1)) + `, oom_score_adj = 100 }
command = ["no-such-command"]
`
	for _, call := range []struct {
		name   string
		needed bool // none of them can be done without
	}{
		{"memfd_create", false}, {"socketpair", true}, {"setsockopt", true}, {"sendfile", true},
		{"pidfd_open", true}, {"setpriority", true}, {"recvmsg", false}, // one only hears that all have ended
		{"openat", false}, {"readlinkat", false}, {"capget", false}, {"uname", false},
	} {
		t.Run(call.name, func(t *testing.T) {
			u := nstest.Superuser(t)
			dir := u.TempDir(t)
			u.WriteFile(t, filepath.Join(dir, "p.toml"), profile)
			const most = 40
			for n := 1; n <= most; n++ {
				inject := fmt.Sprintf("inject=%s:error=EIO:when=%d", call.name, n)
				traces := filepath.Join(dir, "trace")
				cmd := u.Command(t, "strace", "-D", "-f", "-qq", "-o", traces, "-e", "trace="+call.name, "-e", inject,
					nstest.Nslaunch(t), "p.toml")
				cmd.Dir = dir
				before := nstest.Snapshot(t)
				got := nstest.Run(t, cmd)
				nstest.AssertNothingLeft(t, before)
				met := strings.Contains(systest.ReadFile(t, traces), "(INJECTED)")
				said := strings.HasPrefix(got.Stderr, "nslaunch: error: ")
				switch {
				case got.Status == systest.StatusMissing && !met:
					return // there are no more
				case got.Stdout != "" || !said || got.Status != systest.StatusSetup && got.Status != systest.StatusMissing:
					t.Errorf("call %d fails: %+v", n, got)
				case got.Status == systest.StatusMissing && call.needed:
					t.Errorf("call %d fails, which is not reported", n)
				}
			}
			if call.needed {
				t.Errorf("more than %d calls", most)
			}
		})
	}
}
