package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// prompt is that of the shell outside, inside that of one inside.
const prompt, inside = "ready> ", "inside> "

// A console is an interactive bash on a terminal.
type console struct {
	*nstest.Terminal
	pid   int
	start int // of what counts looks at
}

// shellOn starts a shell of u, as a user would have it, in a directory with a
// profile p.toml of this text. $NS is nslaunch.
func shellOn(t *testing.T, u nstest.User, profile string) *console {
	t.Helper()
	cmd := u.Command(t, "bash", "--norc", "--noprofile", "-i")
	cmd.Env = append(cmd.Env, "PS1="+prompt, "NS="+nstest.Nslaunch(t), "HISTFILE=")
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), "version = 1\n"+profile)
	term := &console{Terminal: u.StartTerminal(t, cmd)}
	term.pid = cmd.Process.Pid
	term.Expect(prompt)
	return term
}

// job is the process id of the shell's only child.
func (c *console) job(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", c.pid))
	pid, err2 := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || err2 != nil {
		t.Fatalf("the shell's children are %q: %v", text, err)
	}
	return pid
}

// says types a line and waits for each of the texts in turn. What the line itself
// has would be found in its echo: it has quotes in between.
func says(term *console, line string, texts ...string) {
	term.Send(line + "\r")
	for _, text := range texts {
		term.Expect(text)
	}
}

// bringBack brings the shell's job to the foreground.
func bringBack(term *console) {
	says(term, "fg", "$NS")
	for term.Foreground() == term.pid {
		time.Sleep(time.Millisecond)
	}
}

// untilStopped waits until the shell knows that its only job is stopped, for
// that reason.
func untilStopped(term *console, reason string) {
	says(term, "until jobs -l | grep '("+reason+")'; do sleep .02; done", "Stopped ("+reason+")", prompt)
}

// leave ends the shell, which must have the terminal and its modes back.
func leave(t *testing.T, term *console) {
	t.Helper()
	says(term, "stty -a | tr ' ;' '\\n' | grep -cxE 'icanon|echo|isig|icrnl|opost'", "\n5\r\n", prompt)
	term.Send("exit\r")
	if got := term.Wait(); got.Signal != 0 {
		t.Errorf("the shell ended with %+v", got)
	}
}

// A way is a profile, and the ways differ in what the command's parent is and
// whether that is in the same pid namespace.
type way struct{ name, profile string }

const (
	allNew = "namespaces = \"new\"\n"
	only   = "namespaces = { user = \"new\" }\n"
)

// ways are those without a namespace to join.
func ways() []way {
	return []way{{"init", allNew}, {"user namespace only", only}, {"no namespace", ""}}
}

// eachWay runs a test in every way, as every user, with the profile's text.
func eachWay(t *testing.T, test func(t *testing.T, u nstest.User, profile string)) {
	t.Helper()
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			nstest.EachUser(t, func(t *testing.T, u nstest.User) { test(t, u, w.profile) })
		})
	}
	t.Run("joined pid namespace", func(t *testing.T) {
		t.Parallel()
		nstest.EachUser(t, func(t *testing.T, u nstest.User) {
			h := hold(t, profileCommand(t, u, "version = 1\n"+allNew, "cat"))
			test(t, u, fmt.Sprintf("namespaces = { user = \"pid:%[1]d\", mount = \"pid:%[1]d\", pid = \"pid:%[1]d\" }\n", h.pid))
		})
	})
}

// A command has the terminal as it would without a sandbox: keys reach its
// process group and nobody else, and the shell sees when it stops.
//
// One process reads: of several, one that has not noticed yet that it is
// stopped can take what is typed for the shell, without a sandbox too.
func TestJobControl(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := shellOn(t, u, profile)
		says(term, "$NS p.toml -- sh -c 'echo go''ing; exec cat'", "going\r\n")
		if got := term.Foreground(); got == term.pid {
			t.Error("the shell has the terminal; want the command")
		}
		says(term, "word", "word\r\nword\r\n")
		term.Send("\x1a")
		term.Expect("Stopped  ")
		term.Expect(prompt)
		if got := term.Foreground(); got != term.pid {
			t.Errorf("%d has the terminal; want the shell, %d", got, term.pid)
		}
		says(term, "fg", "cat'\r\n")
		says(term, "more", "more\r\nmore\r\n")
		term.Send("\x1a")
		term.Expect("Stopped  ")
		term.Expect(prompt)
		says(term, "bg", " &\r\n")
		untilStopped(term, "tty input")
		says(term, "fg", "cat'\r\n")
		says(term, "third", "third\r\nthird\r\n")
		term.Send("\x03")
		term.Expect(prompt)
		says(term, "echo status $?", "\nstatus 130\r\n", prompt)
		leave(t, term)
	})
}

