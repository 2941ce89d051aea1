// Package notice says what becomes of a command while it runs. It makes the messages of sd_notify(3), or receives those of the
// command, and gives them to launcher.Options.Notify. It sends nothing itself.
package notice

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Notifier reports to the service manager what becomes of the command: in its
// words, which are relayed, or in the launcher's. The zero value reports nothing.
type Notifier struct {
	socket *os.File      // that the command writes to; nil where the launcher speaks
	every  time.Duration // between messages of the launcher's; 0: just at the start

	send     func(message []byte, descriptors []int) // nil: nothing is reported
	stopping chan struct{}                           // has a value when the command was asked to end
	done     chan struct{}                           // closed at the end
	running  sync.WaitGroup
}

const (
	// longestNotification is what systemd reads of a message; see sd_notify(3).
	longestNotification = 4096
	// What the kernel lets wait in a socket (net.unix.max_dgram_qlen), and more.
	mostNotifications = 1024
	// The manager's time to read what the command said last.
	longestDrain = 2 * time.Second
)

// Prepare has the notifier call a function: with what the command says, if it was made to [Notifier.Listen], else that
// it runs, now and then again.
func (n *Notifier) Prepare(every time.Duration, send func(message []byte, descriptors []int)) {
	n.every, n.send = every, send
	n.stopping = make(chan struct{}, 1)
}

// Listen has it relay what comes in by a socket, which it closes in the end.
func (n *Notifier) Listen(socket *os.File) { n.socket = socket }

// Active reports whether there is a manager to report to.
func (n *Notifier) Active() bool { return n.send != nil }

// Start begins, now that the command's program runs.
func (n *Notifier) Start() {
	if n.send == nil {
		return
	}
	n.done = make(chan struct{})
	n.running.Add(1)
	go func() {
		defer n.running.Done()
		if n.socket != nil {
			n.relay()
		} else {
			n.speak()
		}
	}()
}

// Stopping notes that the command was asked to end.
func (n *Notifier) Stopping() {
	select {
	case n.stopping <- struct{}{}:
	default: // nothing to report, or it was reported
	}
}

// Finish returns when all is passed on that was said.
func (n *Notifier) Finish() {
	if n.done != nil {
		close(n.done)
		if n.socket != nil {
			_ = n.socket.SetReadDeadline(time.Now())
		}
		n.running.Wait()
		n.done = nil
	}
	if n.socket != nil {
		n.socket.Close()
	}
}

// speak says that the command runs, as long as it does.
func (n *Notifier) speak() {
	n.send([]byte("READY=1"), nil)
	var again <-chan time.Time
	if n.every > 0 {
		ticker := time.NewTicker(n.every)
		defer ticker.Stop()
		again = ticker.C
	}
	for {
		select {
		case <-again:
			n.send([]byte("WATCHDOG=1"), nil)
		case <-n.stopping:
			n.send([]byte("STOPPING=1"), nil)
		case <-n.done:
			// It may have ended so fast because it was asked to.
			select {
			case <-n.stopping:
				n.send([]byte("STOPPING=1"), nil)
			default:
			}
			return
		}
	}
}

// relay passes on what the command says, and in the end what is there by then: what
// lives on without a pid namespace may say more, and is not heard.
func (n *Notifier) relay() {
	c, err := n.socket.SyscallConn()
	if err != nil {
		return
	}
	buf, oob := make([]byte, longestNotification+1), make([]byte, unix.CmsgSpace(4))
	for err == nil {
		heard := false
		err = c.Read(func(fd uintptr) bool {
			heard = n.hear(int(fd), buf, oob)
			return heard
		})
	}
	end := time.Now().Add(longestDrain)
	for heard, left := true, mostNotifications; heard && left > 0 && time.Now().Before(end); left-- {
		heard = false
		_ = c.Control(func(fd uintptr) { heard = n.hear(int(fd), buf, oob) })
	}
}

// hear passes on one message, if there is one. Of its descriptors, what
// there is no room for is closed by the kernel.
func (n *Notifier) hear(fd int, buf, oob []byte) bool {
	size, oobn, _, _, err := unix.Recvmsg(fd, buf, oob, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return err == unix.EINTR
	}
	var descriptors []int
	if messages, err := unix.ParseSocketControlMessage(oob[:oobn]); err == nil {
		for i := range messages {
			fds, _ := unix.ParseUnixRights(&messages[i])
			descriptors = append(descriptors, fds...)
		}
	}
	n.send(buf[:size], descriptors)
	// How long that takes may be up to the sandbox.
	go func() {
		for _, d := range descriptors {
			unix.Close(d)
		}
	}()
	return true
}
