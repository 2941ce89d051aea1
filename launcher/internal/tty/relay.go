package tty

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// relay copies between the caller's terminal and the command's.
type relay struct {
	pty     *PTY
	master  *os.File
	echo    echo
	ended   int           // an eventfd, readable from stop on
	done    chan struct{} // closed likewise
	flushed chan struct{} // has a value when output has done what flush asks for
	running sync.WaitGroup
}

// What the kernel holds at most of output that was written and not yet read:
// 64 KiB on the way and a line discipline's buffer.
const inFlight = 128 << 10

func newRelay(p *PTY) (*relay, error) {
	ended, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &relay{
		pty: p, master: p.master,
		ended: ended, done: make(chan struct{}), flushed: make(chan struct{}),
	}, nil
}

func (r *relay) start() {
	r.running.Add(2)
	go r.output()
	go r.input()
}

// stop returns when all that the command has written is passed on. From then on
// nothing is read from the caller's terminal.
func (r *relay) stop() {
	close(r.done)
	_, _ = unix.Write(r.ended, []byte{0, 0, 0, 0, 0, 0, 0, 1})
	_ = r.master.SetWriteDeadline(time.Now())
	r.running.Wait()
	unix.Close(r.ended)
}

// flush returns when all that was written up to now is passed on.
func (r *relay) flush() {
	_ = r.master.SetReadDeadline(time.Now())
	<-r.flushed
}

// output passes on what the command writes.
func (r *relay) output() {
	defer r.running.Done()
	defer close(r.flushed)
	buf := make([]byte, 32<<10)
	for {
		n, err := r.master.Read(buf)
		switch {
		case !r.pass(buf[:n]):
			return
		case err == nil:
		case errors.Is(err, unix.EIO):
			// Nobody has the slave open. The command may open it again.
			select {
			case <-r.done:
			case <-time.After(20 * time.Millisecond):
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
			r.drain(buf)
			select {
			case <-r.done:
				return
			case r.flushed <- struct{}{}:
				_ = r.master.SetReadDeadline(time.Time{})
			}
		default:
			return
		}
	}
}

// drain passes on what is there now. A process that lives on without a pid
// namespace may write more; that is not waited for.
func (r *relay) drain(buf []byte) {
	c, err := r.master.SyscallConn()
	for total := 0; err == nil && total < inFlight; {
		n := 0
		if e := c.Control(func(fd uintptr) { n, err = unix.Read(int(fd), buf) }); e != nil {
			return
		}
		if err == unix.EINTR {
			err = nil
			continue
		}
		if n <= 0 || !r.pass(buf[:n]) {
			return
		}
		total += n
	}
}

// pass writes to the caller's terminal, if there is one. If that is gone, the command's hangs up.
func (r *relay) pass(buf []byte) bool {
	screen := r.pty.screen
	if screen < 0 {
		return true
	}
	r.follow() // before what is written in other modes
	buf = r.echo.strip(buf)
	// A terminal that is not raw makes "\r\n" itself.
	if t, err := unix.IoctlGetTermios(screen, unix.TCGETS); err == nil && t.Oflag&unix.OPOST != 0 && t.Oflag&unix.ONLCR != 0 {
		buf = bytes.ReplaceAll(buf, []byte("\r\n"), []byte("\n"))
	}
	for len(buf) > 0 {
		n, err := unix.Write(screen, buf)
		switch {
		case err == unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(screen), Events: unix.POLLOUT}}, -1)
		case err != nil && err != unix.EINTR:
			r.master.Close()
			return false
		case n > 0:
			buf = buf[n:]
		}
	}
	return true
}
