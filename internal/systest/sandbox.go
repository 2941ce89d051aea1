package systest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"golang.org/x/sys/unix"
)

// ProfileCommand is u's `nslaunch p.toml -- WORDS…`, for a profile of this text.
func ProfileCommand(t *testing.T, u nstest.User, profile string, words ...string) *exec.Cmd {
	t.Helper()
	cmd := u.Command(t, nstest.Nslaunch(t), append([]string{"p.toml", "--"}, words...)...)
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
	return cmd
}

// OuterCommand is ProfileCommand in an outer mount namespace.
func OuterCommand(t *testing.T, o *nstest.Outer, u nstest.User, profile string, words ...string) *exec.Cmd {
	t.Helper()
	cmd := o.Command(t, u, nstest.Nslaunch(t), append([]string{"p.toml", "--"}, words...)...)
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
	return cmd
}

// SeenBy runs the probe in a sandbox of the profile and returns what it saw.
func SeenBy(t *testing.T, u nstest.User, profile string) report.Report {
	t.Helper()
	return nstest.ParseReport(t, nstest.MustRun(t, ProfileCommand(t, u, profile, nstest.Probe(t))))
}

// WantRefusal asserts that nslaunch fails with this text, "nslaunch: error: "
// in front of each line, and that nothing ran.
func WantRefusal(t *testing.T, cmd *exec.Cmd, want ...string) {
	t.Helper()
	got := nstest.Run(t, cmd)
	text := ""
	for _, line := range want {
		text += "nslaunch: error: " + line + "\n"
	}
	if got.Status != StatusSetup || got.Stdout != "" || got.Stderr != text {
		t.Errorf("got status %d, stdout %q and stderr\n%swant status %d and stderr\n%s",
			got.Status, got.Stdout, got.Stderr, StatusSetup, text)
	}
}

// Pipe is a pipe that is closed when the test ends.
func Pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// NamespacesOf are the inode numbers of the namespaces that a process is in.
func NamespacesOf(t *testing.T, proc string) map[config.NamespaceKind]uint64 {
	t.Helper()
	inodes := map[config.NamespaceKind]uint64{}
	for _, k := range config.Kinds() {
		var st unix.Stat_t
		if err := unix.Stat(filepath.Join(proc, "ns", NSFile(k)), &st); err != nil {
			t.Fatal(err)
		}
		inodes[k] = st.Ino
	}
	return inodes
}

// NSFile is the name of a kind in /proc/PID/ns.
func NSFile(k config.NamespaceKind) string {
	if k == config.Mount {
		return "mnt"
	}
	return string(k)
}

// WaitFor waits until the file exists and is not empty.
func WaitFor(t *testing.T, file string) {
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
