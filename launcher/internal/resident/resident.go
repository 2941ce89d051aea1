// Package resident replaces a launcher while its command runs, by a program of a few pages: the resident. It is the same process:
// it waits for the command, forwards signals, and exits as the command did. nslaunch becomes one once the command has run for 20 ms.
// With a pseudoterminal, notifications or a unit, the launcher stays what it is.
//
// For what the resident cannot do itself it starts the launcher's program again as its child, the assistant. That reads its [State]
// with [Resumed], and sends requests to its [Parent], the resident.
package resident

import (
	"os"
	"strconv"
	"time"

	"github.com/nslaunch/nslaunch/internal/nofile"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"github.com/nslaunch/nslaunch/launcher/internal/stage"
	"github.com/nslaunch/nslaunch/launcher/internal/tty"
	"golang.org/x/sys/unix"
)

// Launch is what a launcher hands over.
type Launch struct {
	Rules      Rules
	First, PID int // the sandbox's first process, and the command
	PIDFD      int // of the command
	Control    int // the launcher's end of the control socket; -1 without one
	Receiver   *siginfo.Receiver
	Signals    uint64 // those that it receives
	Terminal   tty.State
	Deadline   time.Time // of the command; zero: none

	// KeysToAssistant: the signals of keys are for the assistant.
	KeysToAssistant bool
	// Exits: the process may exit with the command, with nothing to do for the assistant.
	Exits bool
	// Descriptors are for the assistant, and Keep are kept open until the end.
	Descriptors, Keep []int
	// Record, if not nil, returns how the process records its end; nil: not at all.
	Record func() *EndRecord
}

// EndRecord is where the end of a process is recorded: the exit status, with what comes before and
// after it, is written to each of the descriptors, which stay open until then, and with them their locks. If Remove is not "", the
// file of that name is removed after that.
type EndRecord struct {
	Descriptors   []int
	Before, After string
	Remove        string
}

// Replace replaces this process. It returns where that cannot be done, and nothing is lost then.
func (l *Launch) Replace() {
	if len(l.Descriptors) > MaxDescriptors {
		return
	}
	// From here on signals wait, or are in the pipe.
	_ = siginfo.WithBlocked(^uint64(0), func() error {
		h := &handover{Launch: l}
		defer h.close()
		return h.replace()
	})
}

// handover is one at work.
type handover struct {
	*Launch
	state State
	own   []int // opened for it: closed if it fails
	kept  []int // open over the execve
}

// opened notes a descriptor that was made for the handover, and is kept.
func (h *handover) opened(fd int) int {
	h.own = append(h.own, fd)
	h.keep(fd)
	return fd
}

func (h *handover) keep(fds ...int) { h.kept = append(h.kept, fds...) }

func (h *handover) close() {
	for _, fd := range h.own {
		unix.Close(fd)
	}
}

func (h *handover) replace() error {
	r, err := h.resident()
	if err != nil {
		return err
	}
	memory, err := stage.Memfd("nslaunch-state", h.state.bytes(), false)
	if err != nil {
		return err
	}
	h.opened(memory)
	var end *EndRecord
	if h.Record != nil {
		end = h.Record()
	}
	if end != nil {
		h.keep(end.Descriptors...)
	}
	return h.become(residentProgram(r, memory, end))
}

