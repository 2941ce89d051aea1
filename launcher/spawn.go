package launcher

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/runtimehook"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"github.com/nslaunch/nslaunch/launcher/internal/stage"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// spawn starts the child, which forks the stage as another child of ours.
func (l *launch) spawn() error {
	var close closer
	defer close.all()
	named, err := l.withConsole()
	if err != nil {
		return err
	}
	prog, err := stage.Memfd("nslaunch-program", named.Encode(), false)
	if err != nil {
		return err
	}
	close.add(prog)
	lay := l.plan.Layout
	fds := map[int]int{lay.Program: prog}
	for i, fd := range l.streams() {
		fds[i] = fd
		if l.pty != nil && l.pty.Replaces(i) {
			fds[i] = l.pty.Slave()
		}
	}
	if l.pty != nil {
		fds[lay.Terminal] = l.pty.Slave()
	}
	for _, fd := range lay.Keep {
		fds[fd] = fd
	}
	var theirs int
	if l.sync, theirs, err = socketPair(); err != nil {
		return err
	}
	close.add(theirs)
	fds[lay.Sync] = theirs
	if lay.Control >= 0 {
		if l.control, theirs, err = socketPair(); err != nil {
			return err
		}
		close.add(theirs)
		fds[lay.Control] = theirs
	}
	image, err := l.openImage(&close)
	if err != nil {
		return err
	}
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if named.InPlace {
		// As the first of a pid namespace it sees no parent, which package syscall takes for a dead one; it asks
		// for the signal itself.
		attr = &syscall.SysProcAttr{Cloneflags: uintptr(named.CloneFlags)}
	}
	if a, ok := l.plan.Steps[l.plan.Start].Action.(step.StartStage); ok && a.NoGroups {
		attr.Credential = &syscall.Credential{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())}
	}
	if err := defaults(); err != nil {
		return err
	}
	var pid int
	// From the first instant on no key of the terminal does anything to the
	// child: nslaunch decides what to do about a signal.
	err = siginfo.WithBlocked(^uint64(0), func() (err error) {
		pid, err = syscall.ForkExec(image, []string{stage.Argv0, strconv.Itoa(lay.Program)}, &syscall.ProcAttr{
			Env:   []string{},
			Files: descriptors(fds),
			Sys:   attr,
		})
		return err
	})
	if named.InPlace && err != unix.EACCES && err != unix.ENOENT { // those are of the execve
		err = os.NewSyscallError("clone", err)
	}
	if err != nil {
		return err
	}
	l.adopt(pid)
	if !named.InPlace {
		l.loader = pid
	}
	if l.pty != nil {
		l.pty.CloseSlave()
	}
	return nil
}

// withConsole returns the plan's program with the name of the pseudoterminal.
func (l *launch) withConsole() (*program.Program, error) {
	p := l.plan.Program
	if l.plan.Console.Kind == 0 {
		return p, nil
	}
	name, err := l.pty.Name(step.ConsoleRoom)
	if err != nil {
		return nil, err
	}
	named := *p
	named.Data = slices.Clone(p.Data)
	room := named.Data[l.plan.Console.Value:][:step.ConsoleRoom]
	clear(room)
	copy(room, name)
	return &named, nil
}

// streams are the descriptors for the standard streams.
func (l *launch) streams() [3]int {
	o := &l.options
	return [3]int{
		int(cmp.Or(o.Stdin, os.Stdin).Fd()),
		int(cmp.Or(o.Stdout, os.Stdout).Fd()),
		int(cmp.Or(o.Stderr, os.Stderr).Fd()),
	}
}

// descriptors lays fds out as ForkExec takes them; numbers between are closed.
func descriptors(fds map[int]int) []uintptr {
	top := 0
	for fd := range fds {
		top = max(top, fd)
	}
	files := make([]uintptr, top+1)
	for i := range files {
		files[i] = ^uintptr(0)
		if fd, ok := fds[i]; ok {
			files[i] = uintptr(fd)
		}
	}
	return files
}

// socketPair returns our end, which gets the sender's ids, and the child's.
func socketPair() (ours, theirs int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, os.NewSyscallError("socketpair", err)
	}
	if err := unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return -1, -1, os.NewSyscallError("setsockopt", err)
	}
	return fds[0], fds[1], nil
}

