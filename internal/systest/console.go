package systest

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

// OwnPTY is the line of a profile that gives the command a terminal of its own.
const OwnPTY = "process.terminal = \"pty\"\n"

// Prompt is that of the shell outside, InnerPrompt that of one inside.
const Prompt, InnerPrompt = "ready> ", "inside> "

// Console is an interactive bash on a terminal.
type Console struct {
	*nstest.Terminal
	PID   int
	Start int // in the output, of what a test looks at
}

// ShellOn starts a shell of u, as a user would have it, in a directory with a
// profile p.toml of this text. $NS is nslaunch.
func ShellOn(t *testing.T, u nstest.User, profile string) *Console {
	t.Helper()
	cmd := u.Command(t, "bash", "--norc", "--noprofile", "-i")
	cmd.Env = append(cmd.Env, "PS1="+Prompt, "NS="+nstest.Nslaunch(t), "HISTFILE=")
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), "version = 1\n"+profile)
	term := &Console{Terminal: u.StartTerminal(t, cmd)}
	term.PID = cmd.Process.Pid
	term.Expect(Prompt)
	return term
}

// Job is the process id of the shell's only child.
func (c *Console) Job(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", c.PID))
	pid, err2 := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || err2 != nil {
		t.Fatalf("the shell's children are %q: %v", text, err)
	}
	return pid
}

// Says types a line and waits for each of the texts in turn. What the line itself
// has would be found in its echo: it has quotes in between.
func Says(term *Console, line string, texts ...string) {
	term.Send(line + "\r")
	for _, text := range texts {
		term.Expect(text)
	}
}

// BringBack brings the shell's job to the foreground.
func BringBack(term *Console) {
	Says(term, "fg", "$NS")
	for term.Foreground() == term.PID {
		time.Sleep(time.Millisecond)
	}
}

// Leave ends the shell, which must have the terminal and its modes back.
func Leave(t *testing.T, term *Console) {
	t.Helper()
	Says(term, "stty -a | tr ' ;' '\\n' | grep -cxE 'icanon|echo|isig|icrnl|opost'", "\n5\r\n", Prompt)
	term.Send("exit\r")
	if got := term.Wait(); got.Signal != 0 {
		t.Errorf("the shell ended with %+v", got)
	}
}

// Counter is a shell command that counts INT, says so, and tells the total and ends with QUIT.
const Counter = `n=0; trap "n=\$((n+1)); echo i''nt \$n" INT; trap "echo to''tal \$n; exit 7" QUIT; echo go''ing; while :; do sleep .02; done`
