package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// systemdChecks are those of a machine whose process 1 is systemd.
func systemdChecks() []check {
	return []check{
		{name: "started", users: []user{superuser()}, run: started},
		{name: "hello", users: both(), run: inScope(hello)},
		{name: "memory", users: both(), run: inScope(memory)},
		{name: "tasks", users: both(), run: inScope(tasks)},
		{name: "cpu", users: both(), run: inScope(cpu)},
	}
}

// started waits until systemd has started all that it should.
func started(t *tester) {
	for end := time.Now().Add(limit); ; time.Sleep(time.Second) {
		r := t.run("systemctl", "is-system-running")
		state := strings.TrimSpace(r.stdout)
		switch {
		case state == "running":
			return
		case state != "starting" && state != "initializing" || time.Now().After(end):
			t.fatalf("%v\n%v", r, t.run("systemctl", "--failed"))
		}
	}
}

// inScope runs the commands of a check as those of somebody who has logged in: the agent itself is a service, and
// a service's own limits are another thing.
func inScope(run func(*tester)) func(*tester) {
	return func(t *tester) {
		t.wrap = func(cmd *exec.Cmd) {
			words := []string{"systemd-run", "--quiet", "--scope", "--"}
			if t.user.uid != 0 {
				// PAM registers a session with logind, which makes the scope.
				words = []string{"runuser", "-l", "nslaunch-test", "-c", `cd "$1" && shift && exec "$@"`, "--", "sh", cmd.Dir}
				cmd.SysProcAttr.Credential = nil
			}
			cmd.Args = append(words, cmd.Args...)
			path, err := exec.LookPath(cmd.Args[0])
			t.must(err)
			cmd.Path = path
		}
		run(t)
	}
}

const limited = `version = 1
command = [%s]
namespaces = { user = "new", pid = "new" }

[limits]
%s
`

// limited runs the agent with limits, or without for "".
func (t *tester) limited(limits string, words ...string) result {
	for i, word := range words {
		words[i] = strconv.Quote(word)
	}
	return t.run("nslaunch", t.profile(fmt.Sprintf(limited, strings.Join(words, ", "), limits)))
}

// self is the agent as a sandbox's command.
const self = here + "/agent"

// memory: the kernel ends what uses more, and nslaunch names the line that says so. On a slow machine the manager can
// take the empty group away before nslaunch has read in it why, so a few may say nothing.
func memory(t *tester) {
	t.check(t.limited("", self, "eat", "120"), 0, "ate 120")
	t.check(t.limited("memory = \"200M\"\nswap = 0", self, "eat", "120"), 0, "ate 120")
	var r result
	for range 5 {
		r = t.limited("memory = \"60M\"\nswap = 0", self, "eat", "120")
		t.check(r, 137, "")
		if strings.Contains(r.stderr, "profile.toml:6:") && strings.Contains(r.stderr, "limits.memory") {
			return
		}
	}
	t.errorf("it does not name the line: %v", r)
}

// tasks: a fork that would make more fails.
func tasks(t *tester) {
	script := `for i in $(seq 24); do sleep 20 & done; echo all`
	t.check(t.limited("", "sh", "-c", script), 0, "all")
	t.check(t.limited("tasks = 100", "sh", "-c", script), 0, "all")
	r := t.limited("tasks = 12", "sh", "-c", script)
	if r.status == 0 || r.stdout != "" || !strings.Contains(r.stderr, "fork") {
		t.errorf("%v", r)
	}
}

// cpu: who uses more than a part of a processor's time is held up.
func cpu(t *tester) {
	burn := func(limits string) burnt {
		r := t.limited(limits, self, "burn", "3000")
		var b burnt
		if err := json.Unmarshal([]byte(r.stdout), &b); err != nil || r.status != 0 {
			t.fatalf("%v", r)
		}
		t.logf("%q: %+v", limits, b)
		return b
	}
	// An emulated processor's time is not exact: what the host does meanwhile is in it.
	free, held := burn(""), burn("cpu = 0.2")
	if free.Throttled != 0 || strings.HasPrefix(free.Max, "20000 ") {
		t.errorf("without a limit it was held up")
	}
	if held.Max != "20000 100000" || held.Throttled < 3 || held.Usage < held.Used || held.Share > free.Share*2/3 {
		t.errorf("the limit does not hold")
	}
}
