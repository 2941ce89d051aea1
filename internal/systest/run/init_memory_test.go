package run

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// memory is all that a process has mapped and that can be read.
func memory(t *testing.T, pid int) []byte {
	t.Helper()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	var all bytes.Buffer
	for line := range strings.Lines(systest.ReadFile(t, fmt.Sprintf("/proc/%d/maps", pid))) {
		var from, to uint64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if mode[0] == 'r' {
			// Some, such as [vvar], can't be read.
			_, _ = io.Copy(&all, io.NewSectionReader(mem, int64(from), int64(to-from)))
		}
	}
	return all.Bytes()
}

// The memory of process 1 holds neither the launcher's environment and
// directory nor the profile and its command. The launcher's own does. (In the
// portable image it holds what the Go runtime reads when it starts, which is
// /proc/self/mountinfo and the cgroup of the host.)
func TestInitMemory(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.Require(t, nstest.Root())
		before := nstest.Snapshot(t)
		r := systest.StartRunning(t, u, "namespaces = \"new\"\nhostname = \"name-of-the-sandbox\"\n", secret)
		launcher := r.Cmd.Process.Pid
		inside := memory(t, systest.ChildrenOf(launcher)[0])
		// Where it is read while the launcher replaces itself, there is nothing.
		var outside []byte
		nstest.Eventually(t, func() bool {
			outside = memory(t, launcher)
			return bytes.Contains(outside, []byte("p.toml"))
		}, func() string { return `control: the launcher does not hold "p.toml"` })
		for _, text := range []string{"nobody-may-read-this", r.Cmd.Dir, "\x00p.toml\x00", "setsid sleep 1000", "name-of-the-sandbox"} {
			if bytes.Contains(inside, []byte(text)) {
				t.Errorf("process 1 holds %q", text)
			}
			// By then the launcher is small, and has no more than its arguments.
			if !bytes.Contains(outside, []byte(text)) && nstest.Portable() {
				t.Errorf("control: the launcher does not hold %q", text)
			}
		}
		if err := r.Cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = r.Cmd.Wait() // killed
		nstest.AssertNothingLeft(t, before)
	})
}

// sealed opens the program of a process, to be asked about when the process is
// gone and the program can be written to, if that is allowed.
func sealed(t *testing.T, pid int) *os.File {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// checkSealed asserts that a program is a copy that nobody can change; see
// CVE-2019-5736.
func checkSealed(t *testing.T, what string, file *os.File) {
	t.Helper()
	link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
	if err != nil || !strings.HasPrefix(link, "/memfd:nslaunch") {
		t.Errorf("the program of %s is %s, %v; want a memfd", what, link, err)
		return
	}
	const all = unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if seals, err := unix.FcntlInt(file.Fd(), unix.F_GET_SEALS, 0); err != nil || seals&all != all {
		t.Errorf("the program of %s has the seals %#x, %v; want %#x", what, seals, err, all)
	}
	again, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", file.Fd()), os.O_WRONLY, 0)
	if err != nil {
		return // it cannot even be opened for that
	}
	defer again.Close()
	if _, err := again.WriteString("x"); err == nil {
		t.Errorf("the program of %s can be written to", what)
	}
	if err := again.Truncate(0); err == nil {
		t.Errorf("the program of %s can be cut short", what)
	}
}
