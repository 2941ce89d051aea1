// Package examples_test runs every example as root and as an ordinary user.
package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// outcome is what an example does: its output, in whole and exactly, or the
// lines that nslaunch says, each with "nslaunch: error: " in front.
type outcome struct {
	status int
	stdout string
	like   *regexp.Regexp // instead of stdout, where the kernel has a say
	errors []string
}

func prints(format string, args ...any) outcome { return outcome{stdout: fmt.Sprintf(format, args...)} }

func printsLike(pattern string) outcome {
	return outcome{like: regexp.MustCompile("^" + pattern + "$")}
}

func refuses(errors ...string) outcome { return outcome{status: 125, errors: errors} }

// onlyLo is what `ip a` prints where there is no other interface than lo, up.
const onlyLo = `1: lo: <LOOPBACK,UP,LOWER_UP> .*\n` +
	`    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n` +
	`    inet 127\.0\.0\.1/8 scope host lo\n` +
	`       valid_lft forever preferred_lft forever\n` +
	`(    inet6 ::1/128 .*\n       valid_lft forever preferred_lft forever\n)?`

// allCaps is CapEff of one who has every capability of this kernel.
func allCaps(t *testing.T) string {
	t.Helper()
	last, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscan(string(last), &n); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%016x", uint64(1)<<(n+1)-1)
}

// outcomes are those of the examples that show all that they have to show by
// themselves. The others have a test of their own: see shownElsewhere.
func outcomes(t *testing.T, u nstest.User) map[string]outcome {
	caps := "CapEff:\t" + allCaps(t) + "\n"
	all := map[string]outcome{
		"hello":      prints("hello from NewNamespace: uid 0, process 2\n"),
		"extends":    prints("hello from child: uid 0, process 2\n"),
		"pid":        prints("    PID COMMAND\n      1 nslaunch-init\n      2 ps\n"),
		"net":        printsLike(onlyLo),
		"user":       prints("euid 0, egid 0\n%s", caps),
		"env":        prints("GREETING=hello\nLANG=C.UTF-8\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"),
		"proc":       prints("0\nread-only\n"),
		"clock":      printsLike(`36[0-5]\d\.\d\d \d+\.\d\d\n`), // a loaded machine takes its time
		"limits":     {status: 124, stdout: "64\n0\n", errors: []string{"the command was ended by limits.timeout"}},
		"idmap-keep": prints("uid 0\n%s", caps),
		"idmap-subid": refuses("idmap-subid.toml:6:1: idmap: root has no subordinate uids in /etc/subuid (add a line to /etc/subuid: root:100000:65536)",
			"idmap-subid.toml:6:1: idmap: root has no subordinate gids in /etc/subgid (add a line to /etc/subgid: root:100000:65536)"),
		"service-user": prints("Uid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534\nGroups:\t \nCapEff:\t0000000000000400\n"),
	}
	if !u.IsRoot() {
		all["idmap-keep"] = prints("uid %d\nCapEff:\t%016x\n", u.UID, 0)
		all["idmap-subid"] = prints("%10d %10d %10d\n", 0, u.SubUIDs[0].Start, u.SubUIDs[0].Count)
		all["service-user"] = refuses(
			fmt.Sprintf("service-user.toml:6:1: process.uid: uid 65534 needs CAP_SETUID, which uid %d does not have here", u.UID),
			fmt.Sprintf("service-user.toml:7:1: process.gid: gid 65534 needs CAP_SETGID, which uid %d does not have here", u.UID),
			fmt.Sprintf("service-user.toml:8:1: process.groups: groups need CAP_SETGID, which uid %d does not have here", u.UID),
			"service-user.toml:9:1: process.capabilities: the caller itself does not have NET_BIND_SERVICE")
	}
	return all
}

// shownElsewhere are the examples that need something around them.
func shownElsewhere() []string {
	return []string{"uts", "ipc", "join", "scope", "limits-unit", "pty",
		// By the tests of internal/systest.
		"notify-service", "socket",
		"idmapped", "mount-propagation", "overlay", "rootfs", "tmpfs-root",
		"mount-private", "mount-slave", "mount-shared", "mount-slave-shared", "mount-unbindable"}
}

// names are those of all examples.
func names(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".toml")
	}
	return files
}

// example is u's `nslaunch NAME.toml` in a copy of this directory.
func example(t *testing.T, u nstest.User, name string, words ...string) *exec.Cmd {
	t.Helper()
	nstest.Require(t, nstest.Tools("ip", "ipcs", "ps"))
	cmd := u.Command(t, nstest.Nslaunch(t), append([]string{name + ".toml"}, words...)...)
	cmd.Dir = u.CopyTree(t, ".")
	return cmd
}

func want(t *testing.T, cmd *exec.Cmd, o outcome) {
	t.Helper()
	got := nstest.Run(t, cmd)
	stderr := ""
	for _, line := range o.errors {
		stderr += "nslaunch: error: " + line + "\n"
	}
	stdout := got.Stdout == o.stdout
	if o.like != nil {
		stdout = o.like.MatchString(got.Stdout)
	}
	if got.Status != o.status || !stdout || got.Stderr != stderr {
		t.Errorf("%s: status %d\n%s%swant status %d\n%s%v%s", strings.Join(cmd.Args[1:], " "),
			got.Status, got.Stdout, got.Stderr, o.status, o.stdout, o.like, stderr)
	}
}

func TestExamples(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		var lines strings.Builder // root has none, and nobody has those that are proposed
		if !u.IsRoot() {
			fmt.Fprintf(&lines, "%s:%d:%d\n", u.Name, u.SubUIDs[0].Start, u.SubUIDs[0].Count)
		}
		outer := nstest.OuterSubIDs(t, lines.String())
		left := nstest.Snapshot(t)
		tested := shownElsewhere()
		for name, o := range outcomes(t, u) {
			tested = append(tested, name)
			t.Run(name, func(t *testing.T) {
				cmd := example(t, u, name)
				if name == "idmap-subid" {
					inside := outer.Command(t, u, cmd.Args[0], cmd.Args[1:]...)
					inside.Dir, cmd = cmd.Dir, inside
				}
				want(t, cmd, o)
			})
		}
		for _, name := range names(t) {
			if !slices.Contains(tested, name) {
				t.Errorf("%s.toml is not run by a test", name)
			}
		}
		nstest.AssertNothingLeft(t, left)
	})
}
