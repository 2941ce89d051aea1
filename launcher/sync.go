package launcher

import (
	"fmt"
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// childError is an op that failed in a child.
type childError struct {
	op    int
	errno unix.Errno
	said  string // by the kernel, beyond the errno
}

func (e *childError) Error() string { return e.errno.Error() }

func (e *childError) Unwrap() error { return e.errno }

// waitFor waits until a descriptor can be read, or for some milliseconds if that is not negative, and returns which. A
// signal that ends a launch ends this one; what else comes is kept for the command.
func (l *launch) waitFor(fd, ms int) bool {
	fds := [2]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: -1, Events: unix.POLLIN}}
	if l.options.Signals != nil && l.options.Signals.receiver != nil {
		fds[1].Fd = int32(l.options.Signals.receiver.FD())
	}
	for {
		n, err := unix.Poll(fds[:], ms)
		if err == unix.EINTR {
			continue
		}
		if fds[1].Revents != 0 {
			a, err := l.options.Signals.next()
			if err != nil {
				fds[1].Fd = -1
				continue
			}
			l.early = append(l.early, a)
			if a.ends() {
				l.interrupt = a.Signal
				l.cancel()
			}
		}
		if n <= 0 || err != nil || fds[0].Revents != 0 {
			return n > 0 || err != nil
		}
	}
}

// next returns the next message of the sync socket that is not a failure.
func (l *launch) next() (program.Message, int, error) {
	l.waitFor(l.sync, -1)
	m, pid, said, err := program.ReceiveText(l.sync)
	if err != nil {
		return m, pid, err
	}
	l.adopt(pid)
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.Kind == program.MessageFailed {
		err = &childError{int(m.A), unix.Errno(m.B), said}
	} else if l.killed {
		err = program.ErrGone
	}
	return m, pid, err
}

// cause is what a child has said of its end, where one was found to be gone, or err if it said nothing: it may have reported that on
// another socket, and where init fails, the kernel kills the command's process.
func (l *launch) cause(err error) error {
	for err == program.ErrGone && l.sync >= 0 && l.waitFor(l.sync, 0) {
		if _, _, said := l.next(); said != nil {
			return said
		}
	}
	return err
}

// await waits until a process has come to a point of the program.
func (l *launch) await(at step.Point) error {
	m, pid, err := l.next()
	if err != nil {
		return err
	}
	if m.Kind != program.MessageReached || step.Point(m.A) != at || pid == 0 {
		return fmt.Errorf("message %d (%d) of process %d instead of point %d", m.Kind, m.A, pid, at)
	}
	l.pid = pid
	if err := l.reapLoader(); err != nil {
		return err
	}
	switch at {
	case step.PointMoved:
		return l.reapOthers(pid)
	case step.PointCommand:
		return l.command(pid)
	}
	return nil
}

// reapOthers waits for the children but one: what started that is about to end. It may have said nothing.
func (l *launch) reapOthers(pid int) error {
	l.adoptSilent()
	for _, c := range slices.Clone(l.children) {
		if c == pid {
			continue
		}
		if _, err := l.reap(c); err != nil {
			return err
		}
	}
	return nil
}

// reapLoader waits for what started the stage, which has ended or is about to.
func (l *launch) reapLoader() error {
	if l.loader == 0 {
		return nil
	}
	_, err := l.reap(l.loader)
	l.loader = 0
	return err
}

// command takes note of the process that becomes the command. It waits for
// us and cannot have been replaced by another of the same pid.
func (l *launch) command(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return program.ErrGone // killed while it waits
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.pidfd = fd
	l.mu.Unlock()
	l.process = Process{PID: pid, Namespaces: make(map[config.NamespaceKind]uint64), Unit: l.placed.Unit}
	if l.wantsProcess() {
		l.readNamespaces()
	}
	return nil
}

// awaitExec waits for the end of the sync socket: the last descriptor of it is
// closed by the execve itself.
func (l *launch) awaitExec() error {
	for !l.waitFor(l.sync, 100) {
		// A key may have stopped it just before, when no shell could know.
		if process.State(l.process.PID) == 'T' {
			_ = l.signal(unix.SIGCONT)
		}
		l.mu.Lock()
		if l.cancelled {
			l.killAll()
		}
		l.mu.Unlock()
	}
	m, _, err := l.next()
	switch {
	case err == nil:
		return fmt.Errorf("message %d instead of the command", m.Kind)
	case err != program.ErrGone:
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.killed {
		return program.ErrGone
	}
	return nil
}
