package records

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// openFiles are what the descriptors of a process, and its working directory, lead to.
func openFiles(t *testing.T, pid int) []string {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, link := range append(links, fmt.Sprintf("/proc/%d/cwd", pid)) {
		if file, err := os.Readlink(link); err == nil {
			files = append(files, file)
		}
	}
	return files
}

// A detached launcher, and its init, hold nothing of the caller's: neither a lock that the caller took nor a directory. A
// launcher in the foreground does, and so does a command that was to have it.
func TestDetachedLetsGo(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		lockFile := u.WriteFile(t, filepath.Join(p.Dir, "lock"), "")
		busy := func() bool {
			f, err := os.Open(lockFile)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil
		}
		for _, test := range []struct {
			name, profile string
			detach, busy  bool
		}{
			{"detached", "", true, false},
			{"keeps it", "process.keep_fds = [4]\n", true, true},
			{"foreground", "", false, true},
		} {
			t.Run(test.name, func(t *testing.T) {
				p.Write("name = \"lets-go\"\nnamespaces = { user = \"new\", pid = \"new\", mount = \"new\" }\ncommand = [\"sleep\", \"1000\"]\n" + test.profile)
				args := []string{"run", "--status-fd", "3", "./p.toml"}
				if test.detach {
					args = append([]string{"run", "--detach"}, args[1:]...)
				}
				events, theirs := systest.Pipe(t)
				lock, err := os.Open(lockFile)
				if err != nil {
					t.Fatal(err)
				}
				if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
					t.Fatal(err)
				}
				cmd := p.Command(args...)
				cmd.ExtraFiles = []*os.File{theirs, lock}
				done := make(chan nstest.Result, 1)
				go func() { done <- nstest.Run(t, cmd) }()
				var buf [4096]byte
				if n, err := events.Read(buf[:]); err != nil || !strings.Contains(string(buf[:n]), `"started"`) {
					t.Fatalf("%q, %v", buf[:n], err)
				}
				if test.detach {
					if got := <-done; got.Status != 0 {
						t.Fatalf("%+v", got)
					}
				}
				theirs.Close()
				lock.Close()
				if got := busy(); got != test.busy {
					t.Errorf("the lock is held: %v; want %v", got, test.busy)
				}
				s := p.List("lets-go")
				holds := false
				for _, file := range openFiles(t, s.Launcher) {
					holds = holds || file == p.Dir || file == lockFile
				}
				if holds == test.detach {
					t.Errorf("the launcher holds what is the caller's: %v: %q", holds, openFiles(t, s.Launcher))
				}
				// The command is where the caller was.
				if got, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", s.PID)); err != nil || got != p.Dir {
					t.Errorf("the command is in %s, %v", got, err)
				}
				p.Must("stop", "--time", "1s", "lets-go")
				if !test.detach {
					<-done
				}
			})
		}
	})
}
