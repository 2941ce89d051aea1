package launcher

import (
	"errors"
	"fmt"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// failure is what a diagnosis starts from: a step that failed, what the plan
// knows, and the machine to be asked.
type failure struct {
	plan    *Plan
	machine machine

	errno unix.Errno // 0 where it was something else
	call  string     // the system call, "" where not known
	said  string     // by the kernel, beyond the errno

	// Of an execve: the file, and whether that is there and only its interpreter is not.
	file        string
	interpreter bool

	// Of a child that ended without a word: what is known of its end.
	ended  string
	signal unix.Signal // that killed it
	// Nothing of the program was run: by a Go runtime that gave up, or by a
	// program that is no launcher.
	unborn, goFatal bool
}

// explain finds the cause of a failed step, and is the one way to it: an error that knows its own cause, what is
// particular to the action, then what can meet every action. Of several causes that fit, one for
// which the machine gives evidence comes first.
func (f *failure) explain(a Action, err error) Advice {
	if writesToProc(a) {
		for _, ask := range []func() Advice{f.otherProc, f.unreadable} {
			if d := ask(); d.some() {
				return d
			}
		}
	}
	if d, ok := f.known(err); ok {
		return d
	}
	switch {
	case f.ended != "":
		return f.lostChild()
	case f.errno == 0:
		return Advice{}
	}
	for _, ask := range []func(Action) Advice{f.tree, f.particular} {
		if d := ask(a); d.some() {
			return d
		}
	}
	return f.general(a)
}

// known explains an error that says more than an errno. It reports whether err is one.
func (f *failure) known(err error) (Advice, bool) {
	var (
		place  *PlaceError
		helper *helperError
		tree   *idmapError
		proc   errOtherProc
	)
	switch {
	case errors.As(err, &place):
		return Advice{Cause: place.Cause, Cure: try(place.Cure), Key: place.Key}, true
	case errors.As(err, &helper):
		return f.helper(helper), true
	case errors.As(err, &tree):
		return mapped(tree), true
	case errors.As(err, &proc):
		return adviceOtherProc(), true
	}
	return Advice{}, false
}

// particular knows what an errno means for an action.
func (f *failure) particular(a Action) Advice {
	switch a := a.(type) {
	case startStage:
		return f.start(a)
	case unshare:
		return f.newNamespaces(a.New)
	case newTime:
		return f.time(a)
	case openLimits, forbidNamespaces:
		return f.forbid()
	case openNamespace:
		return f.openNamespace(a)
	case join:
		return f.join(a)
	case enter:
		return f.enter(a)
	case joinCgroup:
		return f.joinCgroup(a)
	case moveIntoPID:
		return f.intoPID()
	case writeMap:
		return f.writeMap(a)
	case enterUser:
		return f.ids(a.UID, a.GID)
	case becomeUser:
		return f.ids(a.UID, a.GID)
	case setGroups:
		return f.groups(a)
	case setPropagation:
		return f.propagation(a)
	case mountProc:
		return f.mountProc()
	case coverProc:
		return f.onProc()
	case protect:
		return f.protect(a)
	case openPTY:
		return f.pty()
	case raiseRlimit:
		return f.rlimit(a.Rlimit)
	case setRlimit:
		return f.rlimit(a.Rlimit)
	case setOOMScoreAdj:
		return f.oomScoreAdj()
	case setNice:
		return f.nice()
	case newKeyring:
		return f.keyring()
	case changeDir:
		return f.changeDir(a)
	case execute:
		return f.execute(a)
	}
	return Advice{}
}

// general knows what an errno means for any action.
func (f *failure) general(a Action) Advice {
	switch f.errno {
	case unix.EPERM, unix.EACCES:
		if d := f.appArmor(); d.some() && needsCapability(a) {
			return d
		}
		return f.refusedByOuter()
	case unix.ENOSYS:
		d := f.seccomp()
		if d.none() {
			d.Cause = fmt.Sprintf("this kernel, Linux %d.%d, has no such call%s", f.plan.host.Kernel[0], f.plan.host.Kernel[1], f.inCall())
			d.Cure = try("a newer kernel, nslaunch needs Linux 6.1")
		}
		return d
	case unix.EMFILE, unix.ENFILE:
		return f.descriptors()
	case unix.EROFS:
		return Advice{Cause: "/proc is mounted read-only here, and nslaunch has to write to its child's files there",
			Cure: try("start the outer container with a writable /proc")}
	case unix.EAGAIN:
		if f.call == "clone" || f.call == "" {
			return f.processes()
		}
	case unix.ENOMEM:
		return f.memory()
	case unix.EFBIG:
		return f.fileSize()
	}
	return Advice{}
}

// needsCapability tells whether an action is one that takes a capability in the
// new user namespace.
func needsCapability(a Action) bool {
	switch a.(type) {
	case unshare, newTime, join, enter, writeMap, denySetgroups, enterUser, becomeUser, setGroups, dropBounding,
		setCapabilities, setPropagation, mountProc, coverProc, protect, setHostname, setDomainname, loopbackUp:
		return true
	}
	return false
}

// inCall names the system call, where it is known.
func (f *failure) inCall() string {
	if f.call == "" {
		return ""
	}
	return ": " + f.call
}

// newUser tells whether the sandbox has a new user namespace.
func (f *failure) newUser() bool { return f.plan.profile.Namespaces.New(config.User) }

// joined tells whether the sandbox enters an existing namespace of that kind.
func (f *failure) joined(k config.NamespaceKind) bool { return f.plan.profile.Namespaces[k].Joined() }

func asErrno(err error) (unix.Errno, bool) {
	var e unix.Errno
	ok := errors.As(err, &e)
	return e, ok
}
