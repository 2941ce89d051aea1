package diagnose

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// A limit of open files that is too low for the set-up.
func TestDiagnoseDescriptors(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		trouble{
			profile: everything,
			around:  within(nothingAmiss, "prlimit", "--nofile=10"),
			want: `p.toml:2:1: namespaces: step #, ` + newEverything + `: EMFILE
  nslaunch may open 10 files (RLIMIT_NOFILE), and the set-up needs more
  try: raise the hard limit (ulimit -Hn, LimitNOFILE= of a unit), or close some that it inherits`,
		}.check(t, u)
	})
}

// sweep runs nslaunch under every limit of processes down to one that not even
// its Go runtime can do with. Where exactly a limit is met changes from run to
// run: it counts the threads of the runtimes. But it is met as want says, some
// time, and with no other words.
func sweep(t *testing.T, limited func(n int) *exec.Cmd, limit, cure string) {
	t.Helper()
	before := nstest.Snapshot(t)
	refused := regexp.MustCompile(`(?s)^nslaunch: error: p\.toml:2:1: (namespaces|process\.init): step \d+, [^\n]*: EAGAIN\n(.*)$`)
	unborn := regexp.MustCompile(`(?s)\nnslaunch: error: p\.toml:2:1: namespaces: step \d+, [^\n]*: the child could not start\n  its Go runtime found too few processes or too little memory; (.*)$`)
	seen, unbornSeen, worked := 0, 0, 0
	for range 5 {
		for n := 16; n >= 5; n-- {
			cmd := limited(n)
			nstest.Superuser(t).WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), everything)
			got := nstest.Run(t, cmd)
			want := fmt.Sprintf("most likely a limit is reached: "+limit+"\n  try: "+cure+"\n", n)
			switch words, lost := refused.FindStringSubmatch(got.Stderr), unborn.FindStringSubmatch(got.Stderr); {
			case got.Status == 0 && got.Stderr == "":
				worked++
			case got.Status == systest.StatusSetup && words != nil && words[2] == "  "+want:
				seen++
			case got.Status == systest.StatusSetup && lost != nil && lost[1] == want:
				unbornSeen++
			case got.Status == 2 && strings.Contains(got.Stderr, "newosproc"):
				// The launcher's own runtime: nothing of nslaunch runs then.
			default:
				t.Fatalf("at %d: got %+v; want\n%s", n, got, want)
			}
		}
		if seen > 0 && worked > 0 && (unbornSeen > 0 || !nstest.Portable()) {
			break
		}
	}
	// Only the portable image has a runtime of its own.
	if seen == 0 || worked == 0 || unbornSeen == 0 && nstest.Portable() {
		t.Errorf("the limit was met %d times, by a child's runtime %d times, and not met %d times", seen, unbornSeen, worked)
	}
	nstest.AssertNothingLeft(t, before)
}

// ofOurOwn is a user whom nobody else runs as: what counts per user, on all the
// machine, is ours alone. Another run of the tests may have our pid, in a pid namespace of its own.
func ofOurOwn(t *testing.T) nstest.User {
	t.Helper()
	u := nstest.Bare(t)
	u.UID = 1<<30 + rand.IntN(1<<29)
	return u
}

func TestDiagnoseProcessLimit(t *testing.T) {
	u := ofOurOwn(t)
	sweep(t, func(n int) *exec.Cmd {
		return u.Command(t, "prlimit", fmt.Sprintf("--nproc=%d", n), nstest.Nslaunch(t), "p.toml")
	}, fmt.Sprintf("uid %d may have %%d processes and threads (RLIMIT_NPROC)", u.UID),
		"raise it (ulimit -u, LimitNPROC= of a unit), or end some of them")
}

