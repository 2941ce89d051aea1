package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// (a) The host name is NewNamespace inside, and outside it is what it was.
func TestUTS(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		before := nstest.MustRun(t, u.Command(t, "hostname"))
		if before == "NewNamespace\n" {
			t.Fatal("that is this machine's name, too")
		}
		want(t, example(t, u, "uts"), prints("NewNamespace\n"))
		if after := nstest.MustRun(t, u.Command(t, "hostname")); after != before {
			t.Errorf("the machine is called %q now; want %q", after, before)
		}
	})
}

// (b) A message queue that was made outside is listed there and not inside.
func TestIPC(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.Require(t, nstest.Tools("ipcmk", "ipcrm"))
		made := nstest.MustRun(t, u.Command(t, "ipcmk", "-Q"))
		id := regexp.MustCompile(`\d+\n$`).FindString(made)
		if id == "" {
			t.Fatalf("ipcmk printed %q", made)
		}
		id = strings.TrimSpace(id)
		defer func() { nstest.MustRun(t, u.Command(t, "ipcrm", "-q", id)) }()
		listed := regexp.MustCompile(`(?m)^0x[0-9a-f]+ +` + id + ` `)
		if outside := nstest.MustRun(t, u.Command(t, "ipcs", "-q")); !listed.MatchString(outside) {
			t.Errorf("queue %s is not listed outside:\n%s", id, outside)
		}
		want(t, example(t, u, "ipc"), printsLike(`\n-+ Message Queues -+\nkey +msqid +owner +perms +used-bytes +messages *\n\n`))
	})
}

// (c) What ps shows is in TestExamples. The host's /proc is untouched, also where
// all mounts are shared.
func TestPIDLeavesProc(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := nstest.OuterShared(t)
		look := func() string {
			t.Helper()
			return fmt.Sprint(nstest.MustRun(t, outer.Command(t, u, "sh", "-c", "stat -c '%d %i' /proc /proc/1 /proc/sys")), outer.Mounts(t))
		}
		before := look()
		cmd := outer.Command(t, u, nstest.Nslaunch(t), "pid.toml")
		cmd.Dir = u.CopyTree(t, ".")
		want(t, cmd, outcomes(t, u)["pid"])
		if after := look(); after != before {
			t.Errorf("outside is now\n%s\nit was\n%s", after, before)
		}
	})
}

// (d) What passes in and out, by each kind of propagation. An ordinary user is
// given a mount namespace by nslaunch itself.
func TestMount(t *testing.T) {
	const table = `profile              passes in  passes out  can be bound
mount-private        no         no          yes
mount-slave          yes        no          yes
mount-shared         yes        yes         yes
mount-slave-shared   yes        no          yes
mount-unbindable     no         no          no
`
	script := []string{"./mount.sh"}
	for _, kind := range mountprop.All() {
		script = append(script, "mount-"+strings.ReplaceAll(string(kind), "+", "-")+".toml")
	}
	run := func(t *testing.T, cmd *exec.Cmd, u nstest.User) {
		t.Helper()
		cmd.Dir = u.CopyTree(t, ".")
		if err := os.Symlink(nstest.Nslaunch(t), filepath.Join(cmd.Dir, "nslaunch")); err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "PATH="+cmd.Dir+":/usr/bin:/bin")
		want(t, cmd, prints(table))
	}
	t.Run("root", func(t *testing.T) {
		u := nstest.Superuser(t)
		run(t, nstest.OuterShared(t).Command(t, u, script[0], script[1:]...), u)
		run(t, u.Command(t, nstest.Nslaunch(t), append([]string{"run", "--new", "mount", "--propagation", "shared", "--setenv", "PATH", "--"}, script...)...), u)
	})
	t.Run("user", func(t *testing.T) {
		u := nstest.Ordinary(t)
		run(t, u.Command(t, nstest.Nslaunch(t), append([]string{"run", "--new", "user,mount", "--propagation", "slave+shared", "--setenv", "PATH", "--"}, script...)...), u)
		want(t, example(t, u, "mount-shared"), refuses(fmt.Sprintf(
			"mount-shared.toml:5:16: namespaces.mount: a new mount namespace needs CAP_SYS_ADMIN, which uid %d does not have here (add a user namespace: namespaces = { mount = \"new\", user = \"new\" })", u.UID)))
	})
}