// resident makes what a resident works with, and the state of its assistant.
func (h *handover) resident() (program.Resident, error) {
	none := program.Resident{}
	binary, err := unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return none, err
	}
	h.opened(binary)
	states, theirStates, err := h.pair()
	if err != nil {
		return none, err
	}
	requests, theirRequests, err := h.pair()
	if err != nil {
		return none, err
	}
	h.state = State{
		Rules: h.Rules, First: h.First, PID: h.PID, PIDFD: h.PIDFD, Control: h.Control,
		States: states, Requests: theirRequests, Signals: h.Receiver.FD(), Terminal: h.Terminal, Count: len(h.Descriptors),
	}
	copy(h.state.Descriptors[:], h.Descriptors)
	bit := siginfo.Bit
	set := h.Signals | bit(unix.SIGCHLD)
	signalFD, err := unix.Signalfd(-1, &unix.Sigset_t{Val: [16]uint64{set}}, unix.SFD_CLOEXEC)
	if err != nil {
		return none, err
	}
	h.opened(signalFD)
	r := program.Resident{
		Signals: set, Wake: bit(unix.SIGTERM) | bit(unix.SIGTSTP) | bit(unix.SIGCONT), Keys: bit(unix.SIGINT) | bit(unix.SIGQUIT) | bit(unix.SIGWINCH),
		PIDFD: int32(h.PIDFD), Pipe: int32(h.Receiver.WriteFD()), PID: int32(h.First), Stop: int32(h.Rules.Stop),
		Binary: int32(binary), States: int32(theirStates),
		// What else there is to do at the end is about a terminal.
		Exits:   h.Exits && !h.Terminal.HasModes,
		Control: int32(h.Control), SignalFD: int32(signalFD), Requests: int32(requests), Others: []int32{int32(h.state.Signals)},
	}
	if h.KeysToAssistant {
		r.Wake |= r.Keys
	}
	h.keep(h.Receiver.FD(), h.Receiver.WriteFD(), h.PIDFD)
	h.keep(h.Descriptors...)
	if h.Control >= 0 {
		h.keep(h.Control)
	}
	h.keep(h.Keep...)
	if h.Deadline.IsZero() {
		return r, nil
	}
	timer, err := h.timer()
	r.Others = append(r.Others, int32(timer))
	return r, err
}

// pair makes a pair of sockets.
func (h *handover) pair() (ours, theirs int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		h.opened(fds[0])
		h.opened(fds[1])
	}
	return fds[0], fds[1], err
}

// timer makes a descriptor that can be read at the deadline.
func (h *handover) timer() (int, error) {
	if err := h.state.setEnd(h.Deadline); err != nil {
		return -1, err
	}
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
	if err != nil {
		return -1, err
	}
	h.opened(fd)
	return fd, unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME, &unix.ItimerSpec{Value: unix.NsecToTimespec(h.state.Deadline)}, nil)
}

// residentProgram is that of the resident, which starts this program again where it has to.
func residentProgram(r program.Resident, memory int, end *EndRecord) *program.Builder {
	b := program.NewBuilder()
	b.SetStart(0, -1, -1)
	b.SetInPlace()
	b.Call(unix.SYS_PRCTL, program.Const(unix.PR_SET_NAME), b.String("nslaunch"))
	r.Argv, r.Env = b.Strings(os.Args), b.Strings(environment(memory))
	status := b.Reside(r)
	if end != nil {
		end.emit(b, status)
	}
	b.Call(unix.SYS_EXIT_GROUP, program.Register(status))
	return b
}

// emit adds the ops that record a status. Whatever becomes of them, the process exits with that.
func (e *EndRecord) emit(b *program.Builder, status uint8) {
	lenient := func(o *program.Op) {
		o.PassOver(unix.ENOENT, unix.EACCES, unix.EPERM, unix.ENOSPC, unix.EROFS, unix.EBADF, unix.ELOOP, unix.EIO)
	}
	text, length := b.WithNumber(e.Before, status)
	after := b.String(e.After)
	for _, fd := range e.Descriptors {
		lenient(b.Call(unix.SYS_WRITE, program.Int(fd), text, program.Register(length)))
		lenient(b.Call(unix.SYS_WRITE, program.Int(fd), after, program.Int(len(e.After))))
	}
	if e.Remove != "" {
		lenient(b.Call(unix.SYS_UNLINKAT, program.Int(unix.AT_FDCWD), b.String(e.Remove), program.Const(0)))
	}
}

// become executes the sealed image with a program, in this process.
func (h *handover) become(b *program.Builder) error {
	p, err := b.Program()
	if err != nil {
		return err
	}
	prog, err := stage.Memfd("nslaunch-program", p.Encode(), false)
	if err != nil {
		return err
	}
	h.opened(prog)
	image, err := stage.Memfd("nslaunch", stage.Image(), true)
	if err != nil {
		return err
	}
	h.own = append(h.own, image) // and not kept: it is what runs
	defer func() {               // it has failed
		for _, fd := range h.kept {
			unix.CloseOnExec(fd)
		}
	}()
	for _, fd := range h.kept {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return err
		}
	}
	if limit := (unix.Rlimit{Cur: nofile.Original.Soft, Max: nofile.Original.Hard}); limit.Max != 0 {
		if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
			return err
		}
	}
	return siginfo.Exec("/proc/self/fd/"+strconv.Itoa(image), os.Args, []string{strconv.Itoa(prog)})
}
