package step

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// LendTree clones a tree of the host with its ids mapped, and lends it to the
// stage. Only the launcher has the privilege over the file system that this takes
// (mount_setattr(2), MOUNT_ATTR_IDMAP, Linux 5.12).
type LendTree struct {
	Source    string
	File      tree.File
	Recursive bool
	Map       config.MountIDMap
}

func (a LendTree) String() string {
	text := "map the ids of " + quote.Word(a.Source)
	if a.Map.User {
		return text + " as the user namespace does, for the stage"
	}
	return fmt.Sprintf("%s (uid %s; gid %s), for the stage", text, rangesWords(a.Map.UID), rangesWords(a.Map.GID))
}

func (a LendTree) Apply(l Launch) error {
	ns, err := a.namespace(l)
	if err != nil {
		return err
	}
	defer unix.Close(ns)
	source, err := unix.Open(a.Source, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(source)
	var st unix.Stat_t
	if err := unix.Fstat(source, &st); err != nil {
		return err
	}
	if st.Dev != a.File.Dev || st.Ino != a.File.Ino || st.Mode&unix.S_IFMT != a.File.Type {
		return unix.ESTALE
	}
	tree, err := mappedClone(source, "", ns, a.Recursive)
	if err != nil {
		return a.refused(ns, err)
	}
	l.Lend(tree)
	return nil
}

// mappedClone clones a tree with its ids mapped.
func mappedClone(dir int, path string, ns int, recursive bool) (int, error) {
	flags := uint(unix.AT_EMPTY_PATH)
	if recursive {
		flags |= unix.AT_RECURSIVE
	}
	tree, err := unix.OpenTree(dir, path, flags|unix.OPEN_TREE_CLONE|unix.O_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("open_tree", err)
	}
	err = unix.MountSetattr(tree, "", flags, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(ns)})
	if err != nil {
		unix.Close(tree)
		return -1, os.NewSyscallError("mount_setattr", err)
	}
	return tree, nil
}

// namespace returns the user namespace whose map is the mount's.
func (a LendTree) namespace(l Launch) (int, error) {
	if a.Map.User {
		return unix.Open(fmt.Sprintf("/proc/%d/ns/user", l.PID()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	}
	return mappedNamespace(a.Map)
}

// mappedNamespace makes a user namespace that is there for its map alone. A
// process has to take its place until the map is written: one that is
// stopped by ptrace(2) before it executes anything.
func mappedNamespace(m config.MountIDMap) (int, error) {
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"nslaunch-idmap"}, &syscall.ProcAttr{
		Env: []string{},
		Sys: &syscall.SysProcAttr{
			Cloneflags: unix.CLONE_NEWUSER, Ptrace: true, Pdeathsig: syscall.SIGKILL,
			UidMappings: mappings(m.UID), GidMappings: mappings(m.GID), GidMappingsEnableSetgroups: true,
		},
	})
	if err != nil {
		return -1, os.NewSyscallError("clone", err)
	}
	defer func() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		for {
			if _, err := syscall.Wait4(pid, nil, 0, nil); err != syscall.EINTR {
				break
			}
		}
	}()
	return unix.Open(fmt.Sprintf("/proc/%d/ns/user", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

func mappings(ranges []config.IDRange) []syscall.SysProcIDMap {
	out := make([]syscall.SysProcIDMap, len(ranges))
	for i, r := range ranges {
		out[i] = syscall.SysProcIDMap{ContainerID: int(r.Inside), HostID: int(r.Outside), Size: int(r.Count)}
	}
	return out
}

// ReceiveTree takes a tree that the launcher lends.
type ReceiveTree struct{ Source, Target string }

func (a ReceiveTree) String() string { return "receive the tree of " + quote.Word(a.Source) }

func (a ReceiveTree) Emit(s *Assembler) {
	r := s.Reg()
	s.Special(program.SpecialReceive).To(r)
	s.trees[a.Target] = r
}

// IdmapError is the refusal to map the ids of a tree, with the mount that is to blame.
type IdmapError struct {
	Err    error
	Source string
	Mount  mountprop.Mount // zero where it was not found
}

func (e *IdmapError) Error() string { return e.Err.Error() }

func (e *IdmapError) Unwrap() error { return e.Err }

// refused finds out which of the mounts of the tree cannot have mapped ids: the kernel
// does not say.
func (a LendTree) refused(ns int, err error) error {
	e := &IdmapError{Err: err, Source: a.Source}
	var st unix.Statx_t
	mounts, failed := mountprop.Self()
	if failed != nil || unix.Statx(unix.AT_FDCWD, a.Source, 0, unix.STATX_MNT_ID, &st) != nil {
		return e
	}
	for _, m := range mounts {
		path := m.Target
		switch {
		case uint64(m.ID) == st.Mnt_id:
			path = a.Source
		case !a.Recursive || !tree.Below(m.Target, a.Source):
			continue
		}
		tree, failed := mappedClone(unix.AT_FDCWD, path, ns, false)
		if failed != nil {
			e.Mount = m
			break
		}
		unix.Close(tree)
	}
	return e
}