// openImage returns the path of what the stage executes.
func (l *launch) openImage(close *closer) (string, error) {
	var fd int
	var err error
	switch h := l.plan.Host; {
	case h.Portable == "":
		fd, err = stage.Memfd("nslaunch", stage.Image(), true)
	case !runtimehook.Linked:
		return "", fmt.Errorf("the sealed image cannot be executed (%s), and this build has no portable one", h.Portable)
	case ownsBinary(h.UID):
		fd, err = sealedSelf()
	default:
		return "/proc/self/exe", nil
	}
	if err != nil {
		return "", err
	}
	close.add(fd)
	// Not the child's own, which are laid out anew before its execve.
	self, err := os.Readlink("/proc/self")
	return fmt.Sprintf("/proc/%s/fd/%d", self, fd), err
}

// ownsBinary reports whether the caller may write to this binary, or make it
// writable: root, and who has installed it for themselves.
func ownsBinary(uid uint32) bool {
	const self = "/proc/self/exe"
	var st unix.Stat_t
	return uid == 0 || unix.Stat(self, &st) != nil || st.Uid == uid || unix.Access(self, unix.W_OK) == nil
}

// sealedSelf copies this binary into a memfd that nobody can write to. What runs
// in a sandbox has the caller's rights to files, and could otherwise write to the
// caller's binary through /proc/PID/exe (CVE-2019-5736).
func sealedSelf() (int, error) {
	self, err := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("open /proc/self/exe", err)
	}
	defer unix.Close(self)
	fd, err := stage.NewMemfd("nslaunch", true)
	if err != nil {
		return -1, err
	}
	for n := 1; n > 0 && err == nil; {
		n, err = unix.Sendfile(fd, self, nil, 1<<30)
	}
	if err == nil {
		err = stage.Seal(fd)
	}
	if err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("copy of /proc/self/exe", err)
	}
	return fd, nil
}

// closer closes what is not passed on.
type closer []int

func (c *closer) add(fd int) { *c = append(*c, fd) }

func (c *closer) all() {
	for _, fd := range *c {
		unix.Close(fd)
	}
}

// adopt remembers a process to be reaped, if it is a child of ours: what a
// child forks without CLONE_PARENT is not.
func (l *launch) adopt(pid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.children, pid) {
		return
	}
	if unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == nil {
		l.children = append(l.children, pid)
	}
}

// threadChildren lists the children of this thread, living and dead.
func threadChildren() []int {
	// Without CONFIG_PROC_CHILDREN there is no such file.
	text, _ := host.ReadFile("/proc/thread-self/children")
	var pids []int
	for word := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// adoptSilent adopts the children that were killed before they could say who
// they are. The thread is the launch's own, and has had only those of others
// that it had when it began.
func (l *launch) adoptSilent() {
	for _, pid := range threadChildren() {
		if !slices.Contains(l.others, pid) {
			l.adopt(pid)
		}
	}
}

// reap waits for a child of ours.
func (l *launch) reap(pid int) (unix.WaitStatus, error) {
	var status unix.WaitStatus
	for {
		// It stays a zombie, which nobody else's pid can be, until it is
		// taken off the list under the lock.
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil {
			_, err = unix.Wait4(pid, &status, 0, nil)
		}
		l.children = slices.DeleteFunc(l.children, func(c int) bool { return c == pid })
		return status, err
	}
}

// readNamespaces notes which namespaces the command is in that are not this process's, as far as it may
// be asked. Before its execve it is asked what it cannot have left, after that what makes a process its namespace's own.
func (l *launch) readNamespaces() {
	dir := -1
	for _, k := range config.Kinds() {
		_, known := l.process.Namespaces[k]
		if known || l.plan.Source.Namespaces[k].Mode == config.NamespaceHost {
			continue
		}
		if dir < 0 {
			var err error
			if dir, err = unix.Open("/proc/"+strconv.Itoa(l.process.PID)+"/ns", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
				return
			}
			defer unix.Close(dir)
		}
		var st unix.Stat_t
		if unix.Fstatat(dir, host.ProcName(k), &st, 0) == nil {
			l.process.Namespaces[k] = st.Ino
		}
	}
}

// completeNamespaces adds those that the command has from this process.
func (l *launch) completeNamespaces() {
	for _, k := range config.Kinds() {
		if l.plan.Source.Namespaces[k].Mode != config.NamespaceHost {
			continue
		}
		name := host.ProcName(k)
		if k == config.PID || k == config.TimeNS {
			name += "_for_children"
		}
		var st unix.Stat_t
		if unix.Stat("/proc/self/ns/"+name, &st) == nil {
			l.process.Namespaces[k] = st.Ino
		}
	}
}
