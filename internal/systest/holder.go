package systest

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
)

// Holder is a sandbox that runs until its input ends.
type Holder struct {
	PID        int // the command's
	Namespaces map[config.NamespaceKind]uint64
	Stdin      *os.File
	Result     chan nstest.Result
	Unit       string        // of systemd
	Events     *bufio.Reader // what follows "started"
	Notes      bool          // notes on standard error are no failure
}

// Hold starts a command that is nslaunch with a profile whose command reads its
// input to the end, such as cat, and that has `--status-fd 3` added.
func Hold(t *testing.T, cmd *exec.Cmd) *Holder {
	t.Helper()
	stdin, ours := Pipe(t)
	events, theirs := Pipe(t)
	cmd.Stdin, cmd.ExtraFiles = stdin, []*os.File{theirs}
	at := len(cmd.Args) - 1
	for cmd.Args[at] != nstest.Nslaunch(t) {
		at--
	}
	cmd.Args = append(cmd.Args[:at+1:at+1], append([]string{"run", "--status-fd", "3"}, cmd.Args[at+1:]...)...)
	h := &Holder{Stdin: ours, Result: make(chan nstest.Result, 1)}
	go func() {
		defer close(h.Result)
		defer theirs.Close()
		h.Result <- nstest.Run(t, cmd)
	}()
	t.Cleanup(func() {
		h.Stdin.Close()
		for range h.Result {
		}
	})
	h.Events = bufio.NewReader(events)
	line, err := h.Events.ReadString('\n')
	if err != nil {
		h.Stdin.Close()
		t.Fatalf("no event: %v: %+v", err, <-h.Result)
	}
	var started struct {
		Event      string
		PID        int
		Namespaces map[config.NamespaceKind]uint64
		Unit       string
	}
	if err := json.Unmarshal([]byte(line), &started); err != nil || started.Event != "started" {
		h.Stdin.Close()
		t.Fatalf("event %s: %v: %+v", line, err, <-h.Result)
	}
	h.PID, h.Namespaces, h.Unit = started.PID, started.Namespaces, started.Unit
	return h
}

// Release ends the holder's input, and so the holder.
func (h *Holder) Release(t *testing.T) {
	t.Helper()
	h.Stdin.Close()
	if got := <-h.Result; got.Status != 0 || strings.TrimSpace(got.Stderr) != "" && !h.Notes {
		t.Errorf("the holder ended with %+v", got)
	}
}
