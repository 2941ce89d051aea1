package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

const ownPTY = "process.terminal = \"pty\"\n"

// All that a command writes to its terminal arrives, however soon it ends after that.
func TestPTYOutput(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		want := ""
		for i := range 4000 {
			want += fmt.Sprintf("%d\r\n", i+1)
		}
		for _, w := range ways() {
			for range 34 {
				got := u.StartTerminal(t, profileCommand(t, u, "version = 1\n"+w.profile+ownPTY, "seq", "4000")).Wait()
				if got.Status != 0 || got.Stdout != want {
					t.Fatalf("%s: status %d, %d bytes; want %d", w.name, got.Status, len(got.Stdout), len(want))
				}
			}
		}
	})
}

// A session with a terminal is there whatever the caller's streams are, which stay what they are if they
// are no terminals. The command leads it. Without a terminal of the caller's, input from it ends.
func TestPTYWithoutTerminal(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, w := range append(ways(), way{"process 1", allNew + "process.init = false\n"}) {
			r := seenBy(t, u, "version = 1\n"+w.profile+ownPTY)
			p, term := r.Process, r.Terminal
			if !term.Controlling || term.IsTerminal != [3]bool{} || p.Session != p.PID || p.Group != p.PID {
				t.Errorf("%s: %+v, %+v", w.name, p, term)
			}
			r = seenBy(t, u, "version = 1\n"+w.profile+"process.terminal = \"none\"\n")
			p, term = r.Process, r.Terminal
			if term.Controlling || term.IsTerminal != [3]bool{} || p.Session != p.PID || p.Group != p.PID {
				t.Errorf("%s: %+v, %+v", w.name, p, term)
			}
		}
		got := nstest.Run(t, profileCommand(t, u, "version = 1\n"+allNew+ownPTY, "sh", "-c", "echo lost >/dev/tty; cat /dev/tty; echo end"))
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
		got := u.StartTerminal(t, profileCommand(t, u, "version = 1\n"+only+ownPTY, "sh", "-c", script)).Wait()
		if got.Status != 0 || got.Stdout != "late\r\n" {
			t.Errorf("%s: %+v", script, got)
		}
	}
}

// Keys reach what runs inside, and nothing of the modes stays behind.
func TestPTYKeys(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := shellOn(t, u, profile+ownPTY)
		counts(t, term, "$NS p.toml -- sh -c '"+counter+"'")
		// Where the input is no terminal, that stays as it is, and its keys are passed on.
		counts(t, term, "$NS p.toml -- sh -c '"+counter+"' </dev/null")
		counts(t, term, "$NS p.toml -- sh -c '"+counter+"' </dev/null | (trap '' INT QUIT; cat)")
		// There is no shell inside that could continue what a key stops.
		says(term, "$NS p.toml -- sh -c 'echo go''ing; exec cat'", "going\r\n")
		term.Send("\x1a")
		says(term, "word", "word\r\nword\r\n")
		term.Send("\x03")
		term.Expect(prompt)
		says(term, "echo status $?", "\nstatus 130\r\n", prompt)
		leave(t, term)
	})
}

// The terminal's modes are as before also when there was no command, or no one who reads.
func TestPTYModes(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := shellOn(t, u, profile+ownPTY)
		says(term, "$NS p.toml -- no-such-command; echo status $?", "\nstatus 127\r\n", prompt)
		says(term, "$NS p.toml -- yes | head -n 1; echo statuses ${PIPESTATUS[*]}", "y\r\n", "statuses 141 0\r\n", prompt)
		// In the background nothing is read, and modes are the shell's.
		says(term, "$NS p.toml -- sh -c 'echo go''ing; exec head -n 1' &", "going")
		says(term, "stty -a", " icanon ", prompt)
		bringBack(term)
		says(term, "word", "word", "word", prompt)
		says(term, "$NS p.toml -- sh -c 'echo out''put; sleep 600' </dev/null &", "output\r\n")
		says(term, "kill %1; wait %1; echo status $?", "\nstatus 143\r\n", prompt)
		leave(t, term)
	})
}

// With a terminal of its own, or none, a command cannot type for the caller's shell.
func TestTyping(t *testing.T) {
	setting, err := os.ReadFile("/proc/sys/dev/tty/legacy_tiocsti") // none before Linux 6.2
	if err == nil && strings.TrimSpace(string(setting)) == "0" {
		nstest.Skip(t, "the kernel has TIOCSTI turned off for all (dev.tty.legacy_tiocsti)")
	}
	probe := nstest.Probe(t)
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		for terminal, want := range map[string][2]string{
			"inherit": {"ok", "ok"}, // the control
			"pty":     {"ok", "ok"},
			"none":    {"EPERM", "ENXIO"},
		} {
			if terminal == "none" && u.IsRoot() && profile == "" {
				continue // CAP_SYS_ADMIN of the initial user namespace may
			}
			term := shellOn(t, u, profile+"process.terminal = \""+terminal+"\"\n")
			says(term, "$NS p.toml -- "+probe+" -type $'echo inj$((6*7))\\n'; stty sane",
				fmt.Sprintf("\"stdin\": %q", want[0]), fmt.Sprintf("\"tty\": %q", want[1]), prompt)
			says(term, "echo end $((6*7))", "\nend 42\r\n", prompt)
			if got := strings.Contains(term.Output(), "inj42"); got != (terminal == "inherit") {
				t.Errorf("%s: typed %v\n%s", terminal, got, term.Output())
			}
		}
	})
}
