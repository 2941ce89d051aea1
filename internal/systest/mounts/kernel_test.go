package mounts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A minimal /dev has these and no others, and they work.
func TestMinimalDev(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		const script = `cd /dev; echo *; stat -c '%n %F %t:%T' null zero full random urandom tty
for l in fd stdin stdout stderr ptmx; do readlink $l; done
stat -c '%a %F %n' pts shm pts/ptmx .
echo x > null; head -c 3 zero | wc -c; { echo x > full; } 2>/dev/null || echo full; head -c 3 urandom | wc -c; head -c 3 random | wc -c
(: < tty) 2>/dev/null || echo no terminal
echo x | cat /dev/stdin; ls fd | head -3; echo x > shm/x && cat shm/x
exec 3<> ptmx; ls pts; stat -c %t pts/0`
		const want = `fd full null ptmx pts random shm stderr stdin stdout tty urandom zero
null character special file 1:3
zero character special file 1:5
full character special file 1:7
random character special file 1:8
urandom character special file 1:9
tty character special file 5:0
/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2
pts/ptmx
755 directory pts
1777 directory shm
666 character special file pts/ptmx
755 directory .
3
full
3
3
no terminal
x
0
1
2
x
0
ptmx
88
`
		for _, rest := range []string{"dev = \"minimal\"", systest.System, "root = { readonly = true }\ndev = \"minimal\"", "root = { overlay = \"tmpfs\" }\ndev = \"minimal\""} {
			systest.WantInside(t, u, systest.OwnTree(u, rest), script, want)
		}
	})
}

// What the host has in /dev, and in /sys.
func TestHostDevSys(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		devices, err := filepath.Glob("/dev/*")
		if err != nil {
			t.Fatal(err)
		}
		classes, err := filepath.Glob("/sys/class/*")
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(devices)
		slices.Sort(classes)
		small := strings.Replace(systest.System, `dev = "minimal"`, `dev = "host"`+"\nsys = \"host\"", 1)
		for _, rest := range []string{"dev = \"host\"\nsys = \"host\"", small, "dev = \"host\"\nsys = \"host\"\nroot = { overlay = \"tmpfs\" }"} {
			systest.WantInside(t, u, systest.OwnTree(u, rest), "echo /dev/* | tr ' ' '\\n'; echo /sys/class/* | tr ' ' '\\n'; echo x > /dev/null; ls /sys/class/net | grep -c eth0",
				strings.Join(devices, "\n")+"\n"+strings.Join(classes, "\n")+"\n"+countOf("/sys/class/net/eth0"))
		}
	})
}

func countOf(path string) string {
	if _, err := os.Stat(path); err != nil {
		return "0\n"
	}
	return "1\n"
}

// A sysfs of the sandbox's own is that of its net namespace, and read-only.
func TestNewSys(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, rest := range []string{"sys = \"new\"", "sys = \"new\"\n" + systest.System, "sys = \"new\"\nroot = { readonly = true }", systest.System + `"/sys" = { type = "sysfs" }`} {
			systest.WantInside(t, u, systest.OwnTree(u, rest), "ls /sys/class/net; { echo 1 > /sys/class/net/lo/mtu; } 2>/dev/null || echo read-only; test -d /sys/kernel && echo there",
				"lo\nread-only\nthere\n")
		}
		systest.WantInside(t, u, systest.OwnTree(u, "sys = \"none\""), "ls -A /sys; mkdir /sys/x 2>/dev/null || echo read-only; stat -c %a /sys", "read-only\n555\n")
	})
}

