package terminal

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

const shellInside = "env.set = { PS1 = \"" + systest.InnerPrompt + "\", HISTFILE = \"\" }\ncommand = [\"bash\", \"--norc\", \"--noprofile\", \"-i\"]\n"

// Below script(1) there is a terminal, and no shell between it and the launcher.
func TestUnderScript(t *testing.T) {
	nstest.Require(t, nstest.Tools("script"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, terminal := range []string{"inherit", "pty"} {
			term := systest.ShellOn(t, u, systest.AllNew+"process.terminal = \""+terminal+"\"\n"+shellInside)
			systest.Says(term, "script -qec \"$NS p.toml\" typescript", systest.InnerPrompt)
			systest.Says(term, "stty size", "24 80\r\n", systest.InnerPrompt)
			systest.Says(term, "sh -c 'echo go''ing; exec cat'", "going\r\n")
			term.Send("\x1a")
			term.Expect("Stopped  ")
			term.Expect(systest.InnerPrompt)
			systest.Says(term, "fg", "cat'\r\n")
			systest.Says(term, "word", "word\r\nword\r\n")
			term.Send("\x03")
			term.Expect(systest.InnerPrompt)
			systest.Says(term, "echo status $?", "\nstatus 130\r\n", systest.InnerPrompt)
			systest.Says(term, "exit 5", systest.Prompt)
			systest.Says(term, "echo status $?", "\nstatus 5\r\n", systest.Prompt)
			systest.Leave(t, term)
		}
	})
}

// A pane is a shell of u in a tmux(1) of its own.
type pane struct {
	t      *testing.T
	u      nstest.User
	socket string
}

func (p *pane) tmux(words ...string) string {
	p.t.Helper()
	cmd := p.u.Command(p.t, "tmux", append([]string{"-S", p.socket, "-f", "/dev/null"}, words...)...)
	cmd.Env = append(cmd.Env, "PS1="+systest.Prompt, "NS="+nstest.Nslaunch(p.t), "HISTFILE=")
	return nstest.MustRun(p.t, cmd)
}

// shows waits until the pane's text ends in lines like these.
func (p *pane) shows(lines ...string) {
	p.t.Helper()
	want := strings.Join(lines, "\n")
	got := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got = strings.TrimRight(p.tmux("capture-pane", "-p"), "\n "); strings.HasSuffix(got, want) {
			return
		}
	}
	p.t.Fatalf("the pane shows\n%s\nwant at the end\n%s", got, want)
}

// types types a line, after which the pane's text ends in lines like these.
func (p *pane) types(line string, lines ...string) {
	p.t.Helper()
	p.tmux("send-keys", line, "Enter")
	p.shows(append([]string{line}, lines...)...)
}

func TestUnderTmux(t *testing.T) {
	nstest.Require(t, nstest.Tools("tmux"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := &pane{t, u, filepath.Join(u.TempDir(t), "socket")}
		dir := u.TempDir(t)
		for _, terminal := range []string{"inherit", "pty"} {
			u.WriteFile(t, filepath.Join(dir, terminal+".toml"), "version = 1\n"+systest.AllNew+"process.terminal = \""+terminal+"\"\n"+shellInside)
		}
		p.tmux("new-session", "-d", "-x", "80", "-y", "24", "-c", dir, "bash --norc --noprofile -i")
		defer p.tmux("kill-server")
		p.shows("ready>")
		for i, terminal := range []string{"inherit", "pty"} {
			p.tmux("send-keys", "clear; $NS "+terminal+".toml", "Enter")
			p.shows("inside>")
			columns := 100 + i
			p.tmux("resize-window", "-x", fmt.Sprint(columns), "-y", "30")
			p.types(fmt.Sprintf("until stty size | grep %d; do sleep .02; done", columns), fmt.Sprintf("30 %d", columns), "inside>")
			p.types("cat")
			p.types("word", "word")
			p.tmux("send-keys", "C-z")
			p.shows("[1]+  Stopped                 cat", "inside>")
			p.types("fg", "cat")
			p.tmux("send-keys", "C-c")
			p.shows("^C", "inside>")
			p.tmux("send-keys", "suspend", "Enter")
			p.shows("[1]+  Stopped                 $NS "+terminal+".toml", "ready>")
			p.types("fg", "$NS "+terminal+".toml", "inside>")
			p.types("exit 5", "exit", "ready>")
			p.types("echo status $?", "status 5", "ready>")
		}
	})
}
