package units

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// sharesPIDs proves that the owner of a name on m's bus, or the manager itself
// on a private socket, has the pid namespace of this process: only then a pid means
// the same process to both.
func (m *manager) sharesPIDs(ctx context.Context) error {
	// Who really serves the socket: SO_PEERCRED would return the process that made it.
	pid, err := servedBy(m.address)
	if err != nil {
		return err
	}
	if err := inOurPIDNamespace(pid); err != nil || m.private {
		return err
	}
	return ownerSharesPIDs(ctx, m.calls, managerName)
}

// ownerSharesPIDs proves it of the owner of a name, on a bus that is in this
// process's pid namespace.
func ownerSharesPIDs(ctx context.Context, c *dbus.Conn, name string) error {
	var pid uint32
	err := c.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionUnixProcessID", 0, name).Store(&pid)
	if err != nil {
		return err
	}
	return inOurPIDNamespace(int(pid))
}

// servedBy returns the pid of the process that answers at an address, as this process sees it; 0 if it
// can't. The kernel attaches it to each message.
func servedBy(address string) (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	const longest = 10 * time.Second
	end := time.Now().Add(longest)
	err = errors.New("no Unix socket in the address")
	for part := range strings.SplitSeq(address, ";") {
		name, ok := socketName(part)
		if !ok {
			continue
		}
		if err = uninterrupted(end, func() error { return unix.Connect(fd, &unix.SockaddrUnix{Name: name}) }); err == nil {
			break
		}
	}
	if err != nil {
		return 0, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return 0, err
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: int64(longest.Seconds())}); err != nil {
		return 0, err
	}
	// The first bytes that each client sends; the answer lists the ways to authenticate.
	if _, err := unix.Write(fd, []byte("\x00AUTH\r\n")); err != nil {
		return 0, err
	}
	buffer, oob := make([]byte, 512), make([]byte, unix.CmsgSpace(unix.SizeofUcred))
	var n, oobn int
	err = uninterrupted(end, func() (err error) {
		n, oobn, _, _, err = unix.Recvmsg(fd, buffer, oob, unix.MSG_CMSG_CLOEXEC)
		return err
	})
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, errors.New("the manager's socket closed")
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		return 0, err
	}
	for i := range messages {
		if c, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return int(c.Pid), nil
		}
	}
	return 0, errors.New("the kernel did not report which process answers")
}

// uninterrupted repeats a call that a signal has interrupted, as the Go runtime's own do, until end. A call with a time
// limit is not restarted by the kernel; see signal(7).
func uninterrupted(end time.Time, call func() error) error {
	for {
		if err := call(); err != unix.EINTR || time.Now().After(end) {
			return err
		}
	}
}

// socketName finds the socket in one part of an address, as connect(2) takes it.
func socketName(part string) (string, bool) {
	keys, ok := strings.CutPrefix(part, "unix:")
	if !ok {
		return "", false
	}
	for pair := range strings.SplitSeq(keys, ",") {
		key, escaped, _ := strings.Cut(pair, "=")
		value, err := dbus.UnescapeBusAddressValue(escaped)
		switch {
		case err != nil:
		case key == "path":
			return value, true
		case key == "abstract":
			return "@" + value, true
		}
	}
	return "", false
}

// inOurPIDNamespace proves that a process is in this one's pid namespace. The links in /proc/PID/ns
// need permission to trace the process. But its status, which every user may read, has one number for each
// pid namespace from that of /proc down to its own.
func inOurPIDNamespace(pid int) error {
	own, err := pids("self")
	if err != nil {
		return err
	}
	if len(own) != 1 || own[0] != os.Getpid() {
		return errors.New("/proc is not that of nslaunch's pid namespace")
	}
	if pid == 0 {
		return errors.New("the manager is in a pid namespace that nslaunch cannot see")
	}
	theirs, err := pids(strconv.Itoa(pid))
	switch {
	case err != nil:
		return fmt.Errorf("process %d cannot be inspected: %w", pid, err)
	case len(theirs) != 1 || theirs[0] != pid:
		return errors.New("the manager is in a pid namespace below that of nslaunch")
	}
	return nil
}

// pids are the numbers of a process, from the pid namespace of /proc to its own.
func pids(process string) ([]int, error) {
	file := "/proc/" + process + "/status"
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return numbersOf(string(text), "NSpid:", file)
}

// numbersOf reads the numbers of a line such as "NSpid:\t12\t1".
func numbersOf(text, label, file string) ([]int, error) {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, label)
		if !ok {
			continue
		}
		var all []int
		for word := range strings.FieldsSeq(rest) {
			n, err := strconv.Atoi(word)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			all = append(all, n)
		}
		return all, nil
	}
	return nil, fmt.Errorf("%s has no line %s", file, strings.TrimSuffix(label, ":"))
}

// pidOf returns the pid of a pidfd's process; -1 if it has ended and was waited for.
func pidOf(pidfd int) (int, error) {
	file := fmt.Sprintf("/proc/self/fdinfo/%d", pidfd)
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	all, err := numbersOf(string(text), "Pid:", file)
	if err != nil {
		return 0, err
	}
	if len(all) != 1 {
		return 0, fmt.Errorf("%s: want one pid", file)
	}
	return all[0], nil
}

// ended reports whether a pidfd's process has ended.
func ended(pidfd int) bool {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1
}
