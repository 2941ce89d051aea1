// Package terminal tests commands on a terminal, below a shell with job control, and with a terminal of their own.
package terminal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// untilStopped waits until the shell knows that its only job is stopped, for
// that reason.
func untilStopped(term *systest.Console, reason string) {
	systest.Says(term, "until jobs -l | grep '("+reason+")'; do sleep .02; done", "Stopped ("+reason+")", systest.Prompt)
}

// A command has the terminal as it would without a sandbox: keys reach its
// process group and nobody else, and the shell sees when it stops.
//
// One process reads: of several, one that has not noticed yet that it is
// stopped can take what is typed for the shell, without a sandbox too.
func TestJobControl(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := systest.ShellOn(t, u, profile)
		systest.Says(term, "$NS p.toml -- sh -c 'echo go''ing; exec cat'", "going\r\n")
		if got := term.Foreground(); got == term.PID {
			t.Error("the shell has the terminal; want the command")
		}
		systest.Says(term, "word", "word\r\nword\r\n")
		term.Send("\x1a")
		term.Expect("Stopped  ")
		term.Expect(systest.Prompt)
		if got := term.Foreground(); got != term.PID {
			t.Errorf("%d has the terminal; want the shell, %d", got, term.PID)
		}
		systest.Says(term, "fg", "cat'\r\n")
		systest.Says(term, "more", "more\r\nmore\r\n")
		term.Send("\x1a")
		term.Expect("Stopped  ")
		term.Expect(systest.Prompt)
		systest.Says(term, "bg", " &\r\n")
		untilStopped(term, "tty input")
		systest.Says(term, "fg", "cat'\r\n")
		systest.Says(term, "third", "third\r\nthird\r\n")
		term.Send("\x03")
		term.Expect(systest.Prompt)
		systest.Says(term, "echo status $?", "\nstatus 130\r\n", systest.Prompt)
		systest.Leave(t, term)
	})
}

// The keys concern all of the command's processes.
func TestKeysForTheGroup(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := systest.ShellOn(t, u, profile)
		for _, line := range []string{
			"$NS p.toml -- sh -c 'sh -c \"echo go''ing; exec sleep 600\"; echo not''reached'",
			"sh -c '$NS p.toml -- sh -c \"echo go''ing; exec sleep 600\"; exit $?'; :",
			"$NS p.toml -- sh -c 'sh -c \"echo go''ing; exec sleep 600\"; echo not''reached' 2>/dev/null",
		} {
			term.Send(line + "\r")
			term.Expect("going\r\n")
			term.Send("\x1a")
			term.Expect("Stopped  ")
			term.Expect(systest.Prompt)
			systest.BringBack(term)
			term.Send("\x03")
			term.Expect(systest.Prompt)
			systest.Says(term, "echo status $?", "\nstatus 130\r\n", systest.Prompt)
		}
		if strings.Contains(term.Output(), "notreached") {
			t.Errorf("the key has ended one process of two:\n%s", term.Output())
		}
		systest.Leave(t, term)
	})
}

// Started in the background, a command runs until it wants the terminal.
func TestBackground(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := systest.ShellOn(t, u, profile)
		systest.Says(term, "$NS p.toml -- cat &", systest.Prompt)
		untilStopped(term, "tty input")
		systest.Says(term, "fg", "-- cat\r\n")
		systest.Says(term, "word", "word\r\nword\r\n")
		term.Send("\x04")
		term.Expect(systest.Prompt)
		// Bash brings a job that runs to the foreground without telling it.
		const script = `trap "echo i''nt; exit 7" INT; echo go''ing; while :; do sleep .05; done`
		systest.Says(term, "$NS p.toml -- sh -c '"+script+"' &", "going\r\n")
		if got := term.Foreground(); got != term.PID {
			t.Errorf("%d has the terminal; want the shell, %d", got, term.PID)
		}
		systest.BringBack(term)
		term.Send("\x03")
		term.Expect("int\r\n")
		term.Expect(systest.Prompt)
		systest.Says(term, "echo status $?", "\nstatus 7\r\n", systest.Prompt)
		systest.Leave(t, term)
	})
}

// counts asserts that a line that runs the counter gets each key's signal once.
func counts(t *testing.T, term *systest.Console, line string) {
	t.Helper()
	systest.Says(term, line, "going")
	for n := range 3 {
		term.Send("\x03")
		term.Expect(fmt.Sprintf("int %d\r", n+1))
	}
	term.Send("\x1c")
	term.Expect("total ")
	term.Expect(systest.Prompt)
	if _, rest, _ := strings.Cut(term.Output()[term.Start:], "total "); !strings.HasPrefix(rest, "3\r") {
		t.Errorf("%s: want 3 signals:\n%s", line, term.Output())
	}
	term.Start = len(term.Output())
}

// A key's signal is there once, whether or not the launcher shares it.
func TestInterruptOnce(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := systest.ShellOn(t, u, profile)
		for _, line := range []string{
			"$NS p.toml -- sh -c '%s'",                           // its own group
			"$NS p.toml -- sh -c '%s' | (trap '' INT QUIT; cat)", // the pipeline's
			"$NS p.toml -- sh -c '%s' 2>/dev/null",               // the launcher's
			"$NS p.toml -- sh -c '%s' </dev/null",
			"sh -c '$NS p.toml -- sh -c \"$0\"; :' '%s'",
		} {
			counts(t, term, fmt.Sprintf(line, systest.Counter))
		}
		systest.Leave(t, term)
	})
}

// The window's size is the terminal's, and its changes arrive.
func TestWindowSize(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		for _, terminal := range []string{"inherit", "pty"} {
			term := systest.ShellOn(t, u, profile+"process.terminal = \""+terminal+"\"\n")
			systest.Says(term, `$NS p.toml -- sh -c 'trap "stty size" WINCH; stty size; while :; do sleep .05; done'`, "24 80\r\n")
			term.Resize(30, 100)
			term.Expect("30 100\r\n")
			term.Send("\x03")
			term.Expect(systest.Prompt)
			systest.Leave(t, term)
		}
	})
}
