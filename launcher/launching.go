package launcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tty"
	"golang.org/x/sys/unix"
)

// What the steps of the launcher do to a launch; see [step.Launch].

func (l *launch) PID() int { return l.pid }

func (l *launch) Lend(fd int) { l.lent = append(l.lent, fd) }

func (l *launch) Hold(fd int) { l.locks.add(fd) }

func (l *launch) Made(dirs ...string) { l.made = append(l.made, dirs...) }

func (l *launch) WasMade(dir string) bool { return slices.Contains(l.made, dir) }

// unmake removes what a launch that failed had made, if it is still empty.
func (l *launch) unmake() {
	for i := len(l.made) - 1; i >= 0; i-- {
		if filepath.Base(l.made[i]) == "work" {
			_ = os.Remove(l.made[i] + "/work") // of the overlay that was made meanwhile
		}
		_ = os.Remove(l.made[i])
	}
	l.made = nil
}

// Release lets the process that waits go on. With command it may become the command then.
func (l *launch) Release(command bool) error {
	if command {
		l.mu.Lock()
		l.released = true
		l.mu.Unlock()
	}
	err := unix.Sendto(l.sync, []byte{1}, unix.MSG_NOSIGNAL, nil)
	for _, fd := range l.lent {
		if err == nil {
			err = unix.Sendmsg(l.sync, []byte{1}, unix.UnixRights(fd), nil, unix.MSG_NOSIGNAL)
		}
		unix.Close(fd)
	}
	l.lent = nil
	if err == unix.EPIPE || err == unix.ECONNRESET {
		return program.ErrGone
	}
	return err
}

// AwaitInit waits for the word of init.
func (l *launch) AwaitInit() error {
	l.waitFor(l.control, -1)
	m, pid, err := program.Receive(l.control)
	if err == nil {
		l.adopt(pid)
	}
	if err == nil && m.Kind != program.MessageReady {
		err = fmt.Errorf("message %d of init", m.Kind)
	}
	return err
}

func (l *launch) OpenPTY() (err error) {
	l.pty, err = tty.OpenPTY(l.streams(), l.terminal.FD())
	return err
}

func (l *launch) GiveTerminal() error { return l.terminal.Give(l.pid) }

func (l *launch) Listen(socket *os.File) { l.notifier.Listen(socket) }

// Notify prepares for passing on what the command says, or for saying that it runs.
func (l *launch) Notify(address string, every time.Duration) error {
	notify := l.options.Notify
	if notify == nil {
		return errors.New("the profile asks for notifications, and launcher.Options.Notify is not set")
	}
	l.notifier.Prepare(every, func(message []byte, descriptors []int) { notify(address, message, descriptors) })
	return nil
}

// Place has the caller of the library place the child: this package does
// not know D-Bus.
func (l *launch) Place(p step.Placement) error {
	if l.options.Place == nil {
		return errors.New("the profile asks for a unit of systemd, and launcher.Options.Place is not set")
	}
	fd, err := unix.PidfdOpen(l.pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	p.PID, p.PIDFD, p.Profile = l.pid, fd, l.plan.Source
	type result struct {
		placed step.Placed
		err    error
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(ends[0])
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	l.mu.Lock()
	l.unplacing = cancel
	l.mu.Unlock()
	done := make(chan result, 1)
	// On another thread: the children of this one are the sandbox's.
	go func() {
		placed, err := l.options.Place(ctx, p)
		done <- result{placed, err}
		unix.Close(ends[1])
	}()
	l.waitFor(ends[0], -1)
	r := <-done
	l.mu.Lock()
	l.unplacing = nil
	l.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	l.placed = r.placed
	l.oomKills = oomKills(r.placed.Cgroup)
	return nil
}

// unplace ends what there is beside the sandbox's processes.
func (l *launch) unplace() {
	if l.placed.End != nil {
		l.placed.End()
		l.placed.End = nil
	}
}
