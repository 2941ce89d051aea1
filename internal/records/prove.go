package records

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/internal/smallfile"
	"golang.org/x/sys/unix"
)

// proof is a launcher that runs, and the record that it holds.
type proof struct {
	*Record
	pidfd, memory int
}

func (p *proof) close() {
	unix.Close(p.pidfd)
	unix.Close(p.memory)
}

// prove asks the launcher that a hint names for its record. ESRCH if it has ended.
//
// The hint may be forged by a sandbox. What a sandbox cannot arrange is a process that is in all of the caller's user,
// pid and mount namespaces, of the caller's user, executing nslaunch, which has itself locked a memfd. Each
// closes a way: the namespaces, the sandbox's own processes; the user, other users of root's; the program and the lock, programs
// outside to which a sandbox can send a descriptor. A descriptor that is sent keeps the locks that it has, of who
// made them. To look at the descriptors of a process, one needs to be in no sandbox beside it: PTRACE_MODE_READ
// asks for its user namespace and capabilities, see ptrace(2).
//
// Where a sandbox has none of these namespaces for itself, its processes are like the launcher: see [Found.Trusted].
func prove(hint *Record) (*proof, error) {
	pidfd, err := hint.Launcher.Open()
	if err != nil {
		return nil, err
	}
	p := &proof{hint, pidfd, -1}
	if err = p.look(hint); err == nil && !hint.Launcher.Running() { // all of it was of the same process
		err = unix.ESRCH
	}
	if err != nil {
		unix.Close(pidfd)
		if p.memory >= 0 {
			unix.Close(p.memory)
		}
		return nil, err
	}
	return p, nil
}

func (p *proof) look(hint *Record) error {
	pid := hint.Launcher.PID
	for _, kind := range []string{"user", "pid", "mnt"} {
		if err := shared(pid, kind); err != nil {
			return err
		}
	}
	if own, theirs := statusLine("self", "Uid"), statusLine(strconv.Itoa(pid), "Uid"); own == "" || own != theirs {
		return fmt.Errorf("process %d belongs to another user", pid)
	}
	exe, err := os.Readlink(procFile(pid, "exe"))
	if err != nil {
		return errors.Unwrap(err)
	}
	if !isNslaunch(exe) {
		return fmt.Errorf("process %d executes %q, not nslaunch", pid, exe)
	}
	if err = p.read(hint); err != nil {
		return err
	}
	if t := p.Target; t != nil && !descends(t.Process, pid) {
		return fmt.Errorf("process %d is not a descendant of its launcher, process %d", t.Process.PID, pid)
	}
	return nil
}

func procFile(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

// shared reports an error unless a process is in the caller's namespace of a kind.
func shared(pid int, kind string) error {
	var own, theirs unix.Stat_t
	if err := unix.Stat("/proc/self/ns/"+kind, &own); err != nil {
		return fmt.Errorf("the caller's own %s namespace: %w", kind, err)
	}
	switch err := unix.Stat(procFile(pid, "ns/"+kind), &theirs); {
	case err == unix.EACCES || err == unix.EPERM:
		return fmt.Errorf("process %d cannot be inspected: %w", pid, err)
	case err != nil:
		return unix.ESRCH
	case own.Dev != theirs.Dev || own.Ino != theirs.Ino:
		return fmt.Errorf("process %d is in another %s namespace than the caller", pid, kind)
	}
	return nil
}

// statusLine is a line of /proc/PID/status; "" where there is none.
func statusLine(process, name string) string {
	text, _ := smallfile.Read("/proc/"+process+"/status", 1<<16)
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// isNslaunch reports whether what a process executes is a resident, or a program of the caller's name: another
// version may have been installed since.
func isNslaunch(exe string) bool {
	exe = strings.TrimSuffix(exe, " (deleted)")
	own, err := os.Readlink("/proc/self/exe")
	return exe == "/memfd:nslaunch" || err == nil && filepath.Base(exe) == filepath.Base(strings.TrimSuffix(own, " (deleted)"))
}

// read finds the record of a hint among what its launcher holds.
func (p *proof) read(hint *Record) error {
	pid := hint.Launcher.PID
	dir := procFile(pid, "fd")
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESRCH):
		return unix.ESRCH
	case err != nil:
		return fmt.Errorf("process %d cannot be inspected: %w", pid, err)
	}
	for _, e := range entries {
		link, err := os.Readlink(dir + "/" + e.Name())
		if err != nil || link != "/memfd:"+memoryName+" (deleted)" || !lockedBy(pid, e.Name()) {
			continue
		}
		fd, err := unix.Open(dir+"/"+e.Name(), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		r, err := readRecord(fd, longestRecord)
		if err == nil && isMemfd(fd) && r.Name == hint.Name && r.Launcher == hint.Launcher && r.World == hint.World && r.Version == hint.Version {
			p.Record, p.memory = r, fd
			return nil
		}
		unix.Close(fd)
	}
	return fmt.Errorf("process %d holds no record of %q", pid, hint.Name)
}

// lockedBy reports whether a descriptor of a process has a lock of flock(2) that this very process has made.
func lockedBy(pid int, fd string) bool {
	text, _ := smallfile.Read(procFile(pid, "fdinfo/"+fd), 1<<16)
	for line := range strings.Lines(string(text)) {
		// lock:	1: FLOCK  ADVISORY  WRITE 4711 00:01:1048 0 EOF
		if f := strings.Fields(line); len(f) > 5 && f[0] == "lock:" && f[2] == "FLOCK" && f[4] == "WRITE" && f[5] == strconv.Itoa(pid) {
			return true
		}
	}
	return false
}

// isMemfd reports whether a file is a memfd, and not one that is only named like it.
func isMemfd(fd int) bool {
	var st unix.Stat_t
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	return err == nil && unix.Fstat(fd, &st) == nil && st.Nlink == 0
}

// descends reports whether a process comes from another: at most an init and a moment between. One that has ended does no harm.
func descends(p process.Process, ancestor int) bool {
	s, err := process.Look(p.PID)
	if err != nil || s.Start != p.Start {
		return err == unix.ESRCH || err == nil
	}
	for range 3 {
		if s.Parent == ancestor {
			return true
		}
		if s, err = process.Look(s.Parent); err != nil {
			return false
		}
	}
	return !p.Running()
}

// Trusted reports an error if the launcher of a running sandbox is confined more than the caller is. A process that has
// none of the namespaces that identify a launcher for itself may have forged all of the record; what confines such a one are
// no_new_privs and filters, which it cannot put off, and which a launcher does not have unless its caller has.
func (f *Found) Trusted() error {
	pid := strconv.Itoa(f.Launcher.PID)
	for _, name := range []string{"NoNewPrivs", "Seccomp"} {
		if theirs := statusLine(pid, name); theirs != "0" && theirs != statusLine("self", name) {
			return fmt.Errorf("the launcher of %q, process %s, has more restrictions than this process (%s %q), so its record may be forged (run nslaunch where that was run)",
				f.Name, pid, name, theirs)
		}
	}
	return nil
}
