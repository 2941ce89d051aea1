package pages

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// shell is a bash in which a session is typed.
type shell struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	output *bufio.Reader
}

// mark ends the output of each command.
const mark = "--- next ---"

// typing defines t, which runs what is typed. Its input is empty, since the shell's own is what is typed. Job control keeps
// what is started with & from ignoring SIGINT, as at a terminal. People are slower than what they start: the next command
// waits until one more sleep runs, which is what sandboxes in the background run on these pages.
const typing = `exec 2>&1
sleeps() { pgrep -xc sleep; }
await() { for ((i = 0; i < 2000; i++)); do [ "$(sleeps)" -gt "$1" ] && return; done; echo "there is no new sleep"; }
`

func startShell(t *testing.T, cmd *exec.Cmd, prepare string) *shell {
	t.Helper()
	s := &shell{cmd: cmd}
	var err error
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	s.output = bufio.NewReader(stdout)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := s.send(t, typing+prepare+"\n"); len(got) > 0 {
		t.Fatalf("preparing the shell: %q", got)
	}
	return s
}

// run types a command of one or more lines and returns what it prints.
func (s *shell) run(t *testing.T, lines []string) []string {
	t.Helper()
	last := lines[len(lines)-1]
	command := strings.Join(lines, "\n")
	switch {
	case strings.HasSuffix(last, " &"):
		return s.send(t, fmt.Sprintf("before=$(sleeps); set -m\n{ %s\n} </dev/null; set +m; await $before\n", command))
	case strings.HasPrefix(command, "systemctl start "):
		return s.send(t, fmt.Sprintf("{ %s\n} </dev/null; until pgrep -x sleep >/dev/null; do :; done; journalctl --sync\n", command))
	case strings.Contains(command, "journalctl"):
		return s.send(t, fmt.Sprintf("journalctl --sync; { %s\n} </dev/null\n", command))
	}
	return s.send(t, fmt.Sprintf("(exit $status); { %s\n} </dev/null; status=$?\n", command))
}

// onTerminal returns a command that runs another one in a shell of its own on a terminal.
func onTerminal(lines []string) []string {
	const end = "END-OF-COMMAND"
	return slices.Concat([]string{"cat >/tmp/typed <<'" + end + "'"}, lines,
		[]string{end, `NO_COLOR=1 script -qec 'bash /tmp/typed' /dev/null | tr -d '\r'; (exit ${PIPESTATUS[0]})`})
}

// send gives text to the shell, and returns what is printed until it is done.
func (s *shell) send(t *testing.T, text string) []string {
	t.Helper()
	hung := time.AfterFunc(2*time.Minute, func() { _ = s.cmd.Process.Kill() })
	defer hung.Stop()
	if _, err := io.WriteString(s.stdin, text+"echo '"+mark+"'\n"); err != nil {
		t.Fatalf("typing %q: %v", text, err)
	}
	var lines []string
	for {
		line, err := s.output.ReadString('\n')
		if rest, ok := strings.CutSuffix(line, mark+"\n"); ok {
			if rest != "" {
				lines = append(lines, rest)
			}
			return lines
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
		if err != nil {
			t.Fatalf("typing %q: the shell ended, %v:\n%s", text, err, strings.Join(lines, "\n"))
		}
	}
}

// end closes the shell's input, and waits for its end.
func (s *shell) end(t *testing.T) {
	t.Helper()
	_ = s.stdin.Close()
	if err := s.cmd.Wait(); err != nil && t.Context().Err() == nil {
		if _, exited := err.(*exec.ExitError); !exited {
			t.Error(err)
		}
	}
}

func TestShell(t *testing.T) {
	nstest.Require(t, nstest.Tools("bash", "pgrep"))
	s := startShell(t, exec.CommandContext(t.Context(), "bash"), "cd /")
	defer s.end(t)
	for _, test := range []struct{ typed, want string }{
		{"pwd", "/"},
		{"cd /usr", ""},
		{"pwd; printf x", "/usr\nx"},
		{"cat", ""},
		{"cat <<'END'\na\nEND", "a"},
		{"(exit 3)", ""},
		{"echo $?", "3"},
		{"echo error >&2; echo $?", "error\n0"},
	} {
		if got := strings.Join(s.run(t, strings.Split(test.typed, "\n")), "\n"); got != test.want {
			t.Errorf("%q prints %q; want %q", test.typed, got, test.want)
		}
	}
}
