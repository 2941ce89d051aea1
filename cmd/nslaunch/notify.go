package main

import (
	"os"
	"sync"
	"time"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/units/notify"
	"golang.org/x/sys/unix"
)

// managerWait is the time that a service manager has to read one message.
const managerWait = time.Second

// tellManager returns a function that passes messages on to the service manager. It reports
// once that the manager cannot be reached.
func tellManager(v *cli.Voice) func(address string, message []byte, descriptors []int) {
	var once sync.Once
	return func(address string, message []byte, descriptors []int) {
		var err error
		if notify.Barrier(message) && len(descriptors) == 1 {
			err = passBarrier(notify.Address(address))
		} else {
			var now unix.Timespec
			_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
			message = notify.Translate(message, notify.Sender{PID: os.Getpid(), Now: time.Duration(now.Nano())})
			if len(message) == 0 {
				return
			}
			err = notify.Address(address).Send(message, nil, managerWait)
		}
		if err != nil {
			once.Do(func() { v.Warnf("the service manager at %s cannot be reached: %s", address, err) })
		}
	}
}

// passBarrier returns when the manager has read all that was sent before. It is sent a descriptor
// of ours to close: closing the sandbox's could take as long as the sandbox likes.
func passBarrier(address notify.Address) error {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(ends[0])
	err := address.Send([]byte("BARRIER=1"), ends[1:], managerWait)
	unix.Close(ends[1])
	if err != nil {
		return err
	}
	_, err = unix.Poll([]unix.PollFd{{Fd: int32(ends[0])}}, int(managerWait.Milliseconds()))
	if err == unix.EINTR {
		return nil
	}
	return err
}

// closeSockets closes the launcher's copies of the sockets that the command
// has: a process that waits for the end of one waits for the command, and not for the launcher.
func closeSockets(sockets []int) {
	for _, fd := range sockets {
		_ = unix.Close(fd)
	}
}
