package nstest

import (
	"strings"
	"syscall"
	"testing"
)

// A shell on the terminal has job control, sees its size, and gets signals. We
// type when it prompts: it changes the terminal's modes before and after.
func TestTerminal(t *testing.T) {
	EachUser(t, func(t *testing.T, u User) {
		CheckNothingLeft(t)
		cmd := u.Command(t, "bash", "--norc", "-i")
		cmd.Env = append(cmd.Env, "PS1=ready> ")
		term := u.StartTerminal(t, cmd)
		term.Expect("ready> ")
		shell := term.Foreground()
		if shell != cmd.Process.Pid {
			t.Errorf("foreground is %d; want the shell, %d", shell, cmd.Process.Pid)
		}
		term.Send("tty; stty size\r")
		term.Expect("/dev/pts/")
		term.Expect("24 80")
		term.Expect("ready> ")
		term.Resize(30, 100)
		term.Send("stty size\r")
		term.Expect("30 100")
		term.Expect("ready> ")
		term.Send("sh -c 'echo go''ing; exec cat'\r")
		term.Expect("going")
		if got := term.Foreground(); got == shell {
			t.Error("the shell is in the foreground; want cat")
		}
		term.Send("word\r")
		term.Expect("word\r\nword")
		term.Send("\x1a")
		term.Expect("Stopped")
		term.Expect("ready> ")
		term.Send("fg\r")
		// Typed as soon as the shell has seen fg, whoever reads it: cat will.
		term.Expect("exec cat'\r\n")
		term.Send("more\r")
		term.Expect("more\r\nmore")
		term.Send("\x03")
		term.Expect("ready> ")
		term.Send("echo $?\r")
		term.Expect("\n130")
		term.Expect("ready> ")
		term.Send("exit 5\r")
		if got := term.Wait(); got.Status != 5 || !strings.Contains(got.Stdout, "130") {
			t.Errorf("got %+v; want status 5", got)
		}
	})
}

// The probe on a terminal says so, and one that is killed is reaped.
func TestTerminalOfProbe(t *testing.T) {
	u := Ordinary(t)
	CheckNothingLeft(t)
	got := u.StartTerminal(t, u.Command(t, Probe(t))).Wait()
	terminal := ParseReport(t, got.Stdout).Terminal
	if !terminal.Controlling || terminal.IsTerminal != [3]bool{true, true, true} || terminal.Rows != 24 ||
		terminal.Columns != 80 || terminal.Device == 0 || terminal.Foreground == 0 {
		t.Errorf("got %+v", terminal)
	}
	term := u.StartTerminal(t, u.Command(t, "sleep", "600"))
	_ = term.cmd.Process.Kill()
	if got := term.Wait(); got.Signal != syscall.SIGKILL {
		t.Errorf("got %+v; want it killed", got)
	}
}
