package launcher

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// openPTY makes the pseudoterminal that the command gets for its standard
// streams.
type openPTY struct{}

func (openPTY) String() string { return "open a pseudoterminal" }

func (openPTY) apply(l launching) error { return l.OpenPTY() }

// denySetgroups forbids setgroups(2) in the new user namespace, which the
// kernel demands of a caller without privilege before gid_map.
type denySetgroups struct{}

func (denySetgroups) String() string { return "deny setgroups" }

func (denySetgroups) apply(l launching) error { return writeProc(l.PID(), "setgroups", "deny") }

// writeMap writes a user namespace's uid_map or gid_map, itself or by a helper with the privilege to.
type writeMap struct {
	File   string // uid_map or gid_map
	Ranges []config.IDRange
	Helper string // path of newuidmap(1) or newgidmap(1); "" for none
}

func (a writeMap) String() string {
	text := "write " + a.File + ": " + rangesWords(a.Ranges)
	if a.Helper != "" {
		text += ", by " + a.Helper
	}
	return text
}

func rangesWords(ranges []config.IDRange) string {
	words := make([]string, len(ranges))
	for i, r := range ranges {
		words[i] = rangeWords(r)
	}
	return strings.Join(words, ", ")
}

// rangeWords says which ids inside stand for which outside.
func rangeWords(r config.IDRange) string {
	if r.Count == 1 {
		return fmt.Sprintf("%d is %d", r.Inside, r.Outside)
	}
	return fmt.Sprintf("%d-%d are %d-%d", r.Inside, r.Inside+(r.Count-1), r.Outside, r.Outside+(r.Count-1))
}

func (a writeMap) apply(l launching) error {
	if a.Helper != "" {
		return a.runHelper(l.PID())
	}
	return writeProc(l.PID(), a.File, mapText(a.Ranges))
}

// mapText is a map as the kernel reads it.
func mapText(ranges []config.IDRange) string {
	var b strings.Builder
	for _, r := range ranges {
		fmt.Fprintf(&b, "%d %d %d\n", r.Inside, r.Outside, r.Count)
	}
	return b.String()
}

// raiseRlimit sets a limit of the stage that it cannot set itself once it is
// in a user namespace.
type raiseRlimit struct{ config.Rlimit }

func (a raiseRlimit) String() string {
	return fmt.Sprintf("raise the limit %s to %s, %s", a.Name, limitWord(a.Soft), limitWord(a.Hard))
}

func (a raiseRlimit) apply(l launching) error {
	limit := unix.Rlimit{Cur: a.Soft, Max: a.Hard}
	return unix.Prlimit(l.PID(), rlimitResource(a.Name), &limit, nil)
}

func (a raiseRlimit) leave(t *Target) { t.Rlimits = append(t.Rlimits, a.Rlimit) }

// setOOMScoreAdj sets how readily the kernel kills the sandbox when memory is short; see proc(5).
type setOOMScoreAdj struct{ Value int }

func (a setOOMScoreAdj) String() string { return fmt.Sprintf("set oom_score_adj %d", a.Value) }

func (a setOOMScoreAdj) apply(l launching) error {
	if !ownProc() { // anybody's could be written to, where nslaunch is root
		return errOtherProc{}
	}
	return writeProc(l.PID(), "oom_score_adj", fmt.Sprint(a.Value))
}

func (a setOOMScoreAdj) leave(t *Target) { t.OOMScoreAdj = &a.Value }

// setNice sets the nice value.
type setNice struct{ Value int }

func (a setNice) String() string { return fmt.Sprintf("set the nice value %d", a.Value) }

func (a setNice) apply(l launching) error {
	return unix.Setpriority(unix.PRIO_PROCESS, l.PID(), a.Value)
}

func (a setNice) leave(t *Target) { t.Nice = &a.Value }

// awaitInit waits until init has dropped all that it had for the set-up.
type awaitInit struct{}

func (awaitInit) String() string { return "wait until init is in place" }

func (awaitInit) apply(l launching) error { return l.AwaitInit() }

// giveTerminal makes the command's process group the terminal's foreground one.
type giveTerminal struct{}

func (giveTerminal) String() string { return "hand the terminal to the command's process group" }

func (giveTerminal) apply(l launching) error { return l.GiveTerminal() }

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

// helperError is what newuidmap or newgidmap said.
type helperError struct {
	Helper, Output string
	Status         syscall.WaitStatus
}

func (e *helperError) Error() string {
	if out := strings.TrimSpace(e.Output); out != "" {
		return strings.ReplaceAll(out, "\n", "; ")
	}
	if e.Status.Signaled() {
		return fmt.Sprintf("%s: killed by %s", e.Helper, unix.SignalName(e.Status.Signal()))
	}
	return fmt.Sprintf("%s: exit status %d", e.Helper, e.Status.ExitStatus())
}

// runHelper runs newuidmap or newgidmap with what it needs and no more. It dies with the launcher.
func (a writeMap) runHelper(process int) error {
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
		return &helperError{a.Helper, string(said[:n]), status}
	}
	return nil
}