func TestDiagnoseProcessesOfCgroup(t *testing.T) {
	u := nstest.Superuser(t)
	var dir string
	nstest.Require(t, nstest.NewCondition("a pids controller", func() error {
		for _, parent := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} {
			var err error
			if dir, err = os.MkdirTemp(parent, "diagnose-"); err != nil {
				continue
			}
			if _, err := os.Stat(dir + "/pids.max"); err == nil {
				return nil
			}
			if err := os.Remove(dir); err != nil {
				return err
			}
		}
		return errors.New("no cgroup with pids.max can be made")
	}))
	t.Cleanup(func() {
		for range 1000 { // the last process of it may still be ending
			err := os.Remove(dir)
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Errorf("%s cannot be removed", dir)
	})
	sweep(t, func(n int) *exec.Cmd {
		if err := os.WriteFile(dir+"/pids.max", []byte(strconv.Itoa(n)), 0); err != nil {
			t.Fatal(err)
		}
		return u.Command(t, "sh", "-c", "echo $$ > $0/cgroup.procs && exec \"$@\"", dir, nstest.Nslaunch(t), "p.toml")
	}, "the cgroup /"+filepath.Base(dir)+" may have %d processes and threads (pids.max)",
		"raise it (TasksMax= of its unit, --pids-limit of its container), or end some of them")
}

// A user who has more processes already than the command may have.
func TestDiagnoseProcessesAtExec(t *testing.T) {
	u, root := nstest.Ordinary(t), nstest.Superuser(t)
	sleep := u.Command(t, "sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = sleep.Process.Kill()
		_ = sleep.Wait()
	}()
	trouble{
		profile: fmt.Sprintf("version = 1\nnamespaces = { uts = \"new\" }\ncommand = [\"true\"]\nprocess = { uid = %d }\n[limits]\nrlimits = { nproc = 0 }\n", u.UID),
		status:  126,
		want: fmt.Sprintf(`p.toml:6:13: limits.rlimits.nproc: step #, execute true with LANG PATH TERM: EAGAIN
  uid %d has more processes than the limit, 0: processes outside of the sandbox count too
  try: rlimits = { nproc = %s } in [limits], or run the command with an id that nobody else has`, u.UID, hardLimit(t, unix.RLIMIT_NPROC)),
	}.check(t, root)
}

// hardLimit is a limit of this process as a profile has it.
func hardLimit(t *testing.T, resource int) string {
	t.Helper()
	var l unix.Rlimit
	if err := unix.Getrlimit(resource, &l); err != nil {
		t.Fatal(err)
	}
	if l.Max == ^uint64(0) {
		return `"infinity"`
	}
	return strconv.FormatUint(l.Max, 10)
}

// Arguments and variables that are too long.
func TestDiagnoseTooLong(t *testing.T) {
	u := nstest.Ordinary(t)
	page := os.Getpagesize()
	long := strings.Repeat("x", 32*page)
	const profile = "version = 1\nnamespaces = { user = \"new\" }\n"
	many := strings.Repeat(`"1234567", `, 10000)
	manyShort := strings.TrimSuffix(strings.Repeat("1234567 ", 10000), " ")
	for _, test := range []struct{ name, rest, place, action, want string }{
		{"argument", fmt.Sprintf("command = [\"true\", %q]\n", long), "3:1: command", "execute true " + long,
			fmt.Sprintf("argument 1 has %d bytes, and the kernel accepts at most %d\n  try: pass it in a file", 32*page, 32*page-1)},
		{"variable", fmt.Sprintf("command = [\"true\"]\nenv = { set = { LONG = %q } }\n", long), "4:1: env", "execute true with LANG LONG PATH TERM",
			fmt.Sprintf("the variable LONG has %d bytes, and the kernel accepts at most %d\n  try: leave it out of env.inherit and env.set", 32*page+5, 32*page-1)},
		{"all", fmt.Sprintf("command = [\"true\", %s]\nlimits = { rlimits = { stack = %d } }\n", many, page), "3:1: command", "execute true " + manyShort,
			fmt.Sprintf("the arguments and the environment, 10004 strings, have <SUM> bytes, and with a stack limit of %d the kernel accepts %[1]d\n  try: pass fewer of them, or limits = { rlimits = { stack = %s } }", page, hardLimit(t, unix.RLIMIT_STACK))},
		{"address space", fmt.Sprintf("command = [\"true\", %s]\nlimits = { rlimits = { as = %d } }\n", many, page), "4:24: limits.rlimits.as", "execute true " + manyShort,
			fmt.Sprintf("the arguments and the environment, 10004 strings, have <SUM> bytes, and with a limit of address space of %d that is too much\n  try: limits = { rlimits = { as = %s } }", page, hardLimit(t, unix.RLIMIT_AS))},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := u.Command(t, nstest.Nslaunch(t), "p.toml")
			u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile+test.rest)
			got := nstest.Run(t, cmd)
			action := test.action
			if len(action) > 240 {
				action = action[:240] + "…"
			}
			want := "nslaunch: error: p.toml:" + test.place + ": step #, " + action + ": E2BIG\n  " + test.want + "\n"
			text := regexp.MustCompile(`have \d+ bytes`).ReplaceAllString(unnumbered(got.Stderr), "have <SUM> bytes")
			if text != want || got.Status != 126 {
				t.Errorf("got status %d and\n%swant\n%s", got.Status, text, want)
			}
		})
	}
}