// (e) The host's interfaces are unchanged, and a command in a network namespace
// is found, and its namespace entered.
func TestNet(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		before := nstest.MustRun(t, u.Command(t, "ip", "-brief", "address"))
		want(t, example(t, u, "net"), outcomes(t, u)["net"])
		if after := nstest.MustRun(t, u.Command(t, "ip", "-brief", "address")); after != before {
			t.Errorf("the host's interfaces are\n%s\nthey were\n%s", after, before)
		}

		kinds, joined := "net", []string{"net"}
		if !u.IsRoot() {
			got := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", "--new", "net", "--", "true"))
			if note := fmt.Sprintf("nslaunch: note: uid %d needs a user namespace for --new net, and is root in it (add -r to hide this note, or -c to keep your ids)\n", u.UID); got.Status != 0 || got.Stderr != note {
				t.Errorf("%+v; want the note\n%s", got, note)
			}
			kinds, joined = "user,net", []string{"user", "net"}
		}
		sleep := u.Command(t, nstest.Nslaunch(t), "run", "--new", kinds, "--", "sleep", "60")
		if err := sleep.Start(); err != nil {
			t.Fatal(err)
		}
		end := sync.OnceFunc(func() {
			_ = sleep.Process.Signal(os.Interrupt)
			_ = sleep.Wait()
		})
		defer end()
		pid := findSleep(t, u, sleep.Process.Pid)
		args := []string{"run"}
		for _, kind := range joined {
			args = append(args, "--join", kind+"=pid:"+pid)
		}
		want(t, u.Command(t, nstest.Nslaunch(t), append(args, "--", "ip", "a")...), printsLike(onlyLo))
		inside := nstest.MustRun(t, u.Command(t, nstest.Nslaunch(t), append(args, "--", "readlink", "/proc/self/ns/net")...))
		if own, err := os.Readlink(filepath.Join("/proc", pid, "ns/net")); err != nil || inside != own+"\n" {
			t.Errorf("joined %s; want %s, %v", inside, own, err)
		}
		end()
		want(t, u.Command(t, nstest.Nslaunch(t), "run", "--join", "net=pid:"+pid, "--", "ip", "a"),
			refuses(fmt.Sprintf("--join: namespaces.net: there is no process %s", pid)))
	})
}

// findSleep returns the pid that `nslaunch ns` tells of the sleep that the process
// launcher runs, once it does.
func findSleep(t *testing.T, u nstest.User, launcher int) string {
	t.Helper()
	line := regexp.MustCompile(`(?m)^ *(\d+)  sleep 60$`)
	for range 2000 {
		for _, found := range line.FindAllStringSubmatch(nstest.MustRun(t, u.Command(t, nstest.Nslaunch(t), "ns", "--list", "--type", "net", "--output", "PID,COMMAND")), -1) {
			status, _ := os.ReadFile("/proc/" + found[1] + "/status")
			if strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", launcher)) {
				return found[1]
			}
		}
	}
	t.Fatal("nslaunch ns does not show it")
	return ""
}

// (f) With uid 1000 outside, root inside with all capabilities.
func TestUser(t *testing.T) {
	nstest.Require(t, nstest.Root())
	u := nstest.User{Name: "1000", UID: 1000, GID: 1000, Home: "/"}
	want(t, example(t, u, "user"), prints("euid 0, egid 0\nCapEff:\t%s\n", allCaps(t)))
	want(t, example(t, u, "user", "sh", "-c", "cat /proc/self/uid_map /proc/self/gid_map"),
		prints("         0       1000          1\n         0       1000          1\n"))
}

// A namespace that has a name, as `ip netns add` gives it.
func TestJoin(t *testing.T) {
	outer := nstest.NewOuter(t, mountprop.Private)
	root := nstest.Superuser(t)
	file := root.WriteFile(t, filepath.Join(nstest.TempDir(t), "blue"), "")
	nstest.MustRun(t, outer.Command(t, root, "unshare", "--net="+file, "ip", "link", "set", "lo", "up"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		cmd := outer.Command(t, u, nstest.Nslaunch(t), "join.toml")
		cmd.Dir = u.CopyTree(t, ".")
		want(t, cmd, refuses("join.toml:5:22: namespaces.net: environment variable NETNS is not set (${env:NETNS:-default} gives a default)"))

		cmd = outer.Command(t, u, nstest.Nslaunch(t), "join.toml")
		cmd.Dir = u.CopyTree(t, ".")
		cmd.Env = append(cmd.Env, "NETNS="+file)
		o := printsLike(onlyLo)
		if !u.IsRoot() {
			o = refuses(fmt.Sprintf("join.toml:5:16: namespaces.net: joining a namespace needs CAP_SYS_ADMIN, which uid %d does not have here (run nslaunch as root)", u.UID))
		}
		want(t, cmd, o)
	})
}

// The command's terminal is another one than the caller's, and what is redirected stays as it is.
func TestPTY(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		left := nstest.Snapshot(t)
		t.Run("terminal", func(t *testing.T) {
			term := u.StartTerminal(t, example(t, u, "pty"))
			if got := term.Wait(); got.Status != 0 || !regexp.MustCompile(`^/dev/pts/\d+\r\n$`).MatchString(got.Stdout) {
				t.Errorf("on a terminal, %+v", got)
			}
		})
		t.Run("redirected", func(t *testing.T) {
			want(t, example(t, u, "pty"), outcome{status: 1, stdout: "not a tty\n"})
		})
		nstest.AssertNothingLeft(t, left)
	})
}
