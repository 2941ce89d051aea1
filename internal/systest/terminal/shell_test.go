package terminal

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// An interactive shell in a sandbox has job control of its own.
func TestShellInside(t *testing.T) {
	test := func(t *testing.T, u nstest.User, profile string) {
		for _, terminal := range []string{"inherit", "pty"} {
			term := systest.ShellOn(t, u, profile+"process.terminal = \""+terminal+"\"\nenv.set = { PS1 = \""+systest.InnerPrompt+"\", HISTFILE = \"\" }\n")
			systest.Says(term, "$NS p.toml -- bash --norc --noprofile -i", systest.InnerPrompt)
			systest.Says(term, "stty size", "24 80\r\n", systest.InnerPrompt)
			systest.Says(term, "sh -c 'echo go''ing; exec sleep 600'", "going\r\n")
			term.Send("\x03")
			term.Expect(systest.InnerPrompt)
			systest.Says(term, "echo status $?", "\nstatus 130\r\n", systest.InnerPrompt)
			systest.Says(term, "sh -c 'echo go''ing; exec cat'", "going\r\n")
			systest.Says(term, "word", "word\r\nword\r\n")
			term.Send("\x1a")
			term.Expect("Stopped  ")
			term.Expect(systest.InnerPrompt)
			systest.Says(term, "jobs", "cat'", systest.InnerPrompt)
			term.Resize(30, 100)
			systest.Says(term, "bg; until stty size | grep 100; do sleep .02; done", "30 100\r\n", systest.InnerPrompt)
			systest.Says(term, "fg", "cat'\r\n")
			systest.Says(term, "more", "more\r\nmore\r\n")
			term.Send("\x04")
			term.Expect(systest.InnerPrompt)
			systest.Says(term, "exit 5", systest.Prompt)
			systest.Says(term, "echo status $?", "\nstatus 5\r\n", systest.Prompt)
			systest.Leave(t, term)
		}
	}
	systest.EachWay(t, test)
	t.Run("process 1", func(t *testing.T) {
		t.Parallel()
		nstest.EachUser(t, func(t *testing.T, u nstest.User) { test(t, u, systest.AllNew+"process.init = false\n") })
	})
}

// A shell inside that suspends itself gives the terminal to the one outside.
func TestSuspend(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		for _, terminal := range []string{"inherit", "pty"} {
			term := systest.ShellOn(t, u, profile+"process.terminal = \""+terminal+"\"\nenv.set = { PS1 = \""+systest.InnerPrompt+"\", HISTFILE = \"\" }\n")
			systest.Says(term, "$NS p.toml -- bash --norc --noprofile -i", systest.InnerPrompt)
			for range 2 {
				systest.Says(term, "suspend", "Stopped  ", systest.Prompt)
				systest.Says(term, "echo $((6*7)); stty -a", "\n42\r\n", " icanon ", systest.Prompt)
				systest.BringBack(term)
				systest.Says(term, "echo $((6*8))", "\n48\r\n", systest.InnerPrompt)
			}
			systest.Says(term, "exit", systest.Prompt)
			systest.Leave(t, term)
		}
	})
}

// Without a shell above there is nobody to continue what a key stops: as
// without a sandbox, the key does nothing.
func TestNoShellAbove(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, w := range systest.Ways() {
			term := u.StartTerminal(t, systest.ProfileCommand(t, u, "version = 1\n"+w.Profile, "sh", "-c", "echo going; exec cat"))
			term.Expect("going\r\n")
			term.Send("\x1a")
			term.Send("word\r")
			term.Expect("word\r\nword\r\n")
			term.Send("\x03")
			if got := term.Wait(); got.Status != 130 || got.Signal != 0 {
				t.Errorf("%s: %+v; want status 130", w.Name, got)
			}
		}
	})
}

// A launcher that is stopped itself lets its shell have the terminal, also when
// the command ends in the background.
func TestLauncherStopped(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := systest.ShellOn(t, u, profile)
		systest.Says(term, "$NS p.toml -- sh -c 'echo go''ing; until test -e \"$0\"; do sleep .02; done; exit 3' $PWD/end", "going\r\n")
		if err := syscall.Kill(term.Job(t), syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		term.Expect("Stopped  ")
		term.Expect(systest.Prompt)
		// The job may end before the shell comes to wait for it. Then a bare "wait" says nothing, and "wait %1" that there is none.
		systest.Says(term, "bg; touch end; while jobs %1 2>/dev/null; do sleep .02; done", "Exit 3  ", systest.Prompt)
		if got := term.Foreground(); got != term.PID {
			t.Errorf("%d has the terminal; want the shell, %d", got, term.PID)
		}
		systest.Leave(t, term)
	})
}

// The terminal's modes are as before after a command, or a launcher, that was killed.
func TestModesAfterKill(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		for _, terminal := range []string{"inherit", "pty"} {
			profile := profile + "process.terminal = \"" + terminal + "\"\n"
			term := systest.ShellOn(t, u, profile)
			systest.Says(term, "$NS p.toml -- sh -c 'stty raw -echo; kill -KILL $$'", systest.Prompt)
			systest.Says(term, "echo status $?", "\nstatus 137\r\n", systest.Prompt)
			systest.Says(term, "$NS p.toml -- sh -c 'stty raw -echo; echo go''ing; exec sleep 600'", "going")
			if err := syscall.Kill(term.Job(t), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			term.Expect("Killed")
			term.Expect(systest.Prompt)
			systest.Says(term, fmt.Sprintf("echo %s $?", terminal), fmt.Sprintf("\n%s 137\r\n", terminal), systest.Prompt)
			systest.Leave(t, term)
		}
	})
}
