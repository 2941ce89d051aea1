package terminal

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// everyByte has n bytes of every value, in lines that are longer than a terminal's.
func everyByte(n int) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(i + i>>8)
	}
	return text
}

// Streams that are no terminals pass bytes as they are, stay apart, and fail as they do outside, whether or
// not there is a terminal beside them.
func TestStreamsBesidePTY(t *testing.T) {
	const commands = `
		for n in 10000 10000000; do
			head -c $n bytes >part
			test "$("$@" wc -c <part)" = $n || echo "count of $n"
			"$@" cat <part | cmp - part || echo "$n bytes"
			"$@" cat <part >out && cmp out part || echo "$n bytes in a file"
		done
		test "$("$@" sh -c 'echo out; echo error >&2' 2>errors)" = out && test "$(cat errors)" = error || echo not apart
		"$@" seq 3 >/dev/full 2>errors && echo no error of writing
		grep -q 'No space left' errors || cat errors
		test "$(printf 'no end' | "$@" cat)" = 'no end' || echo an end`
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write(systest.AllNew + systest.OwnPTY)
		u.WriteFile(t, filepath.Join(p.Dir, "bytes"), string(everyByte(10_000_000)))
		name := p.Detach(systest.AllNew+systest.OwnPTY, "sleep", "1000")
		in := func(script string) *exec.Cmd {
			cmd := u.Command(t, "sh", "-c", script)
			cmd.Dir, cmd.Env = p.Dir, append(p.Command().Env, "NS="+nstest.Nslaunch(t))
			return cmd
		}
		for _, words := range []string{`"$NS" run p.toml --`, `"$NS" exec ` + name, `"$NS" exec --terminal pty ` + name} {
			script := "set -- " + words + "\n" + commands
			if got := nstest.Run(t, in(script)); got.Stdout != "" || got.Stderr != "" {
				t.Errorf("%s: %+v", words, got)
			}
			if got := u.StartTerminal(t, in(script)).Wait(); got.Stdout != "" {
				t.Errorf("%s on a terminal: %+v", words, got)
			}
		}
		t.Run("without", func(t *testing.T) { // all streams through one pseudoterminal
			if got := nstest.Run(t, in(`head -c 10000 /dev/zero | tr "\\0" x | timeout 5 script -qec "wc -c" /dev/null`)); strings.Contains(got.Stdout, "10000") {
				t.Errorf("a pseudoterminal does no harm: %+v", got)
			}
		})
		p.Must("stop", name)
		// A shell is entered, or started, with its commands on standard input.
		for _, where := range []string{"new", "running"} {
			if where == "running" {
				name = p.Detach(systest.AllNew+systest.OwnPTY, "sleep", "1000")
			}
			cmd := p.Command("shell", "p.toml")
			cmd.Stdin = strings.NewReader("cat bytes; echo error >&2\n")
			if got := nstest.Run(t, cmd); got.Status != 0 || got.Stderr != "error\n" || !bytes.Equal([]byte(got.Stdout), everyByte(10_000_000)) {
				t.Errorf("shell, %s: status %d, %d bytes, %s", where, got.Status, len(got.Stdout), got.Stderr)
			}
		}
		p.Must("stop", name)
	})
}

// modes waits until the shell's terminal has these flags, or lacks them.
func modes(t *testing.T, c *systest.Console, flags uint32, set bool) {
	t.Helper()
	tty, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/0", c.PID), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if c.Foreground() == c.PID {
			continue // the shell's line editor has modes, too, and keeps the keys that come early
		}
		if got, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS); err == nil && (got.Lflag&flags == flags) == set && (set || got.Lflag&flags == 0) {
			return
		}
	}
	t.Fatalf("the modes %#x do not become %v\n%s", flags, set, c.Output())
}

