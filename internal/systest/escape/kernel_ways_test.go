package escape

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// restrictedHead is of sandboxes in which the command has the host's ids.
const restrictedHead = "namespaces = { mount = \"new\", pid = \"new\" }\n"

// kernelRules are the words of a profile with restrict.kernel as a key says; the last one is the control.
func kernelRules() []string {
	return []string{"", "restrict.kernel = true\n", "restrict.kernel = false\n"}
}

// A service manager passes descriptors, too, and one may be a directory: of a FileDescriptorStoreMax=, or of who
// starts nslaunch in its place. That leads past the covers, so they are none, and true is an error.
func TestRestrictKernelListenFDs(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.CheckNothingLeft(t)
	dir, err := os.Open("/proc/sys/kernel")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	const attack = `f=/proc/self/fd/3/core_pattern; v=$(cat $f 2>/dev/null) && (echo "$v" >$f) 2>/dev/null && echo written; true`
	for _, listen := range []bool{true, false} {
		for _, kernel := range kernelRules() {
			profile := "version = 1\n" + kernel + restrictedHead + "process.capabilities = \"none\"\n"
			if listen {
				profile += "service.listen_fds = true\n"
			}
			run := func(words ...string) nstest.Result {
				file := root.WriteFile(t, t.TempDir()+"/p.toml", profile)
				words = append(words, file, "sh", "-c", attack)
				cmd := systest.Activated(root.Command(t, nstest.Nslaunch(t), words...), "LISTEN_FDS=1")
				cmd.ExtraFiles = []*os.File{dir}
				return nstest.Run(t, cmd)
			}
			got := run("run")
			switch {
			case !listen: // the control: it is not passed on, and what is asked for holds
				if got.Status != 0 || got.Stdout != "" {
					t.Errorf("%q: %+v", kernel, got)
				}
			case strings.Contains(kernel, "true"):
				if got.Status != 125 || !strings.Contains(got.Stderr, "the command could undo this: its descriptor 3 is a directory outside the sandbox") {
					t.Errorf("%q: %+v", kernel, got)
				}
			default:
				if got.Stdout != "written\n" {
					t.Errorf("%q: %+v: this is no attack", kernel, got)
				}
				note := strings.Contains(run("plan").Stderr, "like root on the host: its descriptor 3 is a directory")
				if note != (kernel == "") {
					t.Errorf("%q: the plan has a note: %v", kernel, note)
				}
			}
		}
	}
}

// withAmbient is a command of an ordinary user with ambient capabilities, as a service with AmbientCapabilities= has.
func withAmbient(t *testing.T, words ...string) *exec.Cmd {
	root := nstest.Superuser(t)
	u := nstest.Ordinary(t)
	caps := "+sys_admin,+dac_override,+setpcap"
	args := []string{fmt.Sprintf("--reuid=%d", u.UID), fmt.Sprintf("--regid=%d", u.GID), "--clear-groups", "--inh-caps", caps, "--ambient-caps", caps}
	cmd := root.Command(t, "setpriv", append(args, words...)...)
	cmd.Dir = u.TempDir(t)
	return cmd
}

// A command that is not the machine's root may have a capability over its files all the same: its caller's, by the
// ambient set. The settings are read-only for it, too, and what it could undo is an error.
func TestRestrictKernelAmbient(t *testing.T) {
	u := nstest.Ordinary(t)
	nstest.CheckNothingLeft(t)
	for _, kernel := range kernelRules() {
		profile := u.WriteFile(t, filepath.Join(u.TempDir(t), "p.toml"), "version = 1\n"+kernel+restrictedHead+"process.capabilities = [\"DAC_OVERRIDE\"]\n")
		got := nstest.Run(t, withAmbient(t, nstest.Nslaunch(t), profile, "sh", "-c", "id -u; "+kernelAttacks))
		ways, ok := strings.CutPrefix(got.Stdout, fmt.Sprintf("%d\n", u.UID))
		if control := strings.Contains(kernel, "false"); !ok || got.Status != 0 || strings.Contains(ways, "sysfs\n") != control || !control && ways != "" {
			t.Errorf("%q: %+v", kernel, got)
		}
		keeps := u.WriteFile(t, filepath.Join(u.TempDir(t), "p.toml"), "version = 1\n"+kernel+restrictedHead+"process.no_new_privs = true\n")
		got = nstest.Run(t, withAmbient(t, nstest.Nslaunch(t), "plan", keeps, "true"))
		want, status := map[string]string{"": "like root on the host: it keeps CAP_SYS_ADMIN", "restrict.kernel = true\n": "could undo this: it keeps CAP_SYS_ADMIN"}[kernel], 0
		if strings.Contains(kernel, "true") {
			status = 1
		}
		if got.Status != status || !strings.Contains(got.Stderr, want) || want == "" && strings.Contains(got.Stderr, "SYS_ADMIN") {
			t.Errorf("%q, all kept: %+v", kernel, got)
		}
	}
}

