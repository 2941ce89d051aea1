package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/internal/nofile"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"golang.org/x/sys/unix"
)

func (e *eye) process() {
	p := &e.Process
	p.PID, p.Parent, p.Group, p.Args = os.Getpid(), os.Getppid(), syscall.Getpgrp(), os.Args
	var err error
	p.Session, err = unix.Getsid(0)
	e.note("session", err)
	// The system call, not os.Getwd: that would trust $PWD.
	p.Cwd, err = unix.Getwd()
	e.note("cwd", err)
	p.Umask = unix.Umask(0)
	unix.Umask(p.Umask)
	// The raw call returns 20 - nice, to keep its results positive.
	priority, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	e.note("nice", err)
	p.Nice = 20 - priority
	if text, err := os.ReadFile("/proc/self/oom_score_adj"); err != nil {
		e.note("oom_score_adj", err)
	} else {
		p.OOMScoreAdj, _ = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	p.DeathSignal = e.deathSignal()
	p.Dumpable = e.prctl("dumpable", unix.PR_GET_DUMPABLE)
	p.NoNewPrivs = e.prctl("no_new_privs", unix.PR_GET_NO_NEW_PRIVS) == 1
	p.Securebits = e.prctl("securebits", unix.PR_GET_SECUREBITS)
	p.Seccomp = e.prctl("seccomp", unix.PR_GET_SECCOMP)
	// ENOKEY: the process has none, and would be given the user's.
	if serial, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false); err == nil {
		p.Keyring = serial
	} else {
		e.note("keyring", err)
	}
}

func (e *eye) prctl(part string, option int) int {
	value, err := unix.PrctlRetInt(option, 0, 0, 0, 0)
	e.note(part, err)
	return value
}

// resources are the limits of getrlimit(2) by their numbers, which are the
// same on all of Go's processors but mips.
func resources() []string {
	return []string{"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock",
		"as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"}
}

func (e *eye) limits() {
	e.Limits = map[string]report.Limit{}
	for number, name := range resources() {
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(number, &limit); err != nil {
			e.note("limits."+name, err)
			continue
		}
		if name == "nofile" {
			limit.Cur, limit.Max = nofile.Original.Soft, nofile.Original.Hard
		}
		e.Limits[name] = report.Limit{Soft: int64(limit.Cur), Hard: int64(limit.Max)}
	}
}

// descriptors asks for each number, so it needs no /proc. What is close-on-exec
// was not there at exec: the Go runtime has opened it.
func (e *eye) descriptors() {
	e.Descriptors = map[int]string{}
	for fd := range 1024 {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		e.Descriptors[fd], _ = os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	}
}

// signals reads the two sets that the Go runtime leaves something of.
func (e *eye) signals() {
	text, err := os.ReadFile("/proc/self/status")
	e.note("signals", err)
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		set, _ := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		switch name {
		case "SigBlk":
			e.Signals.Blocked = set
		case "SigIgn":
			e.Signals.Ignored = set
		}
	}
}

func (e *eye) terminal() {
	t := &e.Terminal
	for fd := range t.IsTerminal {
		_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		t.IsTerminal[fd] = err == nil
	}
	if t.IsTerminal[0] {
		group, err := unix.IoctlGetInt(0, unix.TIOCGPGRP)
		e.note("foreground", err)
		t.Foreground = group
		size, err := unix.IoctlGetWinsize(0, unix.TIOCGWINSZ)
		e.note("size", err)
		if err == nil {
			t.Rows, t.Columns = int(size.Row), int(size.Col)
		}
	}
	// Fields 7 and on follow the name, which may hold spaces.
	if text, err := os.ReadFile("/proc/self/stat"); err != nil {
		e.note("terminal", err)
	} else if f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])); len(f) > 4 {
		t.Device, _ = strconv.Atoi(f[4])
	}
	t.Controlling = t.Device != 0
	if fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0); err == nil {
		t.Controlling = true
		_ = unix.Close(fd)
	}
}
