package terminal

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// All that a command writes to its terminal arrives, however soon it ends after that.
func TestPTYOutput(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		want := ""
		for i := range 4000 {
			want += fmt.Sprintf("%d\r\n", i+1)
		}
		for _, w := range systest.Ways() {
			for range 34 {
				got := u.StartTerminal(t, systest.ProfileCommand(t, u, "version = 1\n"+w.Profile+systest.OwnPTY, "seq", "4000")).Wait()
				if got.Status != 0 || got.Stdout != want {
					t.Fatalf("%s: status %d, %d bytes; want %d", w.Name, got.Status, len(got.Stdout), len(want))
				}
			}
		}
	})
}

// A session with a terminal is there whatever the caller's streams are, which stay what they are if they
// are no terminals. The command leads it. Without a terminal of the caller's, input from it ends.
func TestPTYWithoutTerminal(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, w := range append(systest.Ways(), systest.Way{Name: "process 1", Profile: systest.AllNew + "process.init = false\n"}) {
			r := systest.SeenBy(t, u, "version = 1\n"+w.Profile+systest.OwnPTY)
			p, term := r.Process, r.Terminal
			if !term.Controlling || term.IsTerminal != [3]bool{} || p.Session != p.PID || p.Group != p.PID {
				t.Errorf("%s: %+v, %+v", w.Name, p, term)
			}
			r = systest.SeenBy(t, u, "version = 1\n"+w.Profile+"process.terminal = \"none\"\n")
			p, term = r.Process, r.Terminal
			if term.Controlling || term.IsTerminal != [3]bool{} || p.Session != p.PID || p.Group != p.PID {
				t.Errorf("%s: %+v, %+v", w.Name, p, term)
			}
		}
		got := nstest.Run(t, systest.ProfileCommand(t, u, "version = 1\n"+systest.AllNew+systest.OwnPTY, "sh", "-c", "echo lost >/dev/tty; cat /dev/tty; echo end"))
		if got.Status != 0 || got.Stdout != "end\n" {
			t.Errorf("/dev/tty: %+v", got)
		}
	})
}

// Nobody has the slave open for a while, and then the command has again; and a
// process that outlives the command keeps it.
func TestPTYSlaveHeld(t *testing.T) {
	u := nstest.Ordinary(t)
	for _, script := range []string{
		"exec 0<&- 1>&- 2>&-; sleep .1; echo late >/dev/tty",
		"setsid sleep .5 & echo late",
		"trap '' HUP; (sleep .5) & echo late",
	} {
		got := u.StartTerminal(t, systest.ProfileCommand(t, u, "version = 1\n"+systest.OnlyUser+systest.OwnPTY, "sh", "-c", script)).Wait()
		if got.Status != 0 || got.Stdout != "late\r\n" {
			t.Errorf("%s: %+v", script, got)
		}
	}
}

// Keys reach what runs inside, and nothing of the modes stays behind.
func TestPTYKeys(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := systest.ShellOn(t, u, profile+systest.OwnPTY)
		counts(t, term, "$NS p.toml -- sh -c '"+systest.Counter+"'")
		// Where the input is no terminal, that stays as it is, and its keys are passed on.
		counts(t, term, "$NS p.toml -- sh -c '"+systest.Counter+"' </dev/null")
		counts(t, term, "$NS p.toml -- sh -c '"+systest.Counter+"' </dev/null | (trap '' INT QUIT; cat)")
		// There is no shell inside that could continue what a key stops.
		systest.Says(term, "$NS p.toml -- sh -c 'echo go''ing; exec cat'", "going\r\n")
		term.Send("\x1a")
		systest.Says(term, "word", "word\r\nword\r\n")
		term.Send("\x03")
		term.Expect(systest.Prompt)
		systest.Says(term, "echo status $?", "\nstatus 130\r\n", systest.Prompt)
		systest.Leave(t, term)
	})
}

// The terminal's modes are as before also when there was no command, or no one who reads.
func TestPTYModes(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := systest.ShellOn(t, u, profile+systest.OwnPTY)
		systest.Says(term, "$NS p.toml -- no-such-command; echo status $?", "\nstatus 127\r\n", systest.Prompt)
		systest.Says(term, "$NS p.toml -- yes | head -n 1; echo statuses ${PIPESTATUS[*]}", "y\r\n", "statuses 141 0\r\n", systest.Prompt)
		// In the background nothing is read, and modes are the shell's.
		systest.Says(term, "$NS p.toml -- sh -c 'echo go''ing; exec head -n 1' &", "going")
		systest.Says(term, "stty -a", " icanon ", systest.Prompt)
		systest.BringBack(term)
		systest.Says(term, "word", "word", "word", systest.Prompt)
		systest.Says(term, "$NS p.toml -- sh -c 'echo out''put; sleep 600' </dev/null &", "output\r\n")
		systest.Says(term, "kill %1; wait %1; echo status $?", "\nstatus 143\r\n", systest.Prompt)
		systest.Leave(t, term)
	})
}

// With a terminal of its own, or none, a command cannot type for the caller's shell.
func TestTyping(t *testing.T) {
	setting, err := os.ReadFile("/proc/sys/dev/tty/legacy_tiocsti") // none before Linux 6.2
	if err == nil && strings.TrimSpace(string(setting)) == "0" {
		nstest.Skip(t, "the kernel has TIOCSTI turned off for all (dev.tty.legacy_tiocsti)")
	}
	probe := nstest.Probe(t)
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		for terminal, want := range map[string][2]string{
			"inherit": {"ok", "ok"}, // the control
			"pty":     {"ok", "ok"},
			"none":    {"EPERM", "ENXIO"},
		} {
			if terminal == "none" && u.IsRoot() && profile == "" {
				continue // CAP_SYS_ADMIN of the initial user namespace may
			}
			term := systest.ShellOn(t, u, profile+"process.terminal = \""+terminal+"\"\n")
			systest.Says(term, "$NS p.toml -- "+probe+" -type $'echo inj$((6*7))\\n'; stty sane",
				fmt.Sprintf("\"stdin\": %q", want[0]), fmt.Sprintf("\"tty\": %q", want[1]), systest.Prompt)
			systest.Says(term, "echo end $((6*7))", "\nend 42\r\n", systest.Prompt)
			if got := strings.Contains(term.Output(), "inj42"); got != (terminal == "inherit") {
				t.Errorf("%s: typed %v\n%s", terminal, got, term.Output())
			}
		}
	})
}
