package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// serviceActions are the actions by which a service manager and the command
// speak to each other; see newActions.
func serviceActions() []string {
	return []string{
		`make a socket for notifications, for the stage`, `receive the socket for notifications`, `put the socket for notifications on /.*`,
		`pass the command's notifications on to /.*`, `report to /.* when the command runs`, `report to /.* when the command runs, and every .* that it still runs`,
		`pass the manager's sockets [\d, and-]+ \(.*\) to the process, by LISTEN_PID`, `pass the manager's sockets [\d, and-]+`,
	}
}

// serviceCases have, with the examples, every action of [service].
func serviceCases() []conformanceCase {
	says := []string{"systemd-notify", "--ready", "--no-block"}
	const separate = "version = 1\nnamespaces = { user = \"new\", pid = \"new\", mount = \"new\" }\n"
	return []conformanceCase{
		{name: "notify, the host's tree", around: tellable("WATCHDOG_USEC=5000000"), words: says,
			profile: separate + "service = { notify = \"command\" }\n"},
		{name: "notify, a tree", around: tellable(), words: says,
			profile: "version = 1\nnamespaces = \"new\"\nservice = { notify = \"command\" }\n" + systest.System},
		{name: "notify, an idmapped tree", rootOnly: true, around: tellable(), words: says, profile: `version = 1
namespaces = { user = "new", mount = "new" }
service = { notify = "command" }
[idmap]
uid = [{ inside = 0, outside = 100000, count = 65536 }]
gid = [{ inside = 0, outside = 100000, count = 65536 }]
[mounts]
"/mnt" = { rw = "/srv", idmap = "user" }
`},
		{name: "notify, no init", around: tellable(), words: says,
			profile: separate + "service = { notify = \"command\" }\nprocess = { init = false }\n"},
		{name: "notify, the launcher", around: tellable(), profile: "version = 1\nservice = { notify = \"exec\" }\n"},
		{name: "notify, the launcher and often", around: tellable("WATCHDOG_USEC=100000000"), profile: separate + "service = { notify = \"exec\" }\n"},
		{name: "sockets", keep: 2, sockets: []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=web:admin"},
			profile: separate + "service = { listen_fds = true }\n"},
		{name: "sockets, the caller's namespaces", keep: 3, sockets: []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"},
			profile: "version = 1\nservice = { listen_fds = true }\nprocess = { keep_fds = [5] }\n"},
		{name: "sockets, by the profile's words", keep: 1, sockets: []string{"LISTEN_FDS=1"},
			profile: separate + "service = { listen_fds = true }\nenv = { set = { LISTEN_PID = \"7\" } }\n"},
		{name: "credentials", profile: separate + "service = { credentials = true }\nmounts = { tmpfs = [\"/run\"] }\n",
			around: func(t *testing.T, u nstest.User, _ string) []string {
				dir := u.TempDir(t)
				u.WriteFile(t, filepath.Join(dir, "key"), "secret\n")
				return []string{"CREDENTIALS_DIRECTORY=" + dir}
			}},
	}
}

// tellable is a service manager, and what else it says.
func tellable(more ...string) func(t *testing.T, u nstest.User, dir string) []string {
	return func(t *testing.T, u nstest.User, _ string) []string {
		return append([]string{"NOTIFY_SOCKET=" + systest.NewListener(t, u).Address}, more...)
	}
}

// pidWord stands, in a plan, for a string with the process's own id at the end.
const pidWord = "with_pid"

// planPID is of the call that gives the id.
var planPID = regexp.MustCompile(`# ` + pidWord + ` is "LISTEN_PID=" with it at the end$`)

// withPID compares a string that has the process's own id at its end.
func (m matcher) withPID(got operand) error {
	pid, asked := m.regs[pidWord]
	if want := fmt.Sprintf("LISTEN_PID=%d", pid); !asked || got.kind != 's' || got.text != want {
		return fmt.Errorf("%q instead of %q", got.text, want)
	}
	return nil
}

// The process's own id is what getpid gave it.
func TestConformancePID(t *testing.T) {
	const plan = `# 1 launcher: start
clone(child_stack=NULL, flags=CLONE_PARENT)
# 2 command: pass
getpid() # with_pid is "LISTEN_PID=" with it at the end
# 3 command: execute
execve("/x", ["x"], ["A=b", with_pid])
`
	for env, ok := range map[string]bool{`"LISTEN_PID=7"`: true, `"LISTEN_PID=2"`: false, `"LISTEN_PID="`: false, `"LISTEN_FDS=7"`: false, `7`: false} {
		run := conformanceRun{plan: plan, trace: trace{calls: map[int][]string{
			1: {"clone(child_stack=NULL, flags=0x8000) = 2"},
			2: {"getpid() = 7", `execve("/x", ["x"], ["A=b", ` + env + `]) = 0`},
		}}}
		if err := checkConformance(run, false); (err == nil) != ok {
			t.Errorf("with %s: %v", env, err)
		}
	}
}

