package systest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// Running is a sandbox whose command has left two processes behind, and runs on.
type Running struct {
	Cmd     *exec.Cmd
	Command int // the command's pid
}

const runsOn = `command = ["/bin/sh", "-c", "(setsid sleep 1000 >/dev/null 2>&1 &) ; sleep 1000 >/dev/null 2>&1 & echo up; exec sleep 1000"]
`

// StartRunning starts such a sandbox, and returns when its command runs.
func StartRunning(t *testing.T, u nstest.User, profile string, env ...string) Running {
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
	r := Running{Cmd: cmd}
	for pid := cmd.Process.Pid; ; {
		children := ChildrenOf(pid)
		if len(children) != 1 {
			return r
		}
		pid = children[0]
		r.Command = pid
		if comm := strings.TrimSpace(ReadFile(t, fmt.Sprintf("/proc/%d/comm", pid))); comm == "sh" || comm == "sleep" {
			return r
		}
	}
}

// ChildrenOf lists the children of a process.
func ChildrenOf(pid int) []int {
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

// StatField is a field of /proc/PID/stat, counted from the state.
func StatField(t *testing.T, pid, i int) string {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))[i]
}