// Each file system of the kernel's that is a type of [mounts].
func TestKernelTypes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		root := systest.RootFiles(t, u)
		for _, test := range []struct{ rest, entry, script, want string }{
			{systest.System, `"/proc" = { type = "proc" }`, `echo $$; stat -f -c %T /proc; cat /proc/1/comm`, "2\nproc\nnslaunch-init\n"},
			{"proc = \"none\"\n" + systest.System, `"/other/proc" = { type = "proc" }`, `ls /proc; cat /other/proc/1/comm`, "nslaunch-init\n"},
			{systest.System, `"/a/mq" = { type = "mqueue" }`, `stat -f -c %t /a/mq; touch /a/mq/queue && ls /a/mq`, "19800202\nqueue\n"},
			{systest.System, `"/a/pts" = { type = "devpts", mode = "0600" }`, `ls /a/pts; grep ' /a/pts ' /proc/self/mountinfo | grep -o 'mode=600'`, "ptmx\nmode=600\n"},
			{systest.System, `"/a/cg" = { type = "cgroup2" }`, `grep -c '^1$' /a/cg/cgroup.procs; mkdir /a/cg/x 2>/dev/null || echo read-only`, "1\nread-only\n"},
			{"sys = \"new\"\n" + systest.System, `"/sys/fs/cgroup" = { type = "cgroup2" }`, `test -e /sys/fs/cgroup/cgroup.procs && echo there`, "there\n"},
			{systest.System, "\"/sys\" = { type = \"sysfs\" }\n\"/sys/fs/cgroup\" = { type = \"cgroup2\" }", `test -e /sys/fs/cgroup/cgroup.procs && echo there`, "there\n"},
			{fmt.Sprintf("sys = \"new\"\nroot = %q\ndev = \"minimal\"\n%s", root, systest.Programs), `"/sys/fs/cgroup" = { type = "cgroup2" }`, `test -e /sys/fs/cgroup/cgroup.procs && echo there`, "there\n"},
			{systest.System, `"/dev/mqueue" = { type = "mqueue" }`, `stat -f -c %t /dev/mqueue`, "19800202\n"},
			{systest.System, `"/dev/shm" = { type = "tmpfs", size = "4K" }`, `stat -f -c %b /dev/shm; stat -c %a /dev/shm`, "1\n1777\n"},
			{systest.System, `"/dev/pts" = { type = "devpts", mode = "0600" }`, `grep ' /dev/pts ' /proc/self/mountinfo | tail -1 | grep -o 'mode=600'`, "mode=600\n"},
			{systest.System, `"/dev/shm/deep/er" = { type = "tmpfs" }`, `stat -c %a /dev/shm/deep /dev/shm/deep/er`, "755\n755\n"},
		} {
			profile := systest.OwnTree(u, test.rest+test.entry)
			systest.WantInside(t, u, profile, test.script, test.want)
		}
		// Nothing can be mounted on what the kernel shows, or on a file.
		for entry, want := range map[string]string{
			`"/a/mq/x" = { type = "tmpfs" }`:     `nothing can be mounted below /a/mq`,
			`"/a/pts/x" = { type = "tmpfs" }`:    `nothing can be mounted below /a/pts`,
			`"/a/none/x" = { type = "dir" }`:     `"/a/none/x" cannot be made: not a directory`,
			`"/a/mq/y" = { type = "dir" }`:       `nothing can be made below /a/mq`,
			`"/dev/pts/x" = { ro = "/usr" }`:     `nothing can be mounted below /dev/pts`,
			`"/dev/null" = { type = "tmpfs" }`:   `a directory can only be mounted on a directory, and "/dev/null" is a file (choose a directory as the target)`,
			`"/dev/null/x" = { type = "tmpfs" }`: `nothing can be mounted on "/dev/null/x": not a directory`,
			`"/dev/fd/x" = { type = "tmpfs" }`:   `/dev/fd/x leads to /proc/self/fd/x inside: nothing can be mounted below /proc`,
		} {
			target := strings.Split(entry, " ")[0]
			entries := "\"/a/mq\" = { type = \"mqueue\" }\n\"/a/pts\" = { type = \"devpts\" }\n\"/a/none\" = { ro = \"/etc/passwd\" }\n"
			systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, systest.System+entries+entry), "true"), fmt.Sprintf("p.toml:10:1: mounts.%s: %s", target, want))
		}
	})
}

// A caller with a terminal has it as the sandbox's console, too; and a terminal of the command's own is one,
// also where none of the caller's streams is a terminal.
func TestConsole(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		const script = "stat -c %t /dev/console; tty; echo to the console > /dev/console"
		for _, rest := range []string{"dev = \"minimal\"", "dev = \"minimal\"\nprocess.terminal = \"pty\""} {
			term := u.StartTerminal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, rest), "sh", "-c", script))
			for _, text := range []string{"88\r\n", "/dev/console\r\n", "to the console\r\n"} {
				term.Expect(text)
			}
			if got := term.Wait(); got.Status != 0 {
				t.Errorf("%s: ended with %+v", rest, got)
			}
		}
		systest.WantInside(t, u, systest.OwnTree(u, "dev = \"minimal\""), "test -e /dev/console || echo none", "none\n")
		systest.WantInside(t, u, systest.OwnTree(u, "dev = \"minimal\"\nprocess.terminal = \"pty\""), script, "88\nnot a tty\n")
	})
}
