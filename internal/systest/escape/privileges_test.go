package escape

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// What a command asks of the kernel, each as a line of Python that prints ok or the error's name.
const asks = `
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def ask(name, call):
    try:
        call()
        print(name, "ok")
    except OSError as e:
        print(name, errno.errorcode[e.errno])
def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result
class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("handle", ctypes.c_ubyte * 128)]
def shocker():
    h, mount = Handle(128), ctypes.c_int()
    checked(libc.name_to_handle_at(-100, sys.argv[1].encode(), ctypes.byref(h), ctypes.byref(mount), 0))
    d = os.open(sys.argv[1], os.O_RDONLY)
    checked(libc.open_by_handle_at(d, ctypes.byref(h), os.O_RDONLY))
ask("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
ask("handle", shocker)
ask("mount", lambda: checked(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None)))
ask("cgroup", lambda: checked(libc.mount(b"cgroup", b"/tmp", b"cgroup", 0, b"none,name=nslaunch-test")))
`

// asking is a command that asks.
func asking(t *testing.T, u nstest.User, name string, args ...string) *exec.Cmd {
	t.Helper()
	nstest.Require(t, nstest.File("/usr/bin/python3"))
	dir := u.TempDir(t)
	cmd := u.Command(t, name, append(args, "/usr/bin/python3", "-c", asks, dir)...)
	cmd.Dir = dir
	return cmd
}

// CVE-2020-14386 (a packet socket), "shocker" (a file by its handle) and CVE-2022-0492 (a cgroup's release
// agent) need capabilities that a command of the presets does not have.
func TestPrivilegedCalls(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, preset := range []string{"dev", "npm", "agent", "service"} {
			cmd := asking(t, u, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", "--set", "proc=new", "preset:"+preset)
			if preset == "service" {
				cmd.Args = append(cmd.Args[:len(cmd.Args)-1], "/usr")
			}
			if got, want := nstest.MustRun(t, cmd), "packet EPERM\nhandle EPERM\nmount EPERM\ncgroup EPERM\n"; got != want {
				t.Errorf("%s: %s", preset, got)
			}
		}
		t.Run("without", func(t *testing.T) {
			words := []string{"--mount", "--net", "--cgroup"}
			want := "packet ok\nhandle ok\nmount ok\n"
			if !u.IsRoot() { // over files of the initial user namespace it has no power
				words = append(words, "--user", "--map-root-user")
				want = "packet ok\nhandle EPERM\nmount ok\n"
			}
			if got := nstest.MustRun(t, asking(t, u, "unshare", words...)); !strings.HasPrefix(got, want) {
				t.Errorf("by hand: %s: this is no attack", got)
			}
		})
	})
}

// CVE-2023-25809, CVE-2022-0492: nothing below /sys can be written to, control groups included. There is no
// /sys at all in the presets, and a new one is read-only.
func TestNothingOfSysIsWritable(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		const script = `find /sys -type f -writable 2>/dev/null | head -n 1 | wc -l; ls -d /sys/fs/cgroup/* 2>/dev/null | wc -l`
		for _, words := range [][]string{{"preset:dev"}, {"preset:agent"}, {"preset:service"}, {"--set", "sys=new", "preset:dev"}} {
			args := append([]string{"run", "--set", "process.terminal=none"}, append(words, "sh", "-c", script)...)
			cmd := u.Command(t, nstest.Nslaunch(t), args...)
			if got := nstest.MustRun(t, cmd); got != "0\n0\n" {
				t.Errorf("%q: it sees %q", words, got)
			}
		}
		t.Run("without", func(t *testing.T) {
			if !u.IsRoot() {
				return // she may not write there anyway
			}
			got := nstest.MustRun(t, u.Command(t, nstest.Nslaunch(t), "run", "preset:base", "sh", "-c", script))
			if strings.HasPrefix(got, "0\n") {
				t.Errorf("in the host's tree %q: this is no attack", got)
			}
		})
	})
}

// CVE-2020-15257: an abstract socket of the host is reached by whoever shares its network.
func TestAbstractSockets(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		name := fmt.Sprintf("nslaunch-test-%d-%d", os.Getpid(), u.UID)
		listener, err := net.Listen("unix", "@"+name)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		const dial = `import socket, sys, errno
try:
    socket.socket(socket.AF_UNIX).connect("\0" + sys.argv[1]); print("ok")
except OSError as e: print(errno.errorcode[e.errno])`
		nstest.Require(t, nstest.File("/usr/bin/python3"))
		for preset, want := range map[string]string{"dev": "ECONNREFUSED\n", "npm": "ECONNREFUSED\n", "agent": "ok\n"} { // agent is the control
			cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", "preset:"+preset, "/usr/bin/python3", "-c", dial, name)
			if got := nstest.MustRun(t, cmd); got != want {
				t.Errorf("%s: %s, want %s", preset, got, want)
			}
		}
	})
}

// CVE-2022-29162, CVE-2022-24769: the launcher's inheritable capabilities are not the command's.
func TestInheritableCapabilities(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.Require(t, nstest.Tools("setpriv"))
	given := []string{"--inh-caps", "+net_raw,+chown", "--"}
	show := []string{"grep", "-E", "CapInh|CapAmb", "/proc/self/status"}
	none := "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n"
	for _, words := range [][]string{{"preset:dev"}, {"preset:service"}, {"--new", "user,mount,pid", "--"}} {
		args := append(append(append(given[:3:3], nstest.Nslaunch(t), "run"), words...), show...)
		if got := nstest.MustRun(t, root.Command(t, "setpriv", args...)); got != none {
			t.Errorf("%q: it has\n%s", words, got)
		}
	}
	t.Run("without", func(t *testing.T) {
		if got := nstest.MustRun(t, root.Command(t, "setpriv", append(given[:3:3], show...)...)); got == none {
			t.Error("it has none without nslaunch either: this is no attack")
		}
	})
}
