package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"github.com/nslaunch/nslaunch/internal/cgroup"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"golang.org/x/sys/unix"
)

// namespacesOfMachine are those that a machine of its own is made of.
const namespacesOfMachine = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET

// guestCgroup is where commands start, seen from the root of the machine's cgroups.
const guestCgroup = "test"

// systemd keeps a machine with systemd until stdin ends, in a cgroup of its
// own, and leaves nothing behind. args are DIR SHARED TARGET: an empty directory
// of ours, a directory that is there inside too, and what to start.
func systemd(args []string) error {
	// The machine dies with the thread that starts it.
	runtime.LockOSThread()
	path, err := makeCgroup()
	if err != nil {
		return err
	}
	return errors.Join(keepMachine(path, args), cgroup.Remove(path))
}

func keepMachine(cgroup string, args []string) error {
	notify := filepath.Join(args[0], "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer socket.Close()
	place, err := os.Open(cgroup)
	if err != nil {
		return err
	}
	defer place.Close()
	fd, lifeline, err := newLifeline()
	if err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", slices.Concat([]string{"-boot", lifeline, notify}, args)...)
	cmd.Env = []string{}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true, Cloneflags: namespacesOfMachine, UseCgroupFD: true, CgroupFD: int(place.Fd()),
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := unix.Close(fd); err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(over)
	}()
	select {
	case err = <-gone:
		return fmt.Errorf("systemd ended at boot: %w", err)
	case err = <-booted(socket):
	case <-over:
	}
	if err == nil {
		// A test may have its machine shut down: that is no error.
		fmt.Println("ready", cmd.Process.Pid)
		<-over
	}
	_ = cmd.Process.Kill()
	<-gone
	return err
}

// booted waits for READY=1 of sd_notify(3).
func booted(socket *net.UnixConn) <-chan error {
	done := make(chan error, 1)
	go func() {
		message := make([]byte, 4096)
		for {
			n, err := socket.Read(message)
			if err != nil || slices.ContainsFunc(bytes.Split(message[:n], []byte("\n")), func(line []byte) bool {
				return string(line) == "READY=1"
			}) {
				done <- err
				return
			}
		}
	}()
	return done
}

// makeCgroup makes one for the machine, with one for commands in it, in
// whichever place this machine has its cgroup2.
func makeCgroup() (string, error) {
	root, err := cgroup.Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, report.MachineCgroup+strconv.Itoa(os.Getpid()))
	return path, os.MkdirAll(filepath.Join(path, guestCgroup), 0o755)
}

// lifelineFD is far from what commands are given.
const lifelineFD = 900

// newLifeline makes a pipe that says, in another pid namespace, whether this
// process is there. A child inherits the descriptor, by its number; we keep the
// other end, which nothing but our end closes.
func newLifeline() (fd int, number string, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return 0, "", err
	}
	fd, err = unix.FcntlInt(uintptr(ends[0]), unix.F_DUPFD, lifelineFD)
	return fd, strconv.Itoa(fd), errors.Join(err, unix.Close(ends[0]))
}

// dieWithParent has the kernel kill what this thread will execute when the
// thread that started us ends: that can't be in SysProcAttr, which compares
// parents' pids, and one in another pid namespace has none.
func dieWithParent(lifeline string) error {
	fd, err := strconv.Atoi(lifeline)
	if err != nil {
		return err
	}
	unix.CloseOnExec(fd)
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	// It may have ended before.
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd)}}, 0); err != nil || n > 0 {
		return errors.Join(errors.New("whoever started this is gone"), err)
	}
	return nil
}
