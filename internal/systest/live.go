package systest

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Live is nslaunch with a command that has said "up".
type Live struct {
	t     *testing.T
	Cmd   *exec.Cmd
	Lines *bufio.Scanner
}

// StartLive starts cmd, whose command says "up" first; the words of prefix are those of a program that
// executes nslaunch.
func StartLive(t *testing.T, cmd *exec.Cmd, prefix ...string) *Live {
	t.Helper()
	if len(prefix) > 0 {
		path, err := exec.LookPath(prefix[0])
		if err != nil {
			t.Fatal(err)
		}
		cmd.Path, cmd.Args = path, append(prefix, cmd.Args...)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l := &Live{t, cmd, bufio.NewScanner(out)}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if !l.Lines.Scan() || strings.TrimSpace(l.Lines.Text()) != "up" {
		t.Fatalf("the command said %q", l.Lines.Text())
	}
	return l
}

// Send sends nslaunch signals, one after the other.
func (l *Live) Send(signals ...syscall.Signal) {
	l.t.Helper()
	for _, s := range signals {
		if err := l.Cmd.Process.Signal(s); err != nil {
			l.t.Fatal(err)
		}
	}
}

// Ends waits for the end and returns the lines that came and the status.
func (l *Live) Ends() string {
	l.t.Helper()
	hung := time.AfterFunc(time.Minute, func() { _ = l.Cmd.Process.Kill() })
	defer hung.Stop()
	var said []string
	for l.Lines.Scan() {
		said = append(said, strings.TrimSpace(l.Lines.Text()))
	}
	_ = l.Cmd.Wait()
	return fmt.Sprint(strings.Join(said, " "), " ", l.Cmd.ProcessState)
}

// Until waits until f is true.
func Until(t *testing.T, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what is waited for does not come to be")
		}
	}
}
