package step

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// JoinCgroup puts the waiting stage into a control group.
type JoinCgroup struct {
	Dir      string
	Optional bool // nothing is promised of the group: who may not go there stays
}

func (a JoinCgroup) String() string {
	text := "join the control group " + quote.Word(strings.TrimPrefix(a.Dir, "/sys/fs/cgroup"))
	if a.Optional {
		text += ", where that is allowed"
	}
	return text
}

func (a JoinCgroup) Apply(l Launch) error {
	err := os.WriteFile(filepath.Join(a.Dir, "cgroup.procs"), []byte(strconv.Itoa(l.PID())), 0)
	if errors.Is(err, os.ErrNotExist) && !a.Optional {
		return errTargetGone
	}
	if a.Optional {
		return nil
	}
	return err
}

// errTargetGone says that there is nothing to enter any more.
var errTargetGone = errors.New("it has ended")

// LendProcess gives the stage a descriptor of the process whose namespaces it is to enter. The
// pid may be another process's by now, and the process may have gone to other namespaces:
// neither is entered.
type LendProcess struct {
	Process    process.Process
	Namespaces map[config.NamespaceKind]uint64
	Kinds      []config.NamespaceKind
}

func (a LendProcess) String() string {
	return fmt.Sprintf("pass process %d to the stage", a.Process.PID)
}

func (a LendProcess) Apply(l Launch) error {
	fd, err := unix.PidfdOpen(a.Process.PID, 0)
	if err == unix.ESRCH {
		return errTargetGone
	}
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	l.Lend(fd)
	for _, k := range a.Kinds {
		var st unix.Stat_t
		path := fmt.Sprintf("/proc/%d/ns/%s", a.Process.PID, host.ProcName(k))
		err := unix.Stat(path, &st)
		if err != nil && err != unix.EACCES && a.Process.Running() { // EACCES is said better when it is joined
			return &os.PathError{Op: "stat", Path: path, Err: err}
		}
		if err == nil && st.Ino != a.Namespaces[k] && a.Process.Running() {
			return fmt.Errorf("process %d has left the %s namespace that it was started in", a.Process.PID, k)
		}
	}
	if !a.Process.Running() {
		return errTargetGone
	}
	return nil
}

// Enter goes where a process is: into namespaces of it, and with the mount namespace to its
// root. It keeps nothing open.
type Enter struct {
	Process process.Process
	Kinds   []config.NamespaceKind
}

func (a Enter) String() string {
	words := make([]string, len(a.Kinds))
	for i, k := range a.Kinds {
		words[i] = string(k)
	}
	plural := "s"
	if len(words) == 1 {
		plural = ""
	}
	return fmt.Sprintf("enter the %s namespace%s of process %d", strings.Join(words, ", "), plural, a.Process.PID)
}

func (Enter) Privileged() {}

func (a Enter) Emit(s *Assembler) {
	r := s.Reg()
	s.Special(program.SpecialReceive).To(r)
	s.Call(unix.SYS_SETNS, program.Register(r), program.Const(host.CloneFlags(a.Kinds)))
	s.close(r)
}
