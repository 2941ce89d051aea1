package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/records"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// supervisorName is argument 0 of the launcher of a detached sandbox. Its first argument is the
// number of the descriptor on which it says the sandbox's name once the command runs; the others are
// those of run.
const supervisorName = "nslaunch-supervisor"

// detach starts the same launch in a session of its own, and returns once the command runs there,
// or with the status of what failed.
func detach(c *cli.Call) int {
	ready, theirs, err := os.Pipe()
	if err != nil {
		return c.Fail(err)
	}
	signals, err := launcher.ReceiveSignals()
	var pid int
	if err == nil {
		pid, err = startSupervisor(c.Words, theirs)
	}
	theirs.Close()
	if err != nil {
		return c.Fail(err)
	}
	go func() {
		for sig, err := signals.Next(); err == nil; sig, err = signals.Next() {
			_ = unix.Kill(pid, sig)
		}
	}()
	name, err := io.ReadAll(ready)
	if err == nil && len(name) > 0 {
		if c.Put(string(name)) != cli.ExitOK { // the sandbox runs, and nobody heard of its name
			_ = unix.Kill(pid, unix.SIGTERM) // which ends the command, too, at the latest after process.stop_timeout
			_, _ = waitForChild(pid)
			return cli.ExitSetup
		}
		return cli.ExitOK
	}
	status, err := waitForChild(pid)
	switch {
	case err != nil:
		return c.Fail(os.NewSyscallError("wait4", err))
	case status.Signaled():
		c.Errorf("the launcher was killed by %s", unix.SignalName(status.Signal()))
	default:
		return status.ExitStatus()
	}
	return cli.ExitSetup
}

// waitForChild waits for the end of the child pid.
func waitForChild(pid int) (status syscall.WaitStatus, err error) {
	for {
		if _, err = syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
			return status, err
		}
	}
}

// startSupervisor executes this program again, with all descriptors that this process was given
// and the writing end of a pipe.
func startSupervisor(args []string, ready *os.File) (int, error) {
	given, err := inheritedFDs()
	if err != nil {
		return 0, err
	}
	at := 3
	for at < len(given) && given[at] != closed {
		at++
	}
	if at == len(given) {
		given = append(given, closed)
	}
	given[at] = ready.Fd()
	argv := append([]string{supervisorName, strconv.Itoa(at)}, args...)
	return syscall.ForkExec("/proc/self/exe", argv, &syscall.ProcAttr{
		Env: os.Environ(), Files: given, Sys: &syscall.SysProcAttr{Setsid: true},
	})
}

// closed means that a descriptor is not passed on.
const closed = ^uintptr(0)

// inheritedFDs lists the open descriptors that an execve keeps, each at its own number.
func inheritedFDs() ([]uintptr, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	files := []uintptr{closed, closed, closed}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		for len(files) <= fd {
			files = append(files, closed)
		}
		files[fd] = uintptr(fd)
	}
	return files, nil
}

// supervisor is the launcher's side of --detach.
type supervisor struct {
	ready     *os.File // the name goes there
	null, log *os.File
	holds     *os.File // the log, for the launcher alone; see [records.Record.CreateLog]
	inherited []int    // the descriptors that it came with, but for the streams
	events    []int    // those of them that it writes to, to the end
}

// supervise is run, in the session of a detached sandbox.
func supervise(v *cli.Voice, args []string) int {
	fd, err := strconv.Atoi(args[0])
	if err != nil || fd < 3 {
		v.Errorf("not a descriptor: %q", args[0])
		return cli.ExitSetup
	}
	unix.CloseOnExec(fd)
	given, err := inheritedFDs() // not later: to ask systemd for a scope marks all
	if err != nil {
		v.Complain(err)
		return cli.ExitSetup
	}
	s := &supervisor{ready: os.NewFile(uintptr(fd), "ready")}
	for fd, g := range given {
		if fd > 2 && g != closed {
			s.inherited = append(s.inherited, fd)
		}
	}
	return launch(s).Do(v, args[1:])
}

// open opens what the command has for standard streams. Its output goes to a file of the sandbox's
// below ${state}, which needs no memory as one below /run would.
func (s *supervisor) open(r *records.Record) error {
	var err error
	if s.log, s.holds, err = r.CreateLog(); err == nil {
		s.null, err = openNull()
	}
	if err != nil {
		return fmt.Errorf("--detach: %w", err)
	}
	return nil
}

// leave lets go of what came from who started this, once the command has what it was promised of that: the streams, the working
// directory and the descriptors. Nothing has closed one of these before. Then it says the sandbox's name.
func (s *supervisor) leave(name string) {
	for fd, f := range []*os.File{s.null, s.log, s.holds} {
		_ = unix.Dup2(int(f.Fd()), fd)
	}
	for _, fd := range s.inherited {
		if !slices.Contains(s.events, fd) {
			unix.Close(fd)
		}
	}
	_ = unix.Chdir("/")
	_, _ = io.WriteString(s.ready, name+"\n")
	s.ready.Close()
}

// alone refuses what speaks to a service manager, whose service --detach leaves.
func alone(p *config.Profile) error {
	var keys []string
	for _, k := range []struct {
		key string
		set bool
	}{
		{"service.notify", p.Service.Notify != config.NotifyNone},
		{"service.listen_fds", p.Service.ListenFDs},
		{"service.credentials", p.Service.Credentials},
	} {
		if k.set {
			keys = append(keys, k.key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	start := "run it without --detach"
	if p.File != "" {
		start = "systemd starts it with what this prints: nslaunch unit " + quote.Word(p.File)
	}
	return &config.Error{Pos: p.Origin(keys[0]).Pos, Key: strings.Join(keys, ", "),
		Msg: fmt.Sprintf("--detach leaves the service, which this needs (%s)", start)}
}
