package step

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"golang.org/x/sys/unix"
)

// OpenPTY makes the pseudoterminal that the command gets for its standard
// streams.
type OpenPTY struct{}

func (OpenPTY) String() string { return "open a pseudoterminal" }

func (OpenPTY) Apply(l Launch) error { return l.OpenPTY() }

// DenySetgroups forbids setgroups(2) in the new user namespace, which the
// kernel demands of a caller without privilege before gid_map.
type DenySetgroups struct{}

func (DenySetgroups) String() string { return "deny setgroups" }

func (DenySetgroups) Privileged() {}

func (DenySetgroups) Apply(l Launch) error { return writeProc(l.PID(), "setgroups", "deny") }

// WriteMap writes a user namespace's uid_map or gid_map, itself or by a helper with the privilege to.
type WriteMap struct {
	File   string // uid_map or gid_map
	Ranges []config.IDRange
	Helper string // path of newuidmap(1) or newgidmap(1); "" for none
}

func (a WriteMap) String() string {
	text := "write " + a.File + ": " + rangesWords(a.Ranges)
	if a.Helper != "" {
		text += ", by " + a.Helper
	}
	return text
}

func (WriteMap) Privileged() {}

func rangesWords(ranges []config.IDRange) string {
	words := make([]string, len(ranges))
	for i, r := range ranges {
		words[i] = rangeWords(r)
	}
	return strings.Join(words, ", ")
}

// rangeWords says which ids inside are which outside.
func rangeWords(r config.IDRange) string {
	if r.Count == 1 {
		return fmt.Sprintf("%d is %d", r.Inside, r.Outside)
	}
	return fmt.Sprintf("%d-%d are %d-%d", r.Inside, r.Inside+(r.Count-1), r.Outside, r.Outside+(r.Count-1))
}

func (a WriteMap) Apply(l Launch) error {
	if a.Helper != "" {
		return a.runHelper(l.PID())
	}
	return writeProc(l.PID(), a.File, MapText(a.Ranges))
}

// MapText is a map as the kernel reads it.
func MapText(ranges []config.IDRange) string {
	var b strings.Builder
	for _, r := range ranges {
		fmt.Fprintf(&b, "%d %d %d\n", r.Inside, r.Outside, r.Count)
	}
	return b.String()
}

// RaiseRlimit sets a limit of the stage that it cannot set itself once it is
// in a user namespace.
type RaiseRlimit struct{ config.Rlimit }

func (a RaiseRlimit) String() string {
	return fmt.Sprintf("raise the limit %s to %s, %s", a.Name, LimitWord(a.Soft), LimitWord(a.Hard))
}

func (a RaiseRlimit) Apply(l Launch) error {
	limit := unix.Rlimit{Cur: a.Soft, Max: a.Hard}
	return unix.Prlimit(l.PID(), rlimitResource(a.Name), &limit, nil)
}

func (a RaiseRlimit) Leave(t *plan.Target) { t.Rlimits = append(t.Rlimits, a.Rlimit) }

// SetOOMScoreAdj sets how readily the kernel kills the sandbox when memory is short; see proc(5).
type SetOOMScoreAdj struct{ Value int }

func (a SetOOMScoreAdj) String() string { return fmt.Sprintf("set oom_score_adj %d", a.Value) }

func (a SetOOMScoreAdj) Apply(l Launch) error {
	if !ownProc() { // anybody's could be written to, where nslaunch is root
		return OtherProcError{}
	}
	return writeProc(l.PID(), "oom_score_adj", fmt.Sprint(a.Value))
}

func (a SetOOMScoreAdj) Leave(t *plan.Target) { t.OOMScoreAdj = &a.Value }

// SetNice sets the nice value.
type SetNice struct{ Value int }

func (a SetNice) String() string { return fmt.Sprintf("set the nice value %d", a.Value) }

func (a SetNice) Apply(l Launch) error {
	return unix.Setpriority(unix.PRIO_PROCESS, l.PID(), a.Value)
}

func (a SetNice) Leave(t *plan.Target) { t.Nice = &a.Value }

// AwaitInit waits until init has dropped all that it had for the set-up.
type AwaitInit struct{}

func (AwaitInit) String() string { return "wait until init is in place" }

func (AwaitInit) Apply(l Launch) error { return l.AwaitInit() }

// GiveTerminal makes the command's process group the terminal's foreground one.
type GiveTerminal struct{}

func (GiveTerminal) String() string { return "hand the terminal to the command's process group" }

func (GiveTerminal) Apply(l Launch) error { return l.GiveTerminal() }

// writeProc writes a file of a process in /proc in one call.
func writeProc(pid int, name, text string) error {
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/%s", pid, name), unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(text))
	return err
}

// HelperError is what newuidmap or newgidmap said.
type HelperError struct {
	Helper, Output string
	Status         syscall.WaitStatus
}

func (e *HelperError) Error() string {
	if out := strings.TrimSpace(e.Output); out != "" {
		return strings.ReplaceAll(out, "\n", "; ")
	}
	if e.Status.Signaled() {
		return fmt.Sprintf("%s: killed by %s", e.Helper, unix.SignalName(e.Status.Signal()))
	}
	return fmt.Sprintf("%s: exit status %d", e.Helper, e.Status.ExitStatus())
}

// runHelper runs newuidmap or newgidmap with what it needs and no more. It dies with the launcher.
func (a WriteMap) runHelper(process int) error {
	argv := []string{a.Helper, fmt.Sprint(process)}
	for _, r := range a.Ranges {
		argv = append(argv, fmt.Sprint(r.Inside), fmt.Sprint(r.Outside), fmt.Sprint(r.Count))
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	out := os.NewFile(uintptr(pipe[0]), "helper")
	defer out.Close()
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(pipe[1])
		return err
	}
	pid, err := syscall.ForkExec(a.Helper, argv, &syscall.ProcAttr{
		Files: []uintptr{uintptr(null), uintptr(null), uintptr(pipe[1])},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	unix.Close(null)
	unix.Close(pipe[1])
	if err != nil {
		return err
	}
	var said [1024]byte
	n, _ := io.ReadFull(out, said[:]) // it may write in pieces, and ends long before so much
	var status syscall.WaitStatus
	for {
		if _, err = syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		return err
	}
	if status != 0 {
		return &HelperError{a.Helper, string(said[:n]), status}
	}
	return nil
}
