package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/placement"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// scopeHelper is the program that speaks D-Bus. It is one of its own, so that a launch
// without a scope does not load what that takes.
const scopeHelper = "nslaunch-scope"

// findScopeHelper finds it beside this program, where the package, "make install" and "go install" put it. A symbolic link
// to nslaunch makes no difference.
func findScopeHelper() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(self), scopeHelper)
	var own, other unix.Stat_t
	if err := unix.Stat(self, &own); err != nil {
		return "", &os.PathError{Op: "stat", Path: self, Err: err}
	}
	switch err := unix.Stat(path, &other); {
	case err == unix.ENOENT:
		return "", fmt.Errorf("%s does not exist: nslaunch-scope has to be in the directory of nslaunch", path)
	case err != nil:
		return "", &os.PathError{Op: "stat", Path: path, Err: err}
	}
	// In a directory such as /tmp anybody may put one beside this program.
	const others = unix.S_IWGRP | unix.S_IWOTH
	if other.Uid != 0 && other.Uid != own.Uid || other.Mode&^own.Mode&others != 0 || other.Mode&unix.S_IFMT != unix.S_IFREG {
		return "", fmt.Errorf("%s is not run, because users who may not write to %s may write to it", path, self)
	}
	return path, nil
}

// withoutHelper removes the managers from the host if there is no program that could ask
// them.
func withoutHelper(p *config.Profile, h *launcher.Host) {
	if p.Scope.Mode == config.ScopeOff || len(h.Scope.Managers) == 0 {
		return
	}
	if _, err := findScopeHelper(); err != nil {
		h.Scope.Managers, h.Scope.Tried = nil, []string{err.Error()}
	}
}

// placer returns a [launcher.Options.Place].
func placer(v *cli.Voice) func(context.Context, launcher.Placement) (launcher.Placed, error) {
	return func(ctx context.Context, p launcher.Placement) (launcher.Placed, error) { return place(ctx, v, p) }
}

func place(ctx context.Context, v *cli.Voice, p launcher.Placement) (launcher.Placed, error) {
	helper, err := findScopeHelper()
	if err != nil {
		return launcher.Placed{}, err
	}
	asked, err := json.Marshal(placementRequest(p))
	if err != nil {
		return launcher.Placed{}, err
	}
	h, err := startHelper(ctx, v, helper, asked, p)
	if err != nil {
		return launcher.Placed{}, err
	}
	if h.answer.Error != nil {
		h.end()
		if h.answer.Error.Absent && runsWithout(p.Profile) {
			v.Notef("no scope: %s", h.answer.Error.Message)
			return launcher.Placed{}, nil
		}
		return launcher.Placed{}, placeError(p.Profile, h.answer.Error)
	}
	for _, n := range h.answer.Notes {
		v.Notef("%s", launcher.Note{Origin: p.Profile.Origin(propertyKey(p.Profile, n.Property)), Text: n.Text})
	}
	placed := launcher.Placed{Unit: h.answer.Unit, Cgroup: h.answer.Cgroup}
	if p.Watch && !p.Keep {
		placed.End = h.end
	} else {
		h.end()
	}
	return placed, nil
}

// runsWithout reports whether a profile may run where there is no manager.
func runsWithout(p *config.Profile) bool {
	return p.Scope.Mode == config.ScopeAuto || p.Scope.Mode == config.ScopeImplied && p.Limits.Optional
}

func placementRequest(p launcher.Placement) placement.Request {
	s := p.Profile.Scope
	r := placement.Request{
		Bus: p.Manager.Bus, Address: p.Manager.Address, Private: p.Manager.Private,
		PID: p.PID, Unit: p.Unit, Fixed: p.Fixed, Keep: p.Keep, Optional: p.Profile.Limits.Optional,
	}
	limits := p.Profile.UnitLimits()
	for _, l := range limits {
		r.Limits = append(r.Limits, l.Name)
	}
	if p.Keep {
		r.Properties = limits
		return r
	}
	r.Description, r.Slice, r.Delegate, r.Service = s.Description, s.Slice, s.Delegate, p.Service
	r.Properties, r.Watch = p.Profile.ScopeProperties(), p.Watch
	if r.Description == "" {
		r.Description = "Sandbox " + p.Profile.Name
	}
	if s.Machine {
		r.Machine = p.Profile.Name
	}
	return r
}

