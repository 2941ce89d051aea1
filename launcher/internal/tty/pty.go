package tty

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// PTY is the command's own terminal. It takes the place of those standard streams that are terminals; the
// others are the caller's. Input from the caller's terminal goes into the master, and output comes from it.
type PTY struct {
	master *os.File
	slave  int     // -1 once the child has it
	theirs [3]bool // the standard streams that it takes the place of
	screen int     // the caller's terminal that shows its output; -1 without one

	keys  keyboard
	began unix.Termios // the modes that the command begins with
	relay *relay
}

// OpenPTY opens the master and, through it, the slave: no path of a
// mount namespace is asked which slave it is (TIOCGPTPEER, Linux 4.13). The streams are the command's standard ones, and
// controlling is the controlling terminal, -1 without one.
func OpenPTY(streams [3]int, controlling int) (*PTY, error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("open /dev/ptmx", err)
	}
	p := &PTY{master: os.NewFile(uintptr(fd), "ptmx"), slave: -1}
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
		p.slave, err = ioctlPeer(fd)
	}
	if err == nil {
		p.findTerminal(streams, controlling)
		p.relay, err = newRelay(p)
	}
	if err != nil {
		p.CloseSlave()
		p.master.Close()
		return nil, err
	}
	p.imitate()
	return p, nil
}

// Slave is the descriptor for the command, until [PTY.CloseSlave].
func (p *PTY) Slave() int { return p.slave }

// Replaces reports whether the slave takes the place of a standard stream.
func (p *PTY) Replaces(stream int) bool { return p.theirs[stream] }

// Name is the slave's path in the caller's mount namespace, shorter than room. The slave is
// open, so that no other one has the name.
func (p *PTY) Name(room int) (string, error) {
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", p.slave))
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(name, "/") || len(name) >= room {
		return "", &os.PathError{Op: "the pseudoterminal's name here", Path: name, Err: unix.ENOENT}
	}
	return name, nil
}

// findTerminal finds the caller's terminal: those of the standard streams that are one, else the controlling
// terminal, which is -1 if there is none.
func (p *PTY) findTerminal(streams [3]int, controlling int) {
	p.screen, p.keys.fd = controlling, controlling
	may := func(fd, mode int) bool {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		return err == nil && (flags&unix.O_ACCMODE == mode || flags&unix.O_ACCMODE == unix.O_RDWR)
	}
	for _, i := range []int{0, 2, 1} { // what is written is best seen where the output goes
		fd := streams[i]
		if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
			continue
		}
		p.theirs[i] = true
		if may(fd, unix.O_WRONLY) {
			p.screen = fd
		}
		_, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
		if (i == 0 && err != nil || p.keys.fd < 0) && may(fd, unix.O_RDONLY) {
			p.keys.fd = fd // of another terminal than the controlling one
		}
	}
	if p.keys.fd >= 0 && p.keys.fd == controlling {
		// Another program may read what was there to read. The descriptor is ours alone.
		_ = unix.SetNonblock(controlling, true)
	}
	p.keys.typed = p.theirs[0]
	p.keys.shared = !p.theirs[0] || isPipe(streams[1])
}

// isPipe reports whether a descriptor leads to another program.
func isPipe(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && (st.Mode&unix.S_IFMT == unix.S_IFIFO || st.Mode&unix.S_IFMT == unix.S_IFSOCK)
}

func ioctlPeer(master int) (int, error) {
	r, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if e != 0 {
		return -1, os.NewSyscallError("ioctl TIOCGPTPEER", e)
	}
	return int(r), nil
}

// imitate gives the pseudoterminal the modes and the size of the caller's
// terminal. Without one nothing is echoed: nobody types.
func (p *PTY) imitate() {
	modes, err := unix.IoctlGetTermios(p.slave, unix.TCGETS)
	if err != nil {
		return
	}
	if t, err := unix.IoctlGetTermios(max(p.keys.fd, p.screen), unix.TCGETS); err == nil {
		modes = t
	} else {
		modes.Lflag &^= unix.ECHO | unix.ECHONL
	}
	_ = unix.IoctlSetTermios(p.slave, unix.TCSETS, modes)
	p.began = *modes
	p.CopySize()
}

// modes are those that the command's terminal has now.
func (p *PTY) modes() (t *unix.Termios) {
	t = &p.began
	p.control(func(master int) {
		if now, err := unix.IoctlGetTermios(master, unix.TCGETS); err == nil {
			t = now
		}
	})
	return t
}

// CopySize gives the pseudoterminal the size of the caller's terminal.
func (p *PTY) CopySize() {
	if size, err := unix.IoctlGetWinsize(p.screen, unix.TIOCGWINSZ); err == nil {
		p.control(func(master int) { _ = unix.IoctlSetWinsize(master, unix.TIOCSWINSZ, size) })
	}
}

// Signal sends a key's signal to the foreground inside.
func (p *PTY) Signal(sig unix.Signal) {
	p.control(func(master int) { _ = unix.IoctlSetInt(master, unix.TIOCSIG, int(sig)) })
}

// control calls f with the master's descriptor, unless that is closed.
func (p *PTY) control(f func(master int)) {
	if c, err := p.master.SyscallConn(); err == nil {
		_ = c.Control(func(fd uintptr) { f(int(fd)) })
	}
}

// CloseSlave closes the slave, once the child has it.
func (p *PTY) CloseSlave() {
	if p.slave >= 0 {
		unix.Close(p.slave)
		p.slave = -1
	}
}

// Start begins to pass on input and output.
func (p *PTY) Start() {
	p.keys.set()
	p.relay.start()
}

// Finish passes on what is left of the command's output and gives the caller's terminal back.
func (p *PTY) Finish() {
	p.CloseSlave()
	// Without a pid namespace something may live on and keep the slave.
	_ = p.master.SetReadDeadline(time.Now())
	p.relay.stop()
	p.keys.restore()
	p.master.Close()
}

// Suspend passes on what was written up to now and gives the caller's terminal back, before this process stops.
func (p *PTY) Suspend() {
	p.relay.flush()
	p.keys.restore()
}

// Resume takes the caller's terminal again after [PTY.Suspend].
func (p *PTY) Resume() {
	p.keys.set()
	p.CopySize()
}
