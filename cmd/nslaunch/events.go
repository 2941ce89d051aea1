package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/problem"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// events writes what happens to --status-fd, one JSON object a line. A nil one writes nothing.
type events struct{ fd int }

func newEvents(fd int) (*events, error) {
	if fd < 0 {
		return nil, nil
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	// One that is closed on exec is no caller's, but the Go runtime's.
	own, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.O_ACCMODE == unix.O_RDONLY || own&unix.FD_CLOEXEC != 0 {
		return nil, fmt.Errorf("--status-fd: descriptor %d is not open for writing", fd)
	}
	unix.CloseOnExec(fd)
	return &events{fd}, nil
}

// descriptors are what events are written to.
func (e *events) descriptors() []int {
	if e == nil {
		return nil
	}
	return []int{e.fd}
}

// moveUp makes the events go where they do when the standard streams have become others.
func (e *events) moveUp() error {
	if e == nil || e.fd > 2 {
		return nil
	}
	fd, err := unix.FcntlInt(uintptr(e.fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return fmt.Errorf("--status-fd: %w", err)
	}
	e.fd = fd
	return nil
}

// write writes one event. The reader may have gone, or never come: the command
// matters more. Package os would end this process with SIGPIPE if fd is 1 or 2.
func (e *events) write(event any) {
	if e == nil {
		return
	}
	line, err := json.Marshal(event)
	for line = append(line, '\n'); err == nil && len(line) > 0; {
		var n int
		if n, err = unix.Write(e.fd, line); n > 0 {
			line = line[n:]
		}
		if err == unix.EINTR {
			err = nil
		}
	}
}

func (e *events) started(p launcher.Process) {
	e.write(struct {
		Event      string            `json:"event"`
		PID        int               `json:"pid"`
		Namespaces map[string]uint64 `json:"namespaces"`
		Unit       string            `json:"unit,omitempty"`
	}{"started", p.PID, namespaceNames(p), p.Unit})
}

func namespaceNames(p launcher.Process) map[string]uint64 {
	names := make(map[string]uint64, len(p.Namespaces))
	for kind, inode := range p.Namespaces {
		names[string(kind)] = inode
	}
	return names
}

// failure is the event of a set-up that failed.
type failure struct {
	Event   string `json:"event"`
	Status  int    `json:"status"`
	Message string `json:"message"`
	Index   int    `json:"step,omitempty"`
	Call    string `json:"call,omitempty"`
	Key     string `json:"key,omitempty"`
	At      string `json:"at,omitempty"`
	problem.Step
}

func (e *events) failed(err error, status int) { e.write(failureOf(err, status)) }

func failureOf(err error, status int) failure {
	f := failure{Event: "setup-failed", Status: status, Message: err.Error()}
	var step *launcher.StepError
	if errors.As(err, &step) {
		f.Index, f.Call, f.Step = step.Index+1, step.Call, problem.OfStep(step)
		f.Key, f.At = step.Step.Origin.Key, step.Step.Origin.Pos.String()
	}
	return f
}

func (e *events) exited(x launcher.Exit) {
	event := struct {
		Event    string `json:"event"`
		Status   int    `json:"status"`
		Signal   string `json:"signal,omitempty"`
		TimedOut bool   `json:"timed_out,omitempty"`
		OOM      bool   `json:"oom_killed,omitempty"`
	}{Event: "exited", Status: x.Status(), TimedOut: x.TimedOut, OOM: x.OOMKilled}
	if x.Signal != 0 {
		event.Signal = unix.SignalName(x.Signal)
	}
	e.write(event)
}