// helper is a running nslaunch-scope that has answered.
type helper struct {
	voice  *cli.Voice
	cmd    *exec.Cmd
	stdin  *os.File // its end is the helper's
	said   bytes.Buffer
	answer placement.Response
}

func startHelper(ctx context.Context, v *cli.Voice, path string, request []byte, p launcher.Placement) (*helper, error) {
	in, stdin, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	stdout, out, err := os.Pipe()
	if err != nil {
		stdin.Close()
		return nil, err
	}
	defer stdout.Close()
	defer out.Close()
	// A file of its own: closing it is not the launcher's descriptor.
	pidfd, err := unix.FcntlInt(uintptr(p.PIDFD), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		// What the caller passed is the command's, which has it by now.
		err = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	}
	if err != nil {
		stdin.Close()
		return nil, err
	}
	file := os.NewFile(uintptr(pidfd), "pidfd")
	defer file.Close()
	h := &helper{voice: v, stdin: stdin}
	h.cmd = exec.Command(path)
	h.cmd.Env = []string{}
	h.cmd.Dir = "/"
	h.cmd.Stdin, h.cmd.Stdout, h.cmd.Stderr = in, out, &h.said
	h.cmd.ExtraFiles = []*os.File{file}
	// In a session of its own, no key of the terminal reaches it.
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := h.cmd.Start(); err != nil {
		stdin.Close()
		return nil, err
	}
	out.Close()
	// ctx is that of the launch, which a helper that watches outlives.
	defer context.AfterFunc(ctx, func() { _ = h.cmd.Process.Kill() })()
	if _, err = stdin.Write(append(request, '\n')); err == nil {
		err = json.NewDecoder(stdout).Decode(&h.answer)
	}
	if err != nil {
		h.end()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%s gave no answer: %s", path, strings.TrimSpace(h.said.String()+" "+h.cmd.ProcessState.String()))
	}
	return h, nil
}

// end has the helper end what is left of the scope, if that is its task, and waits for it.
func (h *helper) end() {
	h.stdin.Close()
	if err := h.cmd.Wait(); err != nil && h.answer.Unit != "" {
		h.voice.Warnf("what is left of %s may not have been ended: %s", h.answer.Unit, strings.TrimSpace(h.said.String()+" "+err.Error()))
	}
}

// placeError puts a refusal at its place in the profile.
func placeError(p *config.Profile, e *placement.Error) error {
	key := propertyKey(p, e.Property)
	if e.Setting != "" {
		key = "scope." + e.Setting
	}
	cure := e.Cure
	if e.Absent && len(p.UnitLimits()) > 0 {
		cure = "limits.optional = true, if the sandbox may run without the limits"
	}
	return &launcher.PlaceError{Key: key, Message: e.Message, Cause: e.Cause, Cure: cure}
}

// outOfMemory says what the kernel did, and what the limit was.
func outOfMemory(p *config.Profile) string {
	text := "the kernel killed a process of the sandbox because memory ran out"
	for _, property := range p.ScopeProperties() {
		if property.Name == "MemoryMax" {
			text += fmt.Sprintf(" (%s = %s at %s)", property.Key, property.Text, p.Origin(property.Key).Pos)
		}
	}
	return text
}

// propertyKey is the profile's key for a property; "" if it has none.
func propertyKey(p *config.Profile, name string) string {
	for _, property := range p.ScopeProperties() {
		if property.Name == name {
			return property.Key
		}
	}
	return ""
}
