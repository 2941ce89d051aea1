package conformance

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// The check sees a stray call, a missing one, and a changed operand, whichever
// call it is.
func TestConformanceControl(t *testing.T) {
	for name, c := range map[string]conformanceCase{
		"the host's tree": {},
		"a tree":          {profile: systest.System + "tmpfs = [\"/tmp\"]\nmasked = [\"/usr/share\"]\n"},
		"a service": {profile: "service = { notify = \"command\", listen_fds = true }\n", around: tellable(),
			keep: 1, sockets: []string{"LISTEN_FDS=1"}},
	} {
		c.profile, c.words = "version = 1\nnamespaces = \"new\"\n"+c.profile, []string{"systemd-notify", "--ready", "--no-block"}
		if c.around == nil {
			c.words = []string{"true"}
		}
		t.Run(name, func(t *testing.T) { conformanceControl(t, c) })
	}
}

func conformanceControl(t *testing.T, c conformanceCase) {
	u := nstest.Superuser(t)
	run, _ := c.run(t, u, false)
	if err := checkConformance(run, false); err != nil {
		t.Fatal(err)
	}
	start, err := run.trace.start()
	if err != nil {
		t.Fatal(err)
	}
	r, err := start.returned()
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, pid, i int, change func(calls []string) []string) {
		t.Helper()
		changed := run
		changed.trace.calls = maps.Clone(run.trace.calls)
		changed.trace.calls[pid] = change(slices.Clone(changed.trace.calls[pid]))
		if checkConformance(changed, false) == nil {
			t.Errorf("%s at call %d is not seen: %s", what, i, run.trace.calls[pid][i])
		}
	}
	if err := checkLauncher(run); err != nil {
		t.Fatal(err)
	}
	begin := slices.IndexFunc(run.trace.calls[r.pid], func(line string) bool { return strings.HasPrefix(line, "prctl(") })
	for i := begin; i < len(run.trace.calls[r.pid]); i++ {
		line := run.trace.calls[r.pid][i]
		check("a stray call", r.pid, i, func(calls []string) []string {
			return slices.Insert(calls, i, `openat(-100, "/etc/shadow", 0) = 3`)
		})
		if strings.HasPrefix(line, "waitid(") {
			break // from here on it only waits
		}
		check("a missing call", r.pid, i, func(calls []string) []string { return slices.Delete(calls, i, i+1) })
		check("another call", r.pid, i, func(calls []string) []string { calls[i] = "setns(3, 0) = 0"; return calls })
		if name, _, _ := strings.Cut(line, "("); !slices.Contains([]string{"munmap"}, name) {
			check("a changed operand", r.pid, i, changeOperand(i))
		}
	}
}

// A call that gives EAGAIN is made again where the plan says so, and nowhere else.
func TestConformanceAgain(t *testing.T) {
	const plan = `# 1 launcher: start
clone(child_stack=NULL, flags=CLONE_PARENT)
# 2 stage: open
openat2(3, "/x", {flags=O_PATH, mode=0, resolve=RESOLVE_IN_ROOT}, 24) = r0%s
exit_group(r0)
`
	const openat2 = `openat2(3, "/x", {flags=0x200000, mode=0, resolve=0x10}, 24) = `
	const busy = openat2 + "-1 EAGAIN (Resource temporarily unavailable)"
	run := conformanceRun{trace: trace{calls: map[int][]string{
		1: {"clone(child_stack=NULL, flags=0x8000) = 2"},
		2: {busy, busy, openat2 + "7", "exit_group(7) = ?"},
	}}}
	for comment, ok := range map[string]bool{" # again while EAGAIN": true, " # again": false, "": false} {
		run.plan = fmt.Sprintf(plan, comment)
		if err := checkConformance(run, false); (err == nil) != ok {
			t.Errorf("with %q: %v", comment, err)
		}
	}
}

// The check of the launcher sees what it does beyond the plan, and what it
// leaves out.
func TestConformanceControlOfLauncher(t *testing.T) {
	u := nstest.Ordinary(t)
	run, _ := conformanceCase{profile: "version = 1\nnamespaces = \"new\"\nprocess = { nice = " + strconv.Itoa(nstest.Nicer(3)) + " }\n", words: []string{"true"}}.run(t, u, false)
	if err := checkLauncher(run); err != nil {
		t.Fatal(err)
	}
	launcher, loader, err := run.trace.launcher()
	if err != nil {
		t.Fatal(err)
	}
	seen := func(change func(calls []string) []string) bool {
		changed := run
		changed.trace.calls = maps.Clone(run.trace.calls)
		changed.trace.calls[launcher] = change(slices.Clone(run.trace.calls[launcher]))
		return checkLauncher(changed) != nil
	}
	start := slices.IndexFunc(run.trace.calls[launcher], func(line string) bool {
		return strings.HasSuffix(line, fmt.Sprintf("= %d", loader))
	})
	for _, stray := range [][]string{
		{`openat(-100, "/proc/77/oom_score_adj", 0x80001) = 77`, `write(77, "-1000", 5) = 5`},
		{`sethostname("x", 1) = 0`},
		{`setpriority(0, 0, -20) = 0`},
		{`sendto(9, "\1", 1, 0x4000, NULL, 0) = 1`},
		{`unshare(0x20000) = 0`},
		{`mkdirat(-100, "/etc/x", 0700) = 0`},
		{`open_tree(77, "", 0x89001) = 78`, `mount_setattr(78, "", 0x9000, {attr_set=0x100000, attr_clr=0, propagation=0, userns_fd=79}, 32) = 0`},
		{`sendmsg(9, {msg_iov=[{iov_base="\1", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=0x1, cmsg_type=0x1, cmsg_data=[77]}]}, 0x4000) = 1`},
	} {
		if !seen(func(calls []string) []string { return slices.Insert(calls, start, stray...) }) {
			t.Errorf("a stray call is not seen: %q", stray)
		}
	}
	idMap := regexp.MustCompile(`, "0 \d+ 1\\n", `)
	for _, name := range []string{"write(", "setpriority(", "sendto("} {
		if !seen(func(calls []string) []string {
			last := len(run.trace.ofLauncher(launcher)) - 1
			for !strings.HasPrefix(calls[last], name) || name == "write(" && !idMap.MatchString(calls[last]) {
				last--
			}
			return slices.Delete(calls, last, last+1)
		}) {
			t.Errorf("a missing call is not seen: %s)", name)
		}
	}
}

// changeOperand adds to the first number of call i, or to its first string.
func changeOperand(i int) func(calls []string) []string {
	return func(calls []string) []string {
		open := strings.IndexByte(calls[i], '(') + 1
		at := open + strings.IndexAny(calls[i][open:], "0123456789\"")
		more := "7"
		if calls[i][at] == '"' {
			at, more = at+1, "x"
		}
		calls[i] = calls[i][:at] + more + calls[i][at:]
		return calls
	}
}
