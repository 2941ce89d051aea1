package terminal

import (
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// On a terminal a note says that the command can type into it: where it can, which is tried, and nowhere else.
func TestTypingNote(t *testing.T) {
	setting, err := os.ReadFile("/proc/sys/dev/tty/legacy_tiocsti") // none before Linux 6.2
	all := err != nil || strings.TrimSpace(string(setting)) != "0"
	probe := nstest.Probe(t)
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct {
			profile string
			can     bool
		}{
			{"", all || u.IsRoot()},
			{systest.AllNew, all},
			{"process.terminal = \"pty\"\n", false},
			{systest.AllNew + "process.terminal = \"pty\"\n", false},
		} {
			term := systest.ShellOn(t, u, test.profile+"command = [\"true\"]\n")
			said := func(line string) bool {
				t.Helper()
				before := len(term.Output())
				systest.Says(term, line+"; echo end $((6*7))", "\nend 42\r\n", systest.Prompt)
				return strings.Contains(term.Output()[before:], "the command can type into the caller's terminal")
			}
			for line, want := range map[string]bool{
				"$NS plan p.toml": test.can, "$NS plan --log-format=json p.toml": test.can, "$NS check --host p.toml": test.can,
				"$NS check p.toml": false, "$NS p.toml": false,
				"$NS plan p.toml </dev/null 2>&1 | cat": false,
			} {
				if got := said(line); got != want {
					t.Errorf("%q: %s: a note: %v; want %v\n%s", test.profile, line, got, want, term.Output())
				}
			}
			before := len(term.Output())
			systest.Says(term, "$NS p.toml -- "+probe+" -type $'echo inj$((6*7))\\n'; stty sane", "\"tty\": ", systest.Prompt)
			systest.Says(term, "echo end $((6*7))", "\nend 42\r\n", systest.Prompt)
			if got := strings.Contains(term.Output()[before:], "inj42"); got != test.can {
				t.Errorf("%q: typed: %v; want %v\n%s", test.profile, got, test.can, term.Output())
			}
		}
	})
}