// privilegedCalls ask for what the kernel gives to some capabilities alone. No call has arguments that do anything: it
// ends with EPERM or with what is wrong in them.
const privilegedCalls = `
import ctypes, errno, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def ask(name, *args):
    libc.syscall(*args)
    print(name, errno.errorcode[ctypes.get_errno()])
def load(name, kind): # a program for the kernel: its type, the number of its instructions, and where they and its license are
    attr = struct.pack("=IIQQ", kind, 1, 0, 0) + bytes(120)
    ask(name, ctypes.c_long(int(sys.argv[2])), ctypes.c_long(5), attr, ctypes.c_long(len(attr)))
ask("SYS_BOOT", ctypes.c_long(int(sys.argv[1])), ctypes.c_long(0), ctypes.c_long(0), ctypes.c_long(0), None)
load("BPF", 31)
load("PERFMON", 2)
`

// These capabilities over the host do what the covers are to prevent: another kernel, a program in the kernel, and its
// memory. The calls show that a command gets there with each of them, and without it does not.
func TestRestrictKernelCapabilities(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.Require(t, nstest.File("/usr/bin/python3"))
	nstest.CheckNothingLeft(t)
	run := func(kernel, capabilities string, words ...string) nstest.Result {
		file := root.WriteFile(t, t.TempDir()+"/p.toml", "version = 1\n"+kernel+restrictedHead+"process.capabilities = "+capabilities+"\n")
		return nstest.Run(t, root.Command(t, nstest.Nslaunch(t), append(append(words, file, "/usr/bin/python3", "-c", privilegedCalls), fmt.Sprint(unix.SYS_REBOOT), fmt.Sprint(unix.SYS_BPF))...))
	}
	for _, test := range []struct{ name, with, without string }{
		{"SYS_BOOT", `["SYS_BOOT"]`, `"none"`},
		{"BPF", `["BPF"]`, `"none"`},
		{"PERFMON", `["BPF", "PERFMON"]`, `["BPF"]`}, // the call needs both
	} {
		if got := run("", test.with, "run"); got.Status != 0 || !strings.Contains(got.Stdout, test.name+" E") || strings.Contains(got.Stdout, test.name+" EPERM\n") {
			t.Errorf("with CAP_%s: %+v: this is no attack", test.name, got)
		}
		if got := run("", test.without, "run"); got.Status != 0 || !strings.Contains(got.Stdout, test.name+" EPERM\n") {
			t.Errorf("without CAP_%s: %+v", test.name, got)
		}
		alone := fmt.Sprintf("[%q]", test.name)
		if got := run("restrict.kernel = true\n", alone, "run"); got.Status != 125 || !strings.Contains(got.Stderr, "the command could undo this: CAP_"+test.name+" bypasses the protection") {
			t.Errorf("restrict.kernel = true: %+v", got)
		}
		if got := run("", alone, "plan"); got.Status != 0 || !strings.Contains(got.Stderr, "like root on the host: CAP_"+test.name+" bypasses the protection") {
			t.Errorf("the plan: %+v", got)
		}
		// The control: another capability does not.
		if got := run("restrict.kernel = true\n", `["CHOWN"]`, "run"); got.Status != 0 {
			t.Errorf("with CAP_CHOWN: %+v", got)
		}
	}
}
