package conformance

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// made is what a launch makes of what costs: descriptors and processes. openat is of the profile, the terminal, the
// thread's children and the command's namespaces.
var made = map[string]int{"memfd_create": 3, "socketpair": 2, "pipe2": 2, "openat": 4, "pidfd_open": 1, "clone": 1}

// ofRuntime are calls that the Go runtime makes for itself, now more, now less, and what sets and reads signals and limits,
// which is much and costs little.
var ofRuntime = []string{"mmap", "munmap", "madvise", "futex", "nanosleep", "sched_yield", "epoll_pwait", "rt_sigaction",
	"rt_sigprocmask", "rt_sigreturn", "sigaltstack", "gettid", "getpid", "tgkill", "restart_syscall", "prctl", "getrlimit", "prlimit64"}

var (
	// What the Go runtime and package time read at their start.
	openedByRuntime = regexp.MustCompile(`^openat\(-100, "(/sys/|/proc/self/(cgroup|mountinfo)|/etc/localtime|/usr/.*zoneinfo)`)
	newThread       = regexp.MustCompile(`^clone\(child_stack=0x.* = (\d+)$`)
)

// ofProcess counts the calls of all threads of a process, less those of the runtime.
func (tr trace) ofProcess(t *testing.T, pid int) map[string]int {
	t.Helper()
	count, threads := map[string]int{}, []int{pid}
	for i := 0; i < len(threads); i++ {
		for _, line := range tr.calls[threads[i]] {
			if m := newThread.FindStringSubmatch(line); m != nil {
				tid, err := strconv.Atoi(m[1])
				if err != nil {
					t.Fatal(err)
				}
				threads = append(threads, tid)
				continue
			}
			if name, _, _ := strings.Cut(line, "("); !slices.Contains(ofRuntime, name) && !openedByRuntime.MatchString(line) {
				count[name]++
			}
		}
	}
	return count
}

// A launcher makes few calls, and no descriptor that it has no use for. What its children do is the plan's, which other tests
// compare.
func TestLauncherMakesFewCalls(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		kinds, most, want := "mount pid uts ipc cgroup", 100, maps.Clone(made)
		if !u.IsRoot() {
			kinds, most = kinds+" user", 130
			want["openat"] = 10
		}
		if nstest.Portable() { // a record, and the binary is copied
			most += 40
			want["openat"] += 8
		}
		dir := u.TempDir(t)
		u.WriteFile(t, filepath.Join(dir, "p.toml"), "version = 1\ncommand = [\"true\"]\n[namespaces]\n"+
			strings.Join(strings.Fields(kinds), " = \"new\"\n")+" = \"new\"\n")
		launch := func() map[string]int {
			traces := filepath.Join(nstest.TempDir(t), "trace")
			words := append(straceWords(t, u, traces, false), nstest.Nslaunch(t), filepath.Join(dir, "p.toml"))
			cmd := nstest.Superuser(t).Command(t, words[0], words[1:]...)
			before := nstest.Snapshot(t)
			if got := nstest.Run(t, cmd); got.Status != 0 {
				t.Fatalf("%+v", got)
			}
			nstest.AssertNothingLeft(t, before) // strace ends after what it traces
			return readTrace(t, traces).ofProcess(t, cmd.Process.Pid)
		}
		got := launch()
		// A command that does not end at once is recorded. On a slow machine that may be any.
		for tries := 0; tries < 20 && got["renameat2"] > 0 && !nstest.Portable(); tries++ {
			got = launch()
		}
		all := 0
		for name, n := range got {
			all += n
			if limit, ok := want[name]; ok && n > limit {
				t.Errorf("%s %d times; want %d", name, n, limit)
			}
		}
		if all > most || got["execve"] == 0 {
			t.Errorf("%d calls; want at most %d: %v", all, most, got)
		}
	})
}