// without drops a capability from root's.
func without(capability string) surroundings {
	return within(nothingAmiss, "capsh", "--drop="+capability, "--", "-c", `exec "$@"`, "sh")
}

// What needs a privilege that the caller does not have.
func TestDiagnosePrivileges(t *testing.T) {
	text, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		t.Fatal(err)
	}
	score, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		around := func(capability string) surroundings {
			if u.IsRoot() {
				return without(capability)
			}
			return nothingAmiss
		}
		t.Run("oom_score_adj", func(t *testing.T) {
			trouble{
				profile: fmt.Sprintf("%scommand = [\"true\"]\n[process]\noom_score_adj = %d\n", systest.NewUserProfile, score-1),
				around:  around("cap_sys_resource"),
				want: fmt.Sprintf(`p.toml:5:1: process.oom_score_adj: step #, set oom_score_adj %d: EACCES
  a value below the caller's own, %d, needs CAP_SYS_RESOURCE, which uid %d does not have here
  try: oom_score_adj = %[2]d in [process] or above, or OOMScoreAdjust= of the unit that starts nslaunch`, score-1, score, u.UID),
			}.check(t, u)
		})
		t.Run("nice", func(t *testing.T) {
			lowest := nstest.Nicer(3)
			trouble{
				profile: systest.NewUserProfile + "command = [\"true\"]\n[process]\nnice = " + strconv.Itoa(lowest-1) + "\n",
				around:  within(around("cap_sys_nice"), "prlimit", "--nice=0", "nice", "-n", "3"),
				want: fmt.Sprintf(`p.toml:5:1: process.nice: step #, set the nice value %d: EACCES
  a nice value below %d needs CAP_SYS_NICE, which uid %d does not have here
  try: nice = %[2]d in [process] or above, or raise the limit for nslaunch (ulimit -e, LimitNICE= of a unit)`, lowest-1, lowest, u.UID),
			}.check(t, u)
		})
		t.Run("rlimit", func(t *testing.T) {
			trouble{
				profile: systest.NewUserProfile + "command = [\"true\"]\nlimits = { rlimits = { core = 4096 } }\n",
				around:  within(around("cap_sys_resource"), "prlimit", "--core=0"),
				want: fmt.Sprintf("p.toml:4:24: limits.rlimits.core: the hard limit is 0, and raising it needs CAP_SYS_RESOURCE, which uid %d does not have here"+
					" (raise it for nslaunch: sudo prlimit --pid $$ --core=4096, or LimitCORE= of its unit)", u.UID),
			}.check(t, u)
		})
	})
}

// A user whose quota of keys is used up: the limit on their number is the
// lowest there is.
func TestDiagnoseKeyQuota(t *testing.T) {
	systest.BecomePrepared(t, func() error {
		if _, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0); err != nil {
			return err
		}
		// Keys of a process that has ended are counted until the kernel collects them.
		for i, full := 0, 0; full < 100; i++ {
			switch _, err := unix.AddKey("user", strconv.Itoa(i), []byte{0}, unix.KEY_SPEC_SESSION_KEYRING); err {
			case nil:
				full = 0
			case unix.EDQUOT:
				full++
				time.Sleep(10 * time.Millisecond)
			default:
				return err
			}
		}
		return nil
	})
	u := ofOurOwn(t)
	trouble{
		profile: "version = 1\nnamespaces = { user = \"new\" }\ncommand = [\"true\"]\n",
		around:  systest.Prepared,
		want: `p.toml:3:1: command: step #, join a new session keyring: EDQUOT
  the user's quota of keys is used up (kernel.keys.maxkeys, kernel.keys.maxbytes; /proc/key-users shows the use)
  try: end sessions that hold keys, or as root: raise the quota with sysctl`,
	}.check(t, u)
}

