package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runningChecks are of sandboxes that run while something is done with them.
func runningChecks() []check {
	return []check{
		{name: "detach", users: both(), run: detach},
		{name: "exec of a process", users: []user{superuser()}, run: execProcess},
		{name: "signals", users: both(), run: signals},
		{name: "resident", users: both(), run: resident},
		{name: "end of the launcher", users: both(), run: launcherEnds},
		{name: "doctor", users: both(), run: doctor},
	}
}

const lasting = `version = 1
hostname = "inside"
command = ["sh", "-c", "echo started; trap 'echo got USR1' USR1; while :; do sleep 0.1; done"]
namespaces = "new"
proc = "new"
`

// detach starts a sandbox, enters it and stops it.
func detach(t *tester) {
	p := t.profile(lasting)
	t.want(0, "vm", "nslaunch", "run", "--detach", "--name", "vm", p)
	t.later = append(t.later, func() { t.run("nslaunch", "stop", "--time", "0s", "vm") })
	t.want(0, `NAME .*\nvm .*`, "nslaunch", "ps")
	t.want(0, `inside\n0\n1`, "nslaunch", "exec", "vm", "--", "sh", "-c", `hostname; id -u; grep -c '^NSpid:.*[0-9]' /proc/self/status`)
	t.want(7, "", "nslaunch", "exec", "vm", "--", "sh", "-c", "exit 7")
	t.want(0, "started", "nslaunch", "logs", "vm")
	t.want(0, "", "sh", "-c", "nslaunch stop vm >/dev/null")
	t.want(143, "", "nslaunch", "wait", "vm")
	t.want(0, `NAME .*COMMAND`, "nslaunch", "ps")
}

// execProcess enters a sandbox of another user's by the number of a process.
func execProcess(t *tester) {
	p := t.profile(lasting)
	theirs := &tester{host: t.host, user: ordinary(), limit: limit}
	theirs.dir = t.tempDir()
	cmd := theirs.command("nslaunch", p)
	t.must(cmd.Start())
	t.later = append(t.later, theirs.cleanUp, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	pid := t.inside(cmd.Process.Pid)
	t.want(0, "inside\n0", "nslaunch", "exec", strconv.Itoa(pid), "--", "sh", "-c", "hostname; id -u")
}

// inside waits for a process named sh below a launcher's, and returns its number.
func (t *tester) inside(launcher int) int {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		queue := []int{launcher}
		for len(queue) > 0 {
			pid := queue[0]
			queue = queue[1:]
			if comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(comm) == "sh\n" {
				return pid
			}
			// Any thread of a launcher that is not a resident may have cloned it.
			lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
			t.must(err)
			for _, list := range lists {
				children, _ := os.ReadFile(list)
				for _, word := range strings.Fields(string(children)) {
					child, err := strconv.Atoi(word)
					t.must(err)
					queue = append(queue, child)
				}
			}
		}
	}
	t.fatalf("no command runs below %d", launcher)
	return 0
}

// signals reach the command by way of the launcher, whose status is the command's.
func signals(t *tester) {
	p := t.profile(`version = 1
command = ["sh", "-c", "trap 'echo user; exit 3' USR1; trap 'echo term; exit 4' TERM; echo ready; while :; do sleep 0.1; done"]
namespaces = "new"
`)
	for signal, want := range map[syscall.Signal]string{
		syscall.SIGUSR1: "ready\nuser\n3", syscall.SIGTERM: "ready\nterm\n4", syscall.SIGINT: "ready\n130",
	} {
		var out strings.Builder
		cmd := t.command("nslaunch", p)
		pipe, err := cmd.StdoutPipe()
		t.must(err)
		t.must(cmd.Start())
		lines := bufio.NewReader(io.TeeReader(pipe, &out))
		if _, err := lines.ReadString('\n'); err != nil {
			t.errorf("%v: it was never ready: %v", signal, err)
		}
		time.Sleep(time.Second) // until the resident has taken over
		t.must(cmd.Process.Signal(signal))
		if _, err := lines.WriteTo(io.Discard); err != nil {
			t.errorf("%v: %v", signal, err)
		}
		_ = cmd.Wait()
		if got := fmt.Sprintf("%s%d", out.String(), cmd.ProcessState.ExitCode()); got != want {
			t.errorf("%v: got %q; want %q", signal, got, want)
		}
	}
}

// resident: once a command has run for a moment, a few pages are all that is left of the launcher.
func resident(t *tester) {
	cmd := t.command("nslaunch", t.profile(lasting))
	t.must(cmd.Start())
	t.later = append(t.later, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	number := regexp.MustCompile(`(?m)^(Threads|VmRSS|VmSize):\s+(\d+)`)
	var last map[string]int
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		t.must(err)
		last = map[string]int{}
		for _, m := range number.FindAllStringSubmatch(string(text), -1) {
			last[m[1]], err = strconv.Atoi(m[2])
			t.must(err)
		}
		if last["Threads"] == 1 && last["VmSize"] < 1000 {
			t.logf("%v", last)
			return
		}
	}
	t.fatalf("no resident: %v", last)
}

// launcherEnds: with the launcher, by whatever it ends, all of the sandbox ends.
func launcherEnds(t *tester) {
	cmd := t.command("nslaunch", t.profile(lasting))
	t.must(cmd.Start())
	pid := t.inside(cmd.Process.Pid)
	time.Sleep(time.Second)
	t.must(cmd.Process.Kill())
	_ = cmd.Wait()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		// As process 1 or below systemd, somebody else reaps it.
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.errorf("the command runs on without its launcher")
}

// doctor finds what a machine has, and misses what it does not have and nothing else.
func doctor(t *tester) {
	r := t.run("nslaunch", "doctor", "--json")
	var d struct {
		Findings []struct {
			Name string `json:"name"`
			OK   bool   `json:"ok"`
		} `json:"findings"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &d); err != nil || r.status != 0 {
		t.fatalf("%v: %v", err, r)
	}
	var missing []string
	for _, f := range d.Findings {
		if !f.OK {
			missing = append(missing, f.Name)
		}
	}
	want := []string{"scope of the user's manager"} // there is no manager
	rows := 24
	if t.user.uid == 0 {
		rows++ // an overlay outside of a user namespace
		want = []string{"scope of the system's manager", "ids: subordinate ones"}
	}
	if t.user.uid != 0 || t.is("6.1") { // the root is a tmpfs, which maps ids since Linux 6.3
		want = append(want, "idmapped bind mount")
	}
	slices.Sort(missing)
	slices.Sort(want)
	if !slices.Equal(missing, want) || len(d.Findings) != rows {
		t.errorf("of %d rows, %q are missing; want %q of %d: %v", len(d.Findings), missing, want, rows, r)
	}
}
