package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// running is a sandbox whose command has left two processes behind, and runs on.
type running struct {
	cmd     *exec.Cmd
	command int // the command's pid
}

const runsOn = `command = ["/bin/sh", "-c", "(setsid sleep 1000 >/dev/null 2>&1 &) ; sleep 1000 >/dev/null 2>&1 & echo up; exec sleep 1000"]
`

func startRunning(t *testing.T, u nstest.User, profile string, env ...string) running {
	t.Helper()
	cmd := u.Command(t, nstest.Nslaunch(t), "p.toml")
	cmd.Env = append(cmd.Env, env...)
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), "version = 1\n"+profile+runsOn)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "up\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	// The command is the last of a chain of single children.
	r := running{cmd: cmd}
	for pid := cmd.Process.Pid; ; {
		children := childrenOf(pid)
		if len(children) != 1 {
			return r
		}
		pid = children[0]
		r.command = pid
		if comm := strings.TrimSpace(readFile(t, fmt.Sprintf("/proc/%d/comm", pid))); comm == "sh" || comm == "sleep" {
			return r
		}
	}
}

// childrenOf lists the children of a process.
func childrenOf(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var children []int
	for _, file := range files {
		text, _ := os.ReadFile(file) // a thread may end
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

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
					r := startRunning(t, u, profile)
					pid := map[string]int{"launcher": r.cmd.Process.Pid, "first process": childrenOf(r.cmd.Process.Pid)[0], "command": r.command}[who]
					if err := unix.Kill(pid, unix.SIGKILL); err != nil {
						t.Fatal(err)
					}
					_ = r.cmd.Wait() // its status says all
					nstest.AssertNothingLeft(t, before)
					if status := r.cmd.ProcessState.ExitCode(); who != "launcher" && status != 128+9 {
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
		before, others := nstest.Snapshot(t), childrenOf(os.Getpid())
		r := startRunning(t, u, "namespaces = { user = \"new\" }\n")
		if err := r.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = r.cmd.Wait() // killed
		waitGone(t, r.command)
		left := 0
		// This process is the reaper of what has lost its parent.
		for _, pid := range childrenOf(os.Getpid()) {
			stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if !slices.Contains(others, pid) && pid != r.command && !strings.Contains(string(stat), ") Z ") {
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