var (
	receivesSocket = regexp.MustCompile(`^receive the socket for notifications$`)
	// doesNothing is of steps that say what stays as it is.
	doesNothing = regexp.MustCompile(`^(?:leave out .*|stay in the service \S+)$`)
)

// Words for the descriptors of the socket on which the command speaks: the one that
// is read, and the one that is lent.
const (
	madeSocket = "socket"
	lentSocket = "copy of the socket"
)

// socketAct says what a call of the launcher does to make a socket.
func socketAct(c traced, files map[uint64]string) string {
	const datagrams, duplicate = 2 | 0x80000 | 0x800, 0x406 // SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, F_DUPFD_CLOEXEC
	r, err := c.returned()
	number := func(i int) uint64 { return at(c.args, i).number }
	switch {
	case err != nil:
		return err.Error()
	case c.name == "socket" && number(0) == 1 && number(1) == datagrams:
		files[uint64(r.value)] = madeSocket
		return "make a socket"
	case c.name == "socket":
		return c.text
	case number(1) == duplicate && files[number(0)] == madeSocket:
		files[uint64(r.value)] = lentSocket
	}
	return ""
}

// tells is of the steps that the launcher does once the command runs.
var tells = regexp.MustCompile(`^(?:pass the command's notifications on to|report to) (/\S+?)(?: when .*)?$`)

var toldAddress = regexp.MustCompile(`^sendmsg\(.*sun_path="([^"]*)"`)

// checkTelling checks that the launcher tells those something that the plan says, and
// nobody else. It does so in other threads than that of its steps.
func checkTelling(run conformanceRun) error {
	var plan struct{ Steps []struct{ Action string } }
	if err := json.Unmarshal([]byte(run.steps), &plan); err != nil {
		return err
	}
	var want, got []string
	for _, s := range plan.Steps {
		if m := tells.FindStringSubmatch(s.Action); m != nil {
			want = append(want, m[1])
		}
	}
	threads, err := run.trace.launcherThreads()
	if err != nil {
		return err
	}
	for _, thread := range threads {
		for _, line := range run.trace.calls[thread] {
			if m := toldAddress.FindStringSubmatch(line); m != nil && !slices.Contains(got, m[1]) {
				got = append(got, m[1])
			}
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("told %q; want %q", got, want)
	}
	return nil
}

// launcherThreads are the threads of the process that has the launcher's.
func (tr trace) launcherThreads() ([]int, error) {
	thread, _, err := tr.launcher()
	if err != nil {
		return nil, err
	}
	const cloneThread = 0x10000
	siblings := map[int][]int{}
	for pid, calls := range tr.calls {
		for _, line := range calls {
			if !strings.HasPrefix(line, "clone(child_stack=0x") && !strings.HasPrefix(line, "clone3(") {
				continue
			}
			c, err := parseCall(strings.ReplaceAll(line, " => ", ", "))
			if err != nil {
				return nil, err
			}
			flags := max(at(c.args, 1).number, field(at(c.args, 0), "flags").number)
			if r, err := c.returned(); err == nil && r.errno == "" && flags&cloneThread != 0 {
				siblings[pid], siblings[r.pid] = append(siblings[pid], r.pid), append(siblings[r.pid], pid)
			}
		}
	}
	threads := []int{thread}
	for i := 0; i < len(threads); i++ {
		for _, s := range siblings[threads[i]] {
			if !slices.Contains(threads, s) {
				threads = append(threads, s)
			}
		}
	}
	if len(threads) == 1 {
		return nil, errors.New("the launcher has a single thread")
	}
	return threads, nil
}

// The check of the launcher sees a socket that is not made or lent, and words to a manager
// that are missing or to another.
func TestConformanceControlOfTelling(t *testing.T) {
	c := serviceCases()[0]
	run, _ := c.run(t, nstest.Ordinary(t), false)
	if err := checkLauncher(run); err != nil {
		t.Fatal(err)
	}
	threads, err := run.trace.launcherThreads()
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct{ line, with string }{
		{`^socket\(0x1, 0x2\|0x80800, `, ""},
		{`^sendmsg\(.*cmsg_data=`, ""},
		{`^sendmsg\(.*sun_path=`, ""},
		{`^sendmsg\(.*sun_path=`, `sendmsg(9, {msg_name={sa_family=0x1, sun_path="/run/x"}, msg_namelen=9}, 0) = 7`},
		{`^fcntl\(.*, 0x406`, `socket(0x1, 0x2, 0) = 77`},
	} {
		form, met := regexp.MustCompile(change.line), false
		changed := run
		changed.trace.calls = maps.Clone(run.trace.calls)
		for _, thread := range threads {
			i := slices.IndexFunc(run.trace.calls[thread], form.MatchString)
			if i < 0 {
				continue
			}
			met = true
			calls := slices.Clone(run.trace.calls[thread])
			if calls[i] = change.with; change.with == "" {
				calls = slices.Delete(calls, i, i+1)
			}
			changed.trace.calls[thread] = calls
		}
		if !met || checkLauncher(changed) == nil {
			t.Errorf("%s, made %q, is not seen", change.line, change.with)
		}
	}
}