func TestDiagnosePTY(t *testing.T) {
	const inherit = `, or process.terminal = "none"`
	const devpts = "mount -t tmpfs none /dev; mkdir /dev/pts; ln -s pts/ptmx /dev/ptmx; mount -t devpts -o newinstance,"
	missing := "ENOENT\n  there is no /dev/ptmx here that can create pseudoterminals\n  try: mount -t devpts devpts /dev/pts and link /dev/ptmx to pts/ptmx" + inherit
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct {
			name   string
			around surroundings
			want   string
		}{
			{"missing", mountedAfter("mount -t tmpfs none /dev"), missing},
			{"a file", mountedAfter("mount -t tmpfs none /dev; touch /dev/ptmx; chmod 666 /dev/ptmx"), strings.Replace(missing, "ENOENT", "ENOTTY", 1)},
			{"not ours", mountedAfter(devpts + "ptmxmode=000 none /dev/pts"),
				fmt.Sprintf("EACCES\n  uid %d may not open /dev/ptmx\n  try: chmod 666 /dev/ptmx (of /dev/pts/ptmx: the mount option ptmxmode=666)", u.UID) + inherit},
			{"all in use", within(mountedAfter(devpts+"max=1,ptmxmode=666 none /dev/pts; mknod -m 666 /dev/null c 1 3"), "sh", "-c", `exec 9<>/dev/ptmx; exec "$@"`, "sh"),
				"ENOSPC\n  as many pseudoterminals are in use as kernel.pty.max, or the mount option max of devpts, allows\n  try: close some" + inherit},
		} {
			if u.IsRoot() && test.name == "not ours" {
				continue
			}
			t.Run(test.name, func(t *testing.T) {
				trouble{
					profile: systest.NewUserProfile + "command = [\"true\"]\nprocess.terminal = \"pty\"\n",
					around:  test.around,
					want:    "p.toml:4:9: process.terminal: step #, open a pseudoterminal: " + test.want,
				}.check(t, u)
			})
		}
	})
}

// A pid namespace in which nothing is executed from memory: root cannot, an
// ordinary user does not need to.
func TestDiagnoseMemfd(t *testing.T) {
	nstest.Require(t, nstest.File("/proc/sys/vm/memfd_noexec"))
	u, root := nstest.Ordinary(t), nstest.Superuser(t)
	const forbid = `echo 2 > /proc/sys/vm/memfd_noexec; exec "$@"`
	outside := []string{"unshare", "-pf", "--mount-proc", "--kill-child", "sh", "-c", forbid, "sh"}
	image := ", by the portable image: vm.memfd_noexec"
	if nstest.Portable() { // it is asked for
		image = ""
	}
	trouble{
		profile: everything,
		around:  within(nothingAmiss, outside...),
		want: `p.toml:2:1: namespaces: step #, ` + newEverything + image + `: EACCES
  vm.memfd_noexec is 2, and as root nslaunch starts its child from a sealed copy of itself in memory
  try: sysctl vm.memfd_noexec=1, or run nslaunch as an ordinary user`,
	}.check(t, root)
	become := []string{"setpriv", fmt.Sprintf("--reuid=%d", u.UID), fmt.Sprintf("--regid=%d", u.GID), "--clear-groups"}
	cmd := within(within(nothingAmiss, outside...), become...)(t, root, nstest.Nslaunch(t), "run", "--new", "user,uts", "--", "echo", "done")
	if got := nstest.MustRun(t, cmd); got != "done\n" {
		t.Errorf("the user's sandbox printed %q", got)
	}
}
