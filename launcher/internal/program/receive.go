package program

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrGone says that all who could have said anything have ended.
var ErrGone = errors.New("the child ended unexpectedly")

// Receive returns the next message and the pid of its sender; ErrGone if all
// other ends of the socket are closed.
func Receive(fd int) (Message, int, error) {
	m, pid, _, err := ReceiveText(fd)
	return m, pid, err
}

// ReceiveText also returns the text behind a failure.
func ReceiveText(fd int) (Message, int, string, error) {
	var buf [MessageSize + MaxText + 1]byte
	oob := make([]byte, unix.CmsgSpace(unix.SizeofUcred))
	for {
		n, oobn, _, _, err := unix.Recvmsg(fd, buf[:], oob, unix.MSG_CMSG_CLOEXEC)
		// The kernel reports a reset once, before what was sent: the other end was closed with something of ours unread.
		if err == unix.EINTR || err == unix.ECONNRESET {
			continue
		}
		if err == nil && n == 0 {
			return Message{}, 0, "", ErrGone
		}
		if err != nil {
			return Message{}, 0, "", err
		}
		m, ok := DecodeMessage(buf[:n])
		if !ok {
			return m, 0, "", fmt.Errorf("a message of %d bytes from the child", n)
		}
		return m, sender(oob[:oobn]), string(buf[MessageSize:n]), nil
	}
}

// sender is the pid of the credentials that the kernel added.
func sender(oob []byte) int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return int(cred.Pid)
		}
	}
	return 0
}
