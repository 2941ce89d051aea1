package main

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// An interactive shell in a sandbox has job control of its own.
func TestShellInside(t *testing.T) {
	test := func(t *testing.T, u nstest.User, profile string) {
		for _, terminal := range []string{"inherit", "pty"} {
			term := shellOn(t, u, profile+"process.terminal = \""+terminal+"\"\nenv.set = { PS1 = \""+inside+"\", HISTFILE = \"\" }\n")
			says(term, "$NS p.toml -- bash --norc --noprofile -i", inside)
			says(term, "stty size", "24 80\r\n", inside)
			says(term, "sh -c 'echo go''ing; exec sleep 600'", "going\r\n")
			term.Send("\x03")
			term.Expect(inside)
			says(term, "echo status $?", "\nstatus 130\r\n", inside)
			says(term, "sh -c 'echo go''ing; exec cat'", "going\r\n")
			says(term, "word", "word\r\nword\r\n")
			term.Send("\x1a")
			term.Expect("Stopped  ")
			term.Expect(inside)
			says(term, "jobs", "cat'", inside)
			term.Resize(30, 100)
			says(term, "bg; until stty size | grep 100; do sleep .02; done", "30 100\r\n", inside)
			says(term, "fg", "cat'\r\n")
			says(term, "more", "more\r\nmore\r\n")
			term.Send("\x04")
			term.Expect(inside)
			says(term, "exit 5", prompt)
			says(term, "echo status $?", "\nstatus 5\r\n", prompt)
			leave(t, term)
		}
	}
	eachWay(t, test)
	t.Run("process 1", func(t *testing.T) {
		t.Parallel()
		nstest.EachUser(t, func(t *testing.T, u nstest.User) { test(t, u, allNew+"process.init = false\n") })
	})
}

// A shell inside that suspends itself gives the terminal to the one outside.
func TestSuspend(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		for _, terminal := range []string{"inherit", "pty"} {
			term := shellOn(t, u, profile+"process.terminal = \""+terminal+"\"\nenv.set = { PS1 = \""+inside+"\", HISTFILE = \"\" }\n")
			says(term, "$NS p.toml -- bash --norc --noprofile -i", inside)
			for range 2 {
				says(term, "suspend", "Stopped  ", prompt)
				says(term, "echo $((6*7)); stty -a", "\n42\r\n", " icanon ", prompt)
				bringBack(term)
				says(term, "echo $((6*8))", "\n48\r\n", inside)
			}
			says(term, "exit", prompt)
			leave(t, term)
		}
	})
}

// Without a shell above there is nobody to continue what a key stops: as
// without a sandbox, the key does nothing.
func TestNoShellAbove(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, w := range ways() {
			term := u.StartTerminal(t, profileCommand(t, u, "version = 1\n"+w.profile, "sh", "-c", "echo going; exec cat"))
			term.Expect("going\r\n")
			term.Send("\x1a")
			term.Send("word\r")
			term.Expect("word\r\nword\r\n")
			term.Send("\x03")
			if got := term.Wait(); got.Status != 130 || got.Signal != 0 {
				t.Errorf("%s: %+v; want status 130", w.name, got)
			}
		}
	})
}

// A launcher that is stopped itself lets its shell have the terminal, also when
// the command ends in the background.
func TestLauncherStopped(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := shellOn(t, u, profile)
		says(term, "$NS p.toml -- sh -c 'echo go''ing; until test -e \"$0\"; do sleep .02; done; exit 3' $PWD/end", "going\r\n")
		if err := syscall.Kill(term.job(t), syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		term.Expect("Stopped  ")
		term.Expect(prompt)
		// The job may end before the shell comes to wait for it. Then a bare "wait" says nothing, and "wait %1" that there is none.
		says(term, "bg; touch end; while jobs %1 2>/dev/null; do sleep .02; done", "Exit 3  ", prompt)
		if got := term.Foreground(); got != term.pid {
			t.Errorf("%d has the terminal; want the shell, %d", got, term.pid)
		}
		leave(t, term)
	})
}

// The terminal's modes are as before after a command, or a launcher, that was killed.
func TestModesAfterKill(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		for _, terminal := range []string{"inherit", "pty"} {
			profile := profile + "process.terminal = \"" + terminal + "\"\n"
			term := shellOn(t, u, profile)
			says(term, "$NS p.toml -- sh -c 'stty raw -echo; kill -KILL $$'", prompt)
			says(term, "echo status $?", "\nstatus 137\r\n", prompt)
			says(term, "$NS p.toml -- sh -c 'stty raw -echo; echo go''ing; exec sleep 600'", "going")
			if err := syscall.Kill(term.job(t), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			term.Expect("Killed")
			term.Expect(prompt)
			says(term, fmt.Sprintf("echo %s $?", terminal), fmt.Sprintf("\n%s 137\r\n", terminal), prompt)
			leave(t, term)
		}
	})
}
