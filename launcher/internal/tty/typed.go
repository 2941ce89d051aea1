package tty

import (
	"bytes"
	"sync"

	"golang.org/x/sys/unix"
)

// How often, in milliseconds, the relay looks whether the command has changed the modes of its
// terminal, and whether the keys are its own again. There is no notification.
const (
	lookAtModes = 100
	lookForKeys = 50
)

// input passes on what the user types. In the background another process reads it,
// and no shell reports to a running job that it has left the foreground.
func (r *relay) input() {
	defer r.running.Done()
	k := &r.pty.keys
	if k.fd < 0 {
		r.endOfInput()
		return
	}
	often := -1
	if k.shared {
		often = lookAtModes
	}
	buf := make([]byte, 4<<10)
	for wait, fd := often, k.fd; ; {
		events, ok := r.await(wait, fd)
		if !ok {
			return
		}
		r.follow()
		mine, lines := k.mine()
		if !mine {
			wait, fd = lookForKeys, -1
			continue
		}
		if fd < 0 {
			k.set()
			wait, fd = often, k.fd
			continue
		}
		if events == 0 {
			continue
		}
		n, err := unix.Read(fd, buf)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
		case err != nil || n <= 0 && events&unix.POLLHUP != 0:
			return // the terminal is gone
		case !r.pressed(buf[:max(n, 0)], lines):
			return
		}
	}
}

// follow has a shared terminal follow the command's.
func (r *relay) follow() {
	if k := &r.pty.keys; k.shared && k.fd >= 0 {
		k.follow(&r.pty.began, r.pty.modes())
	}
}

// pressed passes on keys. A line that does not end as one was ended by the key for the end of input, which is not a
// part of it.
func (r *relay) pressed(keys []byte, lines bool) bool {
	began := &r.pty.began
	if lines {
		r.echo.expect(keys, began)
	}
	if n := len(keys); n == 0 || lines && n < 4<<10 && !endsLine(keys[n-1], began) {
		keys = append(bytes.Clone(keys), began.Cc[unix.VEOF])
	}
	_, err := r.master.Write(keys)
	return err == nil
}

func endsLine(key byte, t *unix.Termios) bool {
	return key == '\n' || key != 0 && (key == t.Cc[unix.VEOL] || key == t.Cc[unix.VEOL2])
}

// endOfInput types the key that ends input on a terminal, again and again: nobody
// types anything else, and a program that has just begun may take the
// first for a character.
func (r *relay) endOfInput() {
	for wait := 50; ; wait = min(2*wait, 1000) {
		if _, err := r.master.Write([]byte{r.pty.modes().Cc[unix.VEOF]}); err != nil {
			return
		}
		if _, ok := r.await(wait, -1); !ok {
			return
		}
	}
}

// await waits until fd can be read, or for some milliseconds, and returns what there is to say of fd. It is
// false once the relay has ended.
func (r *relay) await(ms, fd int) (events int16, ok bool) {
	fds := []unix.PollFd{{Fd: int32(r.ended), Events: unix.POLLIN}, {Fd: int32(fd), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, ms)
		if err != unix.EINTR {
			return fds[1].Revents, err == nil && fds[0].Revents == 0
		}
	}
}

// echo is what the command's terminal will echo of lines that the caller's has echoed already.
type echo struct {
	mu   sync.Mutex
	text []byte
}

// expect notes a line that is about to be passed on, given the modes of the command's terminal.
func (e *echo) expect(line []byte, t *unix.Termios) {
	if t.Lflag&unix.ECHO == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range line {
		switch {
		case c == '\n' && t.Oflag&unix.OPOST != 0 && t.Oflag&unix.ONLCR != 0:
			e.text = append(e.text, '\r', c)
		case c == '\n', c == '\t', t.Lflag&unix.ECHOCTL == 0:
			e.text = append(e.text, c)
		case c < 0x20, c == 0x7f:
			e.text = append(e.text, '^', c^0x40)
		default:
			e.text = append(e.text, c)
		}
	}
}

// strip takes off what was expected. What is not as expected is all passed on.
func (e *echo) strip(buf []byte) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := min(len(buf), len(e.text))
	if !bytes.Equal(buf[:n], e.text[:n]) {
		e.text = nil
		return buf
	}
	e.text = e.text[n:]
	return buf[n:]
}
