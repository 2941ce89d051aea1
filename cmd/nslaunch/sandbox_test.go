package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"golang.org/x/sys/unix"
)

// profileCommand is u's `nslaunch p.toml -- WORDS…`, for a profile of this text.
func profileCommand(t *testing.T, u nstest.User, profile string, words ...string) *exec.Cmd {
	t.Helper()
	cmd := u.Command(t, nstest.Nslaunch(t), append([]string{"p.toml", "--"}, words...)...)
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
	return cmd
}

// outerCommand is profileCommand in an outer mount namespace.
func outerCommand(t *testing.T, o *nstest.Outer, u nstest.User, profile string, words ...string) *exec.Cmd {
	t.Helper()
	cmd := o.Command(t, u, nstest.Nslaunch(t), append([]string{"p.toml", "--"}, words...)...)
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
	return cmd
}

// seenBy runs the probe in a sandbox of the profile and returns what it saw.
func seenBy(t *testing.T, u nstest.User, profile string) report.Report {
	t.Helper()
	return nstest.ParseReport(t, nstest.MustRun(t, profileCommand(t, u, profile, nstest.Probe(t))))
}

// wantRefusal asserts that nslaunch fails with this text, "nslaunch: error: "
// in front of each line, and that nothing ran.
func wantRefusal(t *testing.T, cmd *exec.Cmd, want ...string) {
	t.Helper()
	got := nstest.Run(t, cmd)
	text := ""
	for _, line := range want {
		text += "nslaunch: error: " + line + "\n"
	}
	if got.Status != wantSetup || got.Stdout != "" || got.Stderr != text {
		t.Errorf("got status %d, stdout %q and stderr\n%swant status %d and stderr\n%s",
			got.Status, got.Stdout, got.Stderr, wantSetup, text)
	}
}

// holder is a sandbox that runs until its input ends.
type holder struct {
	pid        int // the command's
	namespaces map[config.NamespaceKind]uint64
	stdin      *os.File
	result     chan nstest.Result
	unit       string        // of systemd
	events     *bufio.Reader // what follows "started"
	notes      bool          // notes on standard error are no failure
}

// hold starts a command that is nslaunch with a profile whose command reads its
// input to the end, such as cat, and that has `--status-fd 3` added.
func hold(t *testing.T, cmd *exec.Cmd) *holder {
	t.Helper()
	stdin, ours := pipe(t)
	events, theirs := pipe(t)
	cmd.Stdin, cmd.ExtraFiles = stdin, []*os.File{theirs}
	at := len(cmd.Args) - 1
	for cmd.Args[at] != nstest.Nslaunch(t) {
		at--
	}
	cmd.Args = append(cmd.Args[:at+1:at+1], append([]string{"run", "--status-fd", "3"}, cmd.Args[at+1:]...)...)
	h := &holder{stdin: ours, result: make(chan nstest.Result, 1)}
	go func() {
		defer close(h.result)
		defer theirs.Close()
		h.result <- nstest.Run(t, cmd)
	}()
	t.Cleanup(func() {
		h.stdin.Close()
		for range h.result {
		}
	})
	h.events = bufio.NewReader(events)
	line, err := h.events.ReadString('\n')
	if err != nil {
		h.stdin.Close()
		t.Fatalf("no event: %v: %+v", err, <-h.result)
	}
	var started struct {
		Event      string
		PID        int
		Namespaces map[config.NamespaceKind]uint64
		Unit       string
	}
	if err := json.Unmarshal([]byte(line), &started); err != nil || started.Event != "started" {
		h.stdin.Close()
		t.Fatalf("event %s: %v: %+v", line, err, <-h.result)
	}
	h.pid, h.namespaces, h.unit = started.PID, started.Namespaces, started.Unit
	return h
}

// release ends the holder's input, and so the holder.
func (h *holder) release(t *testing.T) {
	t.Helper()
	h.stdin.Close()
	if got := <-h.result; got.Status != 0 || strings.TrimSpace(got.Stderr) != "" && !h.notes {
		t.Errorf("the holder ended with %+v", got)
	}
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// namespacesOf are the inode numbers of the namespaces that a process is in.
func namespacesOf(t *testing.T, proc string) map[config.NamespaceKind]uint64 {
	t.Helper()
	inodes := map[config.NamespaceKind]uint64{}
	for _, k := range config.Kinds() {
		var st unix.Stat_t
		if err := unix.Stat(filepath.Join(proc, "ns", nsFile(k)), &st); err != nil {
			t.Fatal(err)
		}
		inodes[k] = st.Ino
	}
	return inodes
}

// nsFile is the name of a kind in /proc/PID/ns.
func nsFile(k config.NamespaceKind) string {
	if k == config.Mount {
		return "mnt"
	}
	return string(k)
}

// waitFor waits until the file exists and is not empty.
func waitFor(t *testing.T, file string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if info, err := os.Stat(file); err == nil && info.Size() > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come to be", file)
		}
	}
}
