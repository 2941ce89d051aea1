package signals

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// eachTerminal runs a test for each kind of terminal that a command can have, in every way.
func eachTerminal(test func(name, profile string)) {
	for _, w := range systest.Ways() {
		for _, terminal := range []string{"inherit", "pty", "none"} {
			test(w.Name+", "+terminal, "version = 1\n"+w.Profile+"process.terminal = \""+terminal+"\"\n")
		}
	}
}

// A launcher in an orphaned process group does not stop, nor does its command: nobody would
// continue them. A command that catches TSTP has it all the same.
func TestStopInOrphanedGroup(t *testing.T) {
	const (
		plain  = `trap "exit 3" USR1; echo up; while :; do sleep .01; done`
		caught = `trap "echo tstp" TSTP; ` + plain
	)
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		eachTerminal(func(name, profile string) {
			for script, want := range map[string]string{plain: " exit status 3", caught: "tstp exit status 3"} {
				l := systest.StartLive(t, systest.ProfileCommand(t, u, profile, "bash", "-c", script))
				l.Send(unix.SIGTSTP)
				said := ""
				if script == caught {
					l.Lines.Scan()
					said = l.Lines.Text()[:4]
				}
				l.Send(unix.SIGUSR1)
				if got := said + l.Ends(); got != want {
					t.Errorf("%s: %q; want %q", name, got, want)
				}
			}
		})
	})
}

// Without a controlling terminal, too, who started the launcher sees it stop and can continue it.
func TestStopWithoutTerminal(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		eachTerminal(func(name, profile string) {
			cmd := u.Command(t, "bash", "-c", `set -m; "$@" & wait $!; echo $?; kill -CONT %1; kill -TERM $!; wait $!; echo $?`,
				"bash", nstest.Nslaunch(t), "p.toml", "--", "sh", "-c", "echo up; exec sleep 600")
			u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
			l := systest.StartLive(t, cmd)
			if err := unix.Kill(systest.ChildrenOf(cmd.Process.Pid)[0], unix.SIGTSTP); err != nil {
				t.Fatal(err)
			}
			// The command is a session's leader unless it inherits the terminal, which only STOP stops.
			want := "147 143 exit status 0"
			if strings.HasSuffix(name, "inherit") {
				want = "148 143 exit status 0"
			}
			if got := l.Ends(); got != want {
				t.Errorf("%s: %s; want %s", name, got, want)
			}
		})
	})
}
