package killed

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// A sandbox that runs ends as a whole when its launcher, its init or its
// command is killed.
func TestKilledWhileRunning(t *testing.T) {
	for name, profile := range map[string]string{
		"all new":      "namespaces = \"new\"\n",
		"without init": "namespaces = { user = \"new\", pid = \"new\", mount = \"new\" }\nprocess = { init = false }\n",
		"own proc not": "namespaces = { user = \"new\", pid = \"new\" }\n",
	} {
		t.Run(name, func(t *testing.T) {
			nstest.EachUser(t, func(t *testing.T, u nstest.User) {
				for _, who := range []string{"launcher", "first process", "command"} {
					before := nstest.Snapshot(t)
					r := systest.StartRunning(t, u, profile)
					pid := map[string]int{"launcher": r.Cmd.Process.Pid, "first process": systest.ChildrenOf(r.Cmd.Process.Pid)[0], "command": r.Command}[who]
					if err := unix.Kill(pid, unix.SIGKILL); err != nil {
						t.Fatal(err)
					}
					_ = r.Cmd.Wait() // its status says all
					nstest.AssertNothingLeft(t, before)
					if status := r.Cmd.ProcessState.ExitCode(); who != "launcher" && status != 128+9 {
						t.Errorf("the %s was killed: status %d; want 137", who, status)
					}
				}
			})
		})
	}
}

// Without a pid namespace, the command dies with its launcher, and what it has
// left behind does not: so these tests would see it.
func TestKilledControl(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		before, others := nstest.Snapshot(t), systest.ChildrenOf(os.Getpid())
		r := systest.StartRunning(t, u, "namespaces = { user = \"new\" }\n")
		if err := r.Cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = r.Cmd.Wait() // killed
		waitGone(t, r.Command)
		left := 0
		// This process is the reaper of what has lost its parent.
		for _, pid := range systest.ChildrenOf(os.Getpid()) {
			stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if !slices.Contains(others, pid) && pid != r.Command && !strings.Contains(string(stat), ") Z ") {
				left++
				if err := unix.Kill(pid, unix.SIGKILL); err != nil {
					t.Error(err)
				}
			}
		}
		if left != 2 {
			t.Errorf("%d processes are left; want 2", left)
		}
		nstest.AssertNothingLeft(t, before)
	})
}

// waitGone waits for the end of a process that is to end.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 20000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n != 1 {
			t.Errorf("process %d does not end: %v", pid, err)
		}
		return
	}
}
