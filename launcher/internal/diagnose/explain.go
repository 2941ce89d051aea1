// Package diagnose finds the cause of a step that failed, and what helps. It looks at the machine, and changes nothing.
package diagnose

import (
	"errors"
	"fmt"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// Failure is what a diagnosis starts from: a step that failed, what the plan
// knows, and the machine to be asked.
type Failure struct {
	Plan    *plan.Plan
	machine machine

	Errno unix.Errno // 0 where it was something else
	Call  string     // the system call, "" where not known
	Said  string     // by the kernel, beyond the errno

	// Of an execve: the file, and whether that is there and only its interpreter is not.
	File        string
	Interpreter bool

	// Of a child that ended without a message: what is known about its end.
	Ended  string
	Signal unix.Signal // that killed it
	// Nothing of the program was run: by a Go runtime that gave up, or by a
	// program that is not a launcher.
	Unborn, GoFatal bool
}

// Explain finds the cause of a failed step, and is the one way to it: an error that knows its own cause, what is
// particular to the action, then what can meet every action. Of several causes that fit, one for
// which the machine gives evidence comes first.
func (f *Failure) Explain(a plan.Action, err error) plan.Advice {
	if writesToProc(a) {
		for _, ask := range []func() plan.Advice{f.otherProc, f.unreadable} {
			if d := ask(); d.Some() {
				return d
			}
		}
	}
	if d, ok := f.known(err); ok {
		return d
	}
	switch {
	case f.Ended != "":
		return f.lostChild()
	case f.Errno == 0:
		return plan.Advice{}
	}
	for _, ask := range []func(plan.Action) plan.Advice{f.tree, f.particular} {
		if d := ask(a); d.Some() {
			return d
		}
	}
	return f.general(a)
}

// known explains an error that says more than an errno. It reports whether err is one.
func (f *Failure) known(err error) (plan.Advice, bool) {
	var (
		place  *step.PlaceError
		helper *step.HelperError
		tree   *step.IdmapError
		proc   step.OtherProcError
	)
	switch {
	case errors.As(err, &place):
		return plan.Advice{Cause: place.Cause, Cure: plan.Try(place.Cure), Key: place.Key}, true
	case errors.As(err, &helper):
		return f.helper(helper), true
	case errors.As(err, &tree):
		return mapped(tree), true
	case errors.As(err, &proc):
		return adviceOtherProc(), true
	}
	return plan.Advice{}, false
}

// particular knows what an errno means for an action.
func (f *Failure) particular(a plan.Action) plan.Advice {
	switch a := a.(type) {
	case step.StartStage:
		return f.start(a)
	case step.Unshare:
		return f.newNamespaces(a.New)
	case step.NewTime:
		return f.time(a)
	case step.OpenLimits, step.ForbidNamespaces:
		return f.forbid()
	case step.OpenNamespace:
		return f.openNamespace(a)
	case step.Join:
		return f.join(a)
	case step.Enter:
		return f.enter(a)
	case step.JoinCgroup:
		return f.joinCgroup(a)
	case step.MoveIntoPID:
		return f.intoPID()
	case step.WriteMap:
		return f.writeMap(a)
	case step.EnterUser:
		return f.ids(a.UID, a.GID)
	case step.BecomeUser:
		return f.ids(a.UID, a.GID)
	case step.SetGroups:
		return f.groups(a)
	case step.SetPropagation:
		return f.propagation(a)
	case step.MountProc:
		return f.mountProc()
	case step.CoverProc:
		return f.onProc()
	case step.Protect:
		return f.protect(a)
	case step.OpenPTY:
		return f.pty()
	case step.RaiseRlimit:
		return f.rlimit(a.Rlimit)
	case step.SetRlimit:
		return f.rlimit(a.Rlimit)
	case step.SetOOMScoreAdj:
		return f.oomScoreAdj()
	case step.SetNice:
		return f.nice()
	case step.NewKeyring:
		return f.keyring()
	case step.ChangeDir:
		return f.changeDir(a)
	case step.Execute:
		return f.execute(a)
	}
	return plan.Advice{}
}

// general knows what an errno means for any action.
func (f *Failure) general(a plan.Action) plan.Advice {
	switch f.Errno {
	case unix.EPERM, unix.EACCES:
		if _, ok := a.(step.Privileged); ok {
			if d := f.appArmor(); d.Some() {
				return d
			}
		}
		return f.refusedByOuter()
	case unix.ENOSYS:
		d := f.seccomp()
		if d.None() {
			d.Cause = fmt.Sprintf("this kernel, Linux %d.%d, has no such call%s", f.Plan.Host.Kernel[0], f.Plan.Host.Kernel[1], f.inCall())
			d.Cure = plan.Try("use a newer kernel: nslaunch needs Linux 6.1")
		}
		return d
	case unix.EMFILE, unix.ENFILE:
		return f.descriptors()
	case unix.EROFS:
		return plan.Advice{Cause: "/proc is read-only here, and nslaunch has to write to files of its child there",
			Cure: plan.Try("start the outer container with a writable /proc")}
	case unix.EAGAIN:
		if f.Call == "clone" || f.Call == "" {
			return f.processes()
		}
	case unix.ENOMEM:
		return f.memory()
	case unix.EFBIG:
		return f.fileSize()
	}
	return plan.Advice{}
}

// inCall names the system call, where it is known.
func (f *Failure) inCall() string {
	if f.Call == "" {
		return ""
	}
	return ": " + f.Call
}

// newUser reports whether the sandbox has a new user namespace.
func (f *Failure) newUser() bool { return f.Plan.Source.Namespaces.New(config.User) }

// joined reports whether the sandbox enters an existing namespace of that kind.
func (f *Failure) joined(k config.NamespaceKind) bool { return f.Plan.Source.Namespaces[k].Joined() }

// AsErrno returns the errno that an error wraps, and reports whether there is one.
func AsErrno(err error) (unix.Errno, bool) {
	var e unix.Errno
	ok := errors.As(err, &e)
	return e, ok
}
