package escape

import (
	"fmt"
	"io"
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

// ownBinary is a copy of nslaunch that u may write to, as in ~/go/bin.
func ownBinary(t *testing.T, u nstest.User) string {
	t.Helper()
	image, err := os.ReadFile(nstest.Nslaunch(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(u.TempDir(t), "nslaunch")
	if err := os.WriteFile(path, image, 0o755); err != nil {
		t.Fatal(err)
	}
	u.Own(t, path)
	return path
}

// CVE-2019-5736: the command is the launcher's own binary, by a link or "#!", which who is
// inside then writes to through /proc/PID/exe. What they get is a sealed copy, or
// nothing that they may write to.
func TestOwnBinary(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, how := range []string{"link", "interpreter"} {
			t.Run(how, func(t *testing.T) {
				binary := ownBinary(t, u)
				before := systest.Sum(t, binary)
				root := systest.RootDir(t, u, "proc", "bin")
				if how == "link" {
					systest.Symlink(t, "/proc/self/exe", root+"/bin/evil")
				} else {
					u.WriteFile(t, root+"/bin/evil", "#!/proc/self/exe -\n")
					if err := os.Chmod(root+"/bin/evil", 0o755); err != nil {
						t.Fatal(err)
					}
				}
				// The copy inside reads a profile from its input for as long as we look.
				cmd := systest.ProfileCommand(t, u, treeProfile(u, fmt.Sprintf("root = %q\n", root)), "/bin/evil", "-")
				cmd.Path, cmd.Args[0] = binary, binary
				checkExe(t, u, cmd)
				if after := systest.Sum(t, binary); before != after {
					t.Error("nslaunch was written to")
				}
			})
		}
	})
}

// checkExe starts a command whose sandbox runs the binary of nslaunch, and asserts that
// nobody can write to it, neither now nor when it has ended.
func checkExe(t *testing.T, u nstest.User, cmd *exec.Cmd) {
	t.Helper()
	stdin, ours := systest.Pipe(t)
	events, theirs := systest.Pipe(t)
	cmd.Stdin, cmd.ExtraFiles = stdin, []*os.File{theirs}
	cmd.Args = append([]string{cmd.Args[0], "run", "--status-fd", "3"}, cmd.Args[1:]...)
	result := make(chan nstest.Result, 1)
	go func() { defer theirs.Close(); result <- nstest.Run(t, cmd) }()
	var pid int
	if _, err := fmt.Fscanf(events, `{"event":"started","pid":%d,`, &pid); err != nil {
		ours.Close()
		t.Logf("not run: %v, %+v", err, <-result)
		return
	}
	if !nstest.Portable() {
		// The sealed image: given what is no program, it says so, and that is all it does.
		ours.Close()
		io.Copy(io.Discard, events)
		if got := <-result; got.Status != systest.StatusSetup || got.Stderr != "nslaunch: child: not a program\n" {
			t.Errorf("the command is the image: %+v", got)
		}
		return
	}
	exe := fmt.Sprintf("/proc/%d/exe", pid)
	name, err := os.Readlink(exe)
	for deadline := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
		name, err = os.Readlink(exe)
	}
	held, err2 := unix.Open(exe, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil || err2 != nil {
		t.Fatalf("%s: %v, %v", exe, err, err2)
	}
	defer unix.Close(held)
	if !strings.HasPrefix(name, "/memfd:") {
		t.Errorf("inside runs %s, want a copy in memory", name)
	}
	ours.Close()
	io.Copy(io.Discard, events)
	<-result
	// It no longer runs, which would be ETXTBSY. As root, who may write to all files.
	if fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", held), unix.O_WRONLY|unix.O_CLOEXEC, 0); err == nil {
		if _, err := unix.Write(fd, []byte{0}); err == nil {
			t.Errorf("%s can be written to", name)
		}
		unix.Close(fd)
	}
}

// CVE-2024-21626: the working directory, or the command, is reached by a descriptor of the launcher's,
// or one that it has inherited, which lies outside.
func TestLeakedDescriptors(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		host, err := os.Open("/")
		if err != nil {
			t.Fatal(err)
		}
		defer host.Close()
		root := systest.RootDir(t, u, "proc")
		leaking := func(profile string, words ...string) *exec.Cmd {
			cmd := systest.ProfileCommand(t, u, treeProfile(u, fmt.Sprintf("root = %q\n", root)+profile), words...)
			for len(cmd.ExtraFiles) < 30 { // 3 to 32 are all "/"
				cmd.ExtraFiles = append(cmd.ExtraFiles, host)
			}
			return cmd
		}
		for fd := 3; fd < 40; fd++ {
			got := nstest.Run(t, leaking(fmt.Sprintf("[process]\ncwd = \"/proc/self/fd/%d\"\n", fd), "/probe"))
			if got.Status != systest.StatusSetup || !strings.HasPrefix(got.Stderr, "nslaunch: error: p.toml:5:1: process.cwd: step ") || got.Stdout != "" {
				t.Errorf("cwd by descriptor %d: status %d, %s", fd, got.Status, got.Stderr)
			}
			got = nstest.Run(t, leaking("", fmt.Sprintf("/proc/self/fd/%d/bin/true", fd)))
			if got.Status != systest.StatusMissing || got.Stdout != "" {
				t.Errorf("command by descriptor %d: %+v", fd, got)
			}
		}
		for _, dir := range []string{"/proc/1/root", "/proc/1/cwd", "/proc/1/fd/0"} {
			got := nstest.Run(t, leaking("", dir+"/usr/bin/true"))
			if got.Status != systest.StatusMissing && got.Status != systest.StatusNoExec || got.Stdout != "" {
				t.Errorf("command below %s: %+v", dir, got)
			}
		}
		// The one that is to be kept is the command's affair, its directory is not.
		got := nstest.Run(t, leaking("[process]\nkeep_fds = [9]\ncwd = \"/proc/self/fd/9\"\n", "/probe"))
		if got.Status != systest.StatusSetup || got.Stdout != "" {
			t.Errorf("cwd by a kept descriptor: %+v", got)
		}
		seen := nstest.ParseReport(t, nstest.MustRun(t, leaking("", "/probe")))
		if len(seen.Descriptors) != 3 {
			t.Errorf("the command has %v", seen.Descriptors)
		}
	})
}