// Beside a terminal of its own a command gets no other, and in a root of its own no directory.
func TestStreamsRefused(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		term := systest.ShellOn(t, u, systest.AllNew+"process = { keep_fds = [5] }\n")
		systest.Says(term, "$NS p.toml -- sh -c 'tty <&5' 5</dev/tty; echo status $?", "/dev/tty\r\nstatus 0\r\n", systest.Prompt) // the control
		systest.Says(term, "$NS run --set process.terminal=pty p.toml -- true 5</dev/tty; echo status $?", "descriptor 5 is a terminal", "\nstatus 125\r\n", systest.Prompt)
		systest.Says(term, "$NS p.toml -- ls /dev/fd/0/etc 5</dev/null </; echo status $?", "descriptor 0 is a directory", "\nstatus 125\r\n", systest.Prompt)
		systest.Says(term, "$NS run --new user -- ls -d /dev/fd/0/etc </; echo status $?", "/dev/fd/0/etc\r\nstatus 0\r\n", systest.Prompt) // the control
		systest.Leave(t, term)
	})
}

// In a pipeline the terminal is shared: its keys are for who reads them.
func TestPTYInPipeline(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		term := systest.ShellOn(t, u, systest.AllNew+systest.OwnPTY)
		// A pager has the keys, and its modes, while the command runs.
		const pager = `bash -c 'cat >/dev/null & read -rsn1 k </dev/tty; echo key=$k; read -rsn1 k </dev/tty; echo key=$k; kill %%'`
		systest.Says(term, "$NS p.toml -- sh -c 'echo text; exec sleep 600' | "+pager)
		modes(t, term, unix.ICANON|unix.ECHO, false)
		term.Send("a")
		term.Expect("key=a\r\n")
		term.Send("b")
		term.Expect("key=b\r\n")
		modes(t, term, unix.ICANON|unix.ECHO, true)
		term.Send("\x03")
		term.Expect(systest.Prompt)
		// Who reads lines has them, and the key for the end.
		systest.Says(term, "$NS p.toml -- sh -c 'echo go''ing >&2; exec cat' | sed -u 's/^/got /'", "going\r\n")
		systest.Says(term, "word", "word\r\ngot word\r\n")
		term.Send("part\x04\x04")
		term.Expect("got part")
		term.Expect(systest.Prompt)
		if n := strings.Count(term.Output(), "word"); n != 2 {
			t.Errorf("echoed %d times\n%s", n, term.Output())
		}
		// Nothing shows a password.
		systest.Says(term, "$NS p.toml -- sh -c 'stty -echo; echo as''king >&2; read p; stty echo; echo pass=${#p}' | cat", "asking\r\n")
		modes(t, term, unix.ECHO, false)
		systest.Says(term, "secret", "pass=6\r\n", systest.Prompt)
		// The command itself may be the pager: its keys come from the terminal, and text from the pipe.
		systest.Says(term, "echo text | $NS p.toml -- bash -c 'cat; read -rsn1 k </dev/tty; echo key=$k'", "text\r\n")
		modes(t, term, unix.ICANON|unix.ECHO, false)
		term.Send("c")
		term.Expect("key=c\r\n")
		term.Expect(systest.Prompt)
		// Without any stream of its, /dev/tty is the terminal still.
		systest.Says(term, "$NS p.toml -- bash -c 'echo as''king >/dev/tty; read -rsn1 k </dev/tty; echo key=$k >/dev/tty' </dev/null >/dev/null 2>&1", "asking\r\n")
		modes(t, term, unix.ICANON|unix.ECHO, false)
		term.Send("d")
		term.Expect("key=d\r\n")
		term.Expect(systest.Prompt)
		// A key stops all of a pipeline, and the shell continues it.
		systest.Says(term, "$NS p.toml -- sh -c 'echo go''ing >&2; exec sleep 600' | cat", "going\r\n")
		term.Send("\x1a")
		term.Expect("Stopped  ")
		term.Expect(systest.Prompt)
		systest.BringBack(term)
		term.Send("\x03")
		term.Expect(systest.Prompt)
		if strings.Contains(term.Output(), "secret") {
			t.Errorf("the password is shown\n%s", term.Output())
		}
		systest.Leave(t, term)
	})
}