// The keys concern all of the command's processes.
func TestKeysForTheGroup(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := shellOn(t, u, profile)
		for _, line := range []string{
			"$NS p.toml -- sh -c 'sh -c \"echo go''ing; exec sleep 600\"; echo not''reached'",
			"sh -c '$NS p.toml -- sh -c \"echo go''ing; exec sleep 600\"; exit $?'; :",
			"$NS p.toml -- sh -c 'sh -c \"echo go''ing; exec sleep 600\"; echo not''reached' 2>/dev/null",
		} {
			term.Send(line + "\r")
			term.Expect("going\r\n")
			term.Send("\x1a")
			term.Expect("Stopped  ")
			term.Expect(prompt)
			bringBack(term)
			term.Send("\x03")
			term.Expect(prompt)
			says(term, "echo status $?", "\nstatus 130\r\n", prompt)
		}
		if strings.Contains(term.Output(), "notreached") {
			t.Errorf("the key has ended one process of two:\n%s", term.Output())
		}
		leave(t, term)
	})
}

// Started in the background, a command runs until it wants the terminal.
func TestBackground(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := shellOn(t, u, profile)
		says(term, "$NS p.toml -- cat &", prompt)
		untilStopped(term, "tty input")
		says(term, "fg", "-- cat\r\n")
		says(term, "word", "word\r\nword\r\n")
		term.Send("\x04")
		term.Expect(prompt)
		// Bash brings a job that runs to the foreground without telling it.
		const script = `trap "echo i''nt; exit 7" INT; echo go''ing; while :; do sleep .05; done`
		says(term, "$NS p.toml -- sh -c '"+script+"' &", "going\r\n")
		if got := term.Foreground(); got != term.pid {
			t.Errorf("%d has the terminal; want the shell, %d", got, term.pid)
		}
		bringBack(term)
		term.Send("\x03")
		term.Expect("int\r\n")
		term.Expect(prompt)
		says(term, "echo status $?", "\nstatus 7\r\n", prompt)
		leave(t, term)
	})
}

// counter is a shell command that counts INT, says so, and tells the total and ends with QUIT.
const counter = `n=0; trap "n=\$((n+1)); echo i''nt \$n" INT; trap "echo to''tal \$n; exit 7" QUIT; echo go''ing; while :; do sleep .02; done`

// counts asserts that a line that runs the counter gets each key's signal once.
func counts(t *testing.T, term *console, line string) {
	t.Helper()
	says(term, line, "going")
	for n := range 3 {
		term.Send("\x03")
		term.Expect(fmt.Sprintf("int %d\r", n+1))
	}
	term.Send("\x1c")
	term.Expect("total ")
	term.Expect(prompt)
	if _, rest, _ := strings.Cut(term.Output()[term.start:], "total "); !strings.HasPrefix(rest, "3\r") {
		t.Errorf("%s: want 3 signals:\n%s", line, term.Output())
	}
	term.start = len(term.Output())
}

// A key's signal is there once, whether or not the launcher shares it.
func TestInterruptOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := shellOn(t, u, profile)
		for _, line := range []string{
			"$NS p.toml -- sh -c '%s'",                           // its own group
			"$NS p.toml -- sh -c '%s' | (trap '' INT QUIT; cat)", // the pipeline's
			"$NS p.toml -- sh -c '%s' 2>/dev/null",               // the launcher's
			"$NS p.toml -- sh -c '%s' </dev/null",
			"sh -c '$NS p.toml -- sh -c \"$0\"; :' '%s'",
		} {
			counts(t, term, fmt.Sprintf(line, counter))
		}
		leave(t, term)
	})
}

// The window's size is the terminal's, and its changes are told.
func TestWindowSize(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		for _, terminal := range []string{"inherit", "pty"} {
			term := shellOn(t, u, profile+"process.terminal = \""+terminal+"\"\n")
			says(term, `$NS p.toml -- sh -c 'trap "stty size" WINCH; stty size; while :; do sleep .05; done'`, "24 80\r\n")
			term.Resize(30, 100)
			term.Expect("30 100\r\n")
			term.Send("\x03")
			term.Expect(prompt)
			leave(t, term)
		}
	})
}
