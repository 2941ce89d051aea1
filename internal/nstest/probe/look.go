package main

import (
	"errors"
	"os"
	"syscall"

	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// eye fills a report and collects what it could not see.
type eye struct{ report.Report }

// look observes everything. Descriptors come first: later parts open files.
func look() report.Report {
	e := &eye{}
	e.Errors = map[string]string{}
	e.descriptors()
	e.process()
	e.ids()
	e.capabilities()
	e.signals()
	e.terminal()
	e.limits()
	e.namespaces()
	e.clocks()
	e.names()
	e.interfaces()
	e.Environment = os.Environ()
	var err error
	e.Mounts, err = mountprop.Self()
	e.note("mounts", err)
	e.Init = lookAtInit()
	return e.Report
}

// note records that a part could not be seen. No error is no note.
func (e *eye) note(part string, err error) {
	if err != nil {
		e.Errors[part] = errnoName(err)
	}
}

// errnoName returns "EPERM" for an error that wraps it, else its text.
func errnoName(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if name := unix.ErrnoName(errno); name != "" {
			return name
		}
	}
	return err.Error()
}

// names asks the uts namespace.
func (e *eye) names() {
	var uts unix.Utsname
	e.note("uts", unix.Uname(&uts))
	e.Hostname = unix.ByteSliceToString(uts.Nodename[:])
	e.Domainname = unix.ByteSliceToString(uts.Domainname[:])
}

// namespaces reads the inodes of /proc/self/ns.
func (e *eye) namespaces() {
	e.Namespaces = map[string]uint64{}
	for _, name := range []string{"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children",
		"time", "time_for_children", "user", "uts"} {
		var stat unix.Stat_t
		if err := unix.Stat("/proc/self/ns/"+name, &stat); err != nil {
			e.note("namespaces."+name, err)
			continue
		}
		e.Namespaces[name] = stat.Ino
	}
}

// clocks reads the clocks that a time namespace shifts.
func (e *eye) clocks() {
	for _, c := range []struct {
		name  string
		clock int32
		to    *int64
	}{
		{"monotonic", unix.CLOCK_MONOTONIC, &e.Clocks.Monotonic},
		{"boottime", unix.CLOCK_BOOTTIME, &e.Clocks.Boottime},
	} {
		var now unix.Timespec
		e.note("clocks."+c.name, unix.ClockGettime(c.clock, &now))
		*c.to = now.Nano()
	}
	e.offsets()
}
