package launcher

import (
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// relay copies between the caller's standard streams and a pseudoterminal.
type relay struct {
	master  *os.File
	in, out int
	keys    *rawMode
	ended   int           // an eventfd, readable from stop on
	done    chan struct{} // closed likewise
	flushed chan struct{} // has a value when output has done what flush asks for
	running sync.WaitGroup
}

// What the kernel holds at most of output that was written and not yet read:
// 64 KiB on the way and a line discipline's buffer.
const inFlight = 128 << 10

func newRelay(p *pty) (*relay, error) {
	ended, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &relay{
		master: p.master, in: p.streams[0], out: p.streams[1], keys: &p.keys,
		ended: ended, done: make(chan struct{}), flushed: make(chan struct{}),
	}, nil
}

func (r *relay) start() {
	r.running.Add(2)
	go r.output()
	go r.input()
}

// stop returns when all that the command has written is passed on. From then on
// nothing is read from the caller's input.
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

// pass writes to the caller's output. One that is closed is as a terminal that hangs up.
func (r *relay) pass(buf []byte) bool {
	for len(buf) > 0 {
		// Package os would end this process with SIGPIPE, and leave the terminal raw.
		n, err := unix.Write(r.out, buf)
		switch {
		case err == unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(r.out), Events: unix.POLLOUT}}, -1)
		case err != nil && err != unix.EINTR:
			r.master.Close()
			return false
		case n > 0:
			buf = buf[n:]
		}
	}
	return true
}

// input passes on what is typed. In the background that is for another to read,
// and no shell tells a running job that it is not there any more.
func (r *relay) input() {
	defer r.running.Done()
	buf := make([]byte, 4<<10)
	for wait, fd := -1, r.in; r.await(wait, fd); {
		if !r.keys.foreground() {
			wait, fd = 50, -1
			continue
		}
		if fd < 0 {
			r.keys.set()
			wait, fd = -1, r.in
			continue
		}
		n, err := unix.Read(r.in, buf)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
		case err != nil:
			return
		case n == 0:
			r.endOfInput()
			return
		default:
			if _, err := r.master.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}

// endOfInput types the key that ends input on a terminal, again and again: a
// file at its end stays there, and a program that has just begun may take the
// first for a character.
func (r *relay) endOfInput() {
	for wait := 50; ; wait = min(2*wait, 1000) {
		key := byte(4)
		if c, err := r.master.SyscallConn(); err == nil {
			_ = c.Control(func(fd uintptr) {
				if t, err := unix.IoctlGetTermios(int(fd), unix.TCGETS); err == nil {
					key = t.Cc[unix.VEOF]
				}
			})
		}
		if _, err := r.master.Write([]byte{key}); err != nil || !r.await(wait, -1) {
			return
		}
	}
}

// await waits until fd can be read, or for some milliseconds. It is false once the relay has ended.
func (r *relay) await(ms, fd int) bool {
	fds := []unix.PollFd{{Fd: int32(r.ended), Events: unix.POLLIN}, {Fd: int32(fd), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, ms)
		if err != unix.EINTR {
			return err == nil && fds[0].Revents == 0
		}
	}
}
