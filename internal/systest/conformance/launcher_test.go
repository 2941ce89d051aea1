package conformance

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// checkLauncher checks that the launcher does what the plan says it does, in that
// order. Between that, it waits and looks.
func checkLauncher(run conformanceRun) error {
	want, err := launcherSteps(run.steps)
	if err != nil {
		return err
	}
	got, err := launcherActs(run.trace)
	if err != nil {
		return err
	}
	got = slices.DeleteFunc(got, func(act string) bool { return makesParent(act, want) })
	for n := len(want); run.status != 0 && len(got) > n && ends(got[len(got)-1]); {
		got = got[:len(got)-1]
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("did\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return checkTelling(run)
}

// ends tells an act that ends what a failed set-up has left.
func ends(act string) bool {
	return strings.HasPrefix(act, "kill(") || strings.HasPrefix(act, "pidfd_send_signal(")
}

var planActs = []struct {
	action *regexp.Regexp
	act    string
}{
	{regexp.MustCompile(`^open a pseudoterminal$`), "open /dev/ptmx"},
	{regexp.MustCompile(`^lock (/.*)$`), "lock $1"},
	{regexp.MustCompile(`^start the stage`), "start the child"},
	{regexp.MustCompile(`^deny setgroups$`), "write setgroups: deny"},
	{regexp.MustCompile(`^set oom_score_adj (-?\d+)$`), "write oom_score_adj: $1"},
	{regexp.MustCompile(`^set the nice value (-?\d+)$`), "setpriority $1"},
	{regexp.MustCompile(`^wait until init is in place$`), "hear init"},
	{regexp.MustCompile(`^hand the terminal to`), "hand over the terminal"},
	{regexp.MustCompile(`^make a socket for notifications, for the stage$`), "make a socket"},
	{regexp.MustCompile(`^place the sandbox in the scope (\S+) of `), "place in $1"},
	{regexp.MustCompile(`^stay in the service (\S+), whose limits must`), "place in $1"},
	{regexp.MustCompile(`^(map the ids of .*) as the user namespace does, for the stage$`), "$1"},
	{regexp.MustCompile(`release`), "release"},
}

var (
	planMap      = regexp.MustCompile(`^write ([ug])id_map: (.*?)(?:, by (/\S+))?$`)
	planMapRange = regexp.MustCompile(`^(\d+)(?:-(\d+))? (?:is|are) (\d+)`)
)

// launcherSteps are the launcher's steps of a plan, as acts.
func launcherSteps(steps string) ([]string, error) {
	var plan struct{ Steps []struct{ By, Action string } }
	if err := json.Unmarshal([]byte(steps), &plan); err != nil {
		return nil, err
	}
	var acts []string
	for _, s := range plan.Steps {
		if m := receivesTree.FindStringSubmatch(s.Action); m != nil {
			acts = append(acts, "lend the tree of "+m[1])
		}
		if receivesSocket.MatchString(s.Action) {
			acts = append(acts, "lend the socket")
		}
		if s.By != "launcher" || doesNothing.MatchString(s.Action) || tells.MatchString(s.Action) {
			continue
		}
		if m := makesLayer.FindStringSubmatch(s.Action); m != nil {
			acts = append(acts, layerActs(m[1])...)
			continue
		}
		act := ""
		if m := planMap.FindStringSubmatch(s.Action); m != nil {
			act = mapAct(m[1], m[2], m[3])
		}
		for _, w := range planActs {
			if m := w.action.FindStringSubmatchIndex(s.Action); m != nil && act == "" {
				act = string(w.action.ExpandString(nil, w.act, s.Action, m))
			}
		}
		if act == "" {
			return nil, fmt.Errorf("a step of the launcher that this test does not know: %s", s.Action)
		}
		acts = append(acts, act)
	}
	return acts, nil
}

// mapAct is how an id map is written.
func mapAct(id, ranges, helper string) string {
	var lines []string
	for text := range strings.SplitSeq(ranges, ", ") {
		m := planMapRange.FindStringSubmatch(text)
		if m == nil {
			return "what is " + text
		}
		var first, last, outside int
		fmt.Sscan(m[1], &first)
		last = first
		fmt.Sscan(m[2], &last)
		fmt.Sscan(m[3], &outside)
		lines = append(lines, fmt.Sprintf("%d %d %d", first, outside, last-first+1))
	}
	if helper == "" {
		return "write " + id + "id_map: " + strings.Join(lines, "\n")
	}
	return "execute " + helper + ": " + strings.Join(lines, " ")
}

// launcherActs are the calls of the launcher by which it changes anything.
func launcherActs(tr trace) ([]string, error) {
	launcher, loader, err := tr.launcher()
	if err != nil {
		return nil, err
	}
	var acts []string
	files := map[uint64]string{} // by descriptor: of /proc/PID what is written, else what is read
	for _, line := range tr.ofLauncher(launcher) {
		name, _, _ := strings.Cut(line, "(")
		switch name {
		case "openat", "close", "write", "clone", "setpriority", "prlimit64", "sendto", "recvmsg", "ioctl",
			"setns", "unshare", "mount", "kill", "tgkill", "pidfd_send_signal", "sethostname", "setgroups", "capset",
			"open_tree", "mount_setattr", "move_mount", "sendmsg", "mkdirat", "unlinkat", "fchown", "fchmod", "flock",
			"socket", "fcntl", "pidfd_open", "memfd_create", "openat2":
		default:
			continue
		}
		if name == "ioctl" && !strings.Contains(line, ", 0x5410, ") { // TIOCSPGRP
			continue
		}
		c, err := parseCall(strings.Replace(line, " => ", ", ", -1))
		if err != nil {
			return nil, err
		}
		if name == "tgkill" && strings.Contains(line, ", 33) ") { // its own threads are to block signals
			continue
		}
		if !slices.Contains(acts, "start the child") && (name == "socket" || ofLook.MatchString(line)) {
			continue // it looks who can be reached, and whether its root is that of its mount namespace
		}
		// Later, one of the command is opened.
		if name == "pidfd_open" && !slices.Contains(acts, "release") {
			if act := placeAct(tr, c); strings.HasPrefix(act, "place in ") {
				acts = append(acts, act)
			}
			continue
		}
		if act := launcherAct(tr, c, loader, files); act != "" {
			acts = append(acts, act)
		}
	}
	return slices.DeleteFunc(acts, ofRecord.MatchString), nil
}

// ofRecord are acts by which the sandbox is recorded: they change nothing of it.
var ofRecord = regexp.MustCompile(`^lock ` + record + `$|^(mkdir|lock) (/run|/run/user/\d+|/tmp)/nslaunch(-\d+)?$|^unlinkat\(\d+, "(\.[0-9a-f]{16}|[^/]*\.json)", 0\)`)

// record stands for the files of a sandbox's record: one in a directory, one in memory.
const record = "/the record"

// recordFile is a name of the first, before it gets the sandbox's and then.
var recordFile = regexp.MustCompile(`^\.[0-9a-f]{16}$|^[^/]+\.json$`)

// ofLook are the calls by which it goes to the root of the mount namespace in which it is.
var ofLook = regexp.MustCompile(`^(unshare\(0x200\)|setns\(\d+, 0x20000\))`)

var procFile = regexp.MustCompile(`^/proc/\d+/(\w+)$`)

// launcherAct says what a call does, or "" if that is nothing.
func launcherAct(tr trace, c traced, loader int, files map[uint64]string) string {
	r, err := c.returned()
	if err != nil {
		return err.Error()
	}
	number, text := func(i int) uint64 { return at(c.args, i).number }, at(c.args, 1).text
	switch c.name {
	case "openat":
		const accessMode, write = 3, 1
		delete(files, uint64(r.value))
		if recordFile.MatchString(text) {
			files[uint64(r.value)] = record
			return ""
		}
		if text == "/dev/ptmx" {
			return "open /dev/ptmx"
		}
		if m := procFile.FindStringSubmatch(text); m != nil && number(2)&accessMode == write {
			files[uint64(r.value)] = m[1]
		} else if number(2)&accessMode != write && r.errno == "" && path.IsAbs(text) {
			files[uint64(r.value)] = text
		}
		return ""
	case "openat2":
		delete(files, uint64(r.value))
		if r.errno == "" && path.IsAbs(text) {
			files[uint64(r.value)] = text
		}
		return ""
	case "open_tree", "mount_setattr", "sendmsg", "mkdirat", "fchown", "fchmod":
		return treeAct(tr, c, files)
	case "socket", "fcntl":
		return socketAct(c, files)
	case "memfd_create":
		delete(files, uint64(r.value))
		if at(c.args, 0).text == "nslaunch-record" {
			files[uint64(r.value)] = record
		}
		return ""
	case "pidfd_open":
		return ""
	case "flock":
		return "lock " + files[number(0)]
	case "close":
		delete(files, number(0))
		return ""
	case "write":
		if file := files[number(0)]; file != "" && !path.IsAbs(file) {
			return "write " + file + ": " + strings.TrimSuffix(text, "\n")
		}
		return ""
	case "clone":
		switch {
		case r.pid == loader:
			return "start the child"
		case at(c.args, 0).number != 0: // a thread, with a stack of its own
			return ""
		}
		return helperAct(tr, r.pid)
	case "ioctl":
		return "hand over the terminal"
	case "setpriority":
		return fmt.Sprintf("setpriority %d", int64(number(2)))
	case "prlimit64":
		if number(0) == 0 || number(2) == 0 && at(c.args, 2).kind == 'n' { // its own, which package syscall raises, or to look
			return ""
		}
	case "sendto":
		if text == "\x01" {
			return "release"
		}
	case "recvmsg":
		if strings.Contains(c.text, `iov_base="\3\0\0\0`) {
			return "hear init"
		}
		return ""
	}
	return c.text
}

// helperAct says which arguments newuidmap or newgidmap got: all but its pid.
func helperAct(tr trace, pid int) string {
	c, err := tr.executed(pid)
	if err != nil || at(c.args, 1).kind != 'l' || len(c.args[1].list) < 2 {
		return fmt.Sprintf("process %d: %v", pid, err)
	}
	var words []string
	for _, o := range c.args[1].list[2:] {
		words = append(words, o.text)
	}
	return "execute " + path.Clean(c.args[0].text) + ": " + strings.Join(words, " ")
}
