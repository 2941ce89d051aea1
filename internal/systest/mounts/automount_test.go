package mounts

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// automount makes a directory an automount point, as systemd.automount(5) does, and serves it: a file system in memory
// with some files is mounted there when somebody looks into it. It returns how often the kernel asked. The protocol is
// that of the kernel's Documentation/filesystems/autofs.rst. The test's own process group does not trigger it; commands
// have sessions of their own.
func automount(t *testing.T, dir string, files ...string) (asked func() int) {
	t.Helper()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	options := fmt.Sprintf("fd=%d,minproto=5,maxproto=5,direct", pipe[1])
	if err := unix.Mount("test", dir, "autofs", 0, options); err != nil {
		t.Fatal(err)
	}
	unix.Close(pipe[1])
	control, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	requests := os.NewFile(uintptr(pipe[0]), "autofs")
	var lock sync.Mutex
	count := 0
	done := make(chan struct{})
	serve := func() error {
		if err := unix.Mount("automounted", dir, "tmpfs", 0, "mode=0755"); err != nil {
			return err
		}
		for _, name := range files {
			if err := os.MkdirAll(filepath.Dir(dir+"/"+name), 0o755); err != nil {
				return err
			}
			if strings.HasSuffix(name, "/") {
				continue
			}
			if err := os.WriteFile(dir+"/"+name, []byte("automounted\n"), 0o644); err != nil {
				return err
			}
		}
		return nil
	}
	go func() {
		defer close(done)
		packet := make([]byte, 304) // struct autofs_v5_packet
		for {
			n, err := requests.Read(packet)
			if err != nil || n < 12 {
				return
			}
			const missingDirect, ready, fail = 5, 0x9360, 0x9361
			answer := uint(ready)
			lock.Lock()
			count++
			if binary.NativeEndian.Uint32(packet[4:]) == missingDirect && count == 1 {
				if err := serve(); err != nil {
					t.Error(err)
					answer = fail
				}
			}
			lock.Unlock()
			_ = unix.IoctlSetInt(control, answer, int(binary.NativeEndian.Uint32(packet[8:])))
		}
	}()
	t.Cleanup(func() {
		const catatonic = 0x9362
		_ = unix.IoctlSetInt(control, catatonic, 0)
		unix.Close(control)
		for unix.Unmount(dir, unix.MNT_DETACH) == nil {
		}
		requests.Close()
		<-done
	})
	return func() int {
		lock.Lock()
		defer lock.Unlock()
		return count
	}
}

// A source, a lower directory and a root that are automount points nobody has looked into are mounted before the launch: once the
// sandbox has its own tree, nobody could mount into that.
func TestColdAutomount(t *testing.T) {
	nstest.Require(t, nstest.FileSystem("autofs"), nstest.Tools("unshare", "timeout"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct{ name, root, entry, script string }{
			{"source", `"tmpfs"`, `"/shown".ro = "DIR"`, "cat /shown/file"},
			{"source in the host's tree", `"host"`, `"/mnt".ro = "DIR"`, "cat /mnt/file"},
			{"not recursive", `"tmpfs"`, `"/shown" = { ro = "DIR", recursive = false }`, "cat /shown/file"},
			{"lower", `"tmpfs"`, `"/shown" = { type = "overlay", lower = ["DIR"] }`, "cat /shown/file"},
			{"root", `{ path = "DIR", overlay = "tmpfs" }`, "", "cat /file"},
			{"below", `"tmpfs"`, `"/shown".ro = "DIR/usr/../file"`, "cat /shown"},
			{"content", `"tmpfs"`, `"/shown" = { type = "file", source = "DIR/file" }`, "cat /shown"},
			{"target", `"host"`, `"DIR" = { type = "tmpfs" }`, "ls DIR; echo automounted"},
		} {
			t.Run(test.name, func(t *testing.T) {
				nstest.CheckNothingLeft(t)
				dir := nstest.Superuser(t).TempDir(t)
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				asked := automount(t, dir, "file", "usr/", "bin/", "lib/", "lib64/", "proc/", "dev/")
				names := strings.NewReplacer("DIR", dir, "/usr/..", "")
				shows := systest.Programs
				if test.root == `"host"` {
					shows = "[mounts]\n"
				}
				profile := systest.OwnTree(u, "root = "+names.Replace(test.root), strings.Replace(shows, "[mounts]\n", "[mounts]\n"+names.Replace(test.entry)+"\n", 1))
				cmd := systest.ProfileCommand(t, u, profile, "timeout", "20", "sh", "-c", names.Replace(test.script))
				if got := nstest.Run(t, cmd); got.Stdout != "automounted\n" || asked() != 1 {
					t.Errorf("status %d, stdout %q, asked %d times, stderr\n%s", got.Status, got.Stdout, asked(), got.Stderr)
				}
			})
		}
		t.Run("control", func(t *testing.T) {
			nstest.CheckNothingLeft(t)
			dir := nstest.Superuser(t).TempDir(t)
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			asked := automount(t, dir, "file")
			args := []string{"-s", "KILL", "3", "unshare", "-m", "--propagation", "private", "cat", dir + "/file"}
			if !u.IsRoot() {
				args = []string{"-s", "KILL", "3", "unshare", "-U", "-r", "-m", "--propagation", "private", "cat", dir + "/file"}
			}
			cmd := u.Command(t, "timeout", args...)
			if got := nstest.Run(t, cmd); got.Status == 0 || got.Stdout != "" || asked() == 0 {
				t.Errorf("in a tree of its own, an automount gave status %d, %q, asked %d times", got.Status, got.Stdout, asked())
			}
		})
	})
}
