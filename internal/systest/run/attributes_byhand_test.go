package run

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// The controls of TestNofileIsTheCallers and TestDispositions: nslaunch itself has raised its limit of open
// files, as every Go program does, and what is blocked and ignored is passed on by an execve.
func TestStateByHand(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		stdin, ours := systest.Pipe(t)
		cmd := u.Command(t, "sh", "-c", `ulimit -n 300; ulimit -Sn 77; exec "$@"`, "sh", nstest.Nslaunch(t), "check", "-")
		cmd.Stdin = stdin
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		raised := regexp.MustCompile(`Max open files +(299|300) +300 `)
		var limits []byte
		nstest.Eventually(t, func() bool {
			limits, _ = os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid))
			return raised.Match(limits)
		}, func() string {
			return "the launcher has the caller's limit: nothing would be passed on: " + string(limits)
		})
		ours.Close()
		_ = cmd.Wait()
		got := nstest.MustRun(t, u.Command(t, "env", "--block-signal=USR1", "--ignore-signal=USR2", "grep", "-E", "SigBlk|SigIgn", "/proc/self/status"))
		if strings.Contains(got, "\t0000000000000000\n") {
			t.Errorf("without nslaunch it has\n%snothing would be passed on", got)
		}
	})
}
