package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// leading reads what the sandbox does not show, and makes a device. Its arguments are the handle of a file, a directory of its file
// system, and a process outside.
const leading = `
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def ask(name, call):
    try:
        print(name, call())
    except OSError as e:
        print(name, errno.errorcode[e.errno])
def handle():
    fd = libc.open_by_handle_at(os.open(sys.argv[2], os.O_RDONLY), bytes.fromhex(sys.argv[1]), os.O_RDONLY)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "")
    return os.read(fd, 99).decode()
def device():
    os.mknod("/tmp/device", 0o20600, os.makedev(1, 3))
    return "made"
def process():
    return os.readlink("/proc/" + sys.argv[3] + "/root")
ask("DAC_READ_SEARCH", handle)
ask("MKNOD", device)
ask("SYS_PTRACE", process)
`

// fileHandle is a file's handle as open_by_handle_at(2) takes it.
func fileHandle(t *testing.T, file string) string {
	const script = `
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
h = ctypes.create_string_buffer((128).to_bytes(4, sys.byteorder), 136)
assert libc.name_to_handle_at(-100, sys.argv[1].encode(), h, ctypes.byref(ctypes.c_int()), 0) == 0
print(h.raw[:8 + int.from_bytes(h.raw[:4], sys.byteorder)].hex())
`
	return strings.TrimSpace(nstest.MustRun(t, nstest.Superuser(t).Command(t, "/usr/bin/python3", "-c", script, file)))
}

// A capability over the host leads past mounts: to a file by its handle, to a disk by a device, and to a process outside that a proc of
// the host's shows. With each the attack works, so true is an error; without it the attack fails.
func TestRestrictKernelLeads(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.Require(t, nstest.File("/usr/bin/python3"))
	nstest.CheckNothingLeft(t)
	dir := t.TempDir()
	systest.MakeDirs(t, dir+"/shown")
	hidden := root.WriteFile(t, filepath.Join(dir, "hidden"), "SECRET")
	handle := fileHandle(t, hidden)
	run := func(kernel, capabilities string) nstest.Result {
		profile := "version = 1\n" + kernel + restrictedHead + "proc = \"host\"\nprocess.capabilities = " + capabilities + "\n" +
			systest.System + "tmpfs = [\"/tmp\"]\n\"/shown\".rw = \"" + dir + "/shown\"\n"
		file := root.WriteFile(t, t.TempDir()+"/p.toml", profile)
		return nstest.Run(t, root.Command(t, nstest.Nslaunch(t), "run", file, "/usr/bin/python3", "-c", leading, handle, "/shown", fmt.Sprint(os.Getppid())))
	}
	none := run("restrict.kernel = true\n", `"none"`)
	if want := "DAC_READ_SEARCH EPERM\nMKNOD EPERM\nSYS_PTRACE EACCES\n"; none.Stdout != want {
		t.Errorf("without capabilities: %+v", none)
	}
	for _, test := range []struct{ name, reached string }{{"DAC_READ_SEARCH", "SECRET"}, {"MKNOD", "made"}, {"SYS_PTRACE", "/"}} {
		with := fmt.Sprintf("[%q]", test.name) // with it, false is the control
		if got := run("restrict.kernel = false\n", with); !strings.Contains(got.Stdout, test.name+" "+test.reached+"\n") {
			t.Errorf("with CAP_%s: %+v: this is no attack", test.name, got)
		}
		want := "restrict.kernel: the command could undo this: CAP_" + test.name + " bypasses the protection"
		if got := run("restrict.kernel = true\n", with); got.Status != systest.StatusSetup || got.Stdout != "" || !strings.Contains(got.Stderr, want) {
			t.Errorf("CAP_%s, true: %+v", test.name, got)
		}
	}
}
