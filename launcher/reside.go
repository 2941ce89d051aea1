package launcher

import (
	"os"
	"strconv"
	"time"
	"unsafe"

	"github.com/nslaunch/nslaunch/internal/nofile"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"github.com/nslaunch/nslaunch/launcher/internal/stage"
	"golang.org/x/sys/unix"
)

// Resident says how the calling process is replaced while the command runs: by a program of a
// few pages, which is the same process, waits for the command, forwards signals, and exits as the command
// did, with the status that shells give that. For what it cannot do itself it starts this program again, as its
// child, which has to call [Resumed] first in main, and exits as that does. It is for a program that is one command of a shell. Where the
// launch needs more than that all the time, as with a pseudoterminal, nothing is replaced.
type Resident struct {
	// Exits: the process may exit with the command, with nothing to do for this program.
	Exits bool
	// Descriptors are kept open for this program.
	Descriptors []int
	// End, if not nil, is asked how the process records its end; nil: not at all.
	End func() *EndRecord
}

// EndRecord is where the end of a process is recorded: the exit status, with what comes before and
// after it, is written to each of the descriptors, which stay open until then, and with them their locks. If Remove is not "", the
// file of that name is removed after that.
type EndRecord struct {
	Descriptors   []int
	Before, After string
	Remove        string
}

// residentVariable is the variable of the environment with the number of the descriptor that has the state.
const residentVariable = "NSLAUNCH_RESIDENT"

// state is what the program that is started again has to know. It is of fixed size, and read by the very
// program that wrote it.
type state struct {
	Rules       rules
	First, PID  int
	PIDFD       int
	Control     int
	States      int   // where the resident tells what became of its child
	Requests    int   // takes requests to the resident
	Signals     int   // the pipe that signals come by
	Deadline    int64 // of CLOCK_MONOTONIC, in nanoseconds; 0: none
	Own         int
	Gave        bool
	HasModes    bool
	Modes       unix.Termios
	Descriptors [4]int
	Count       int
}

// moment is how long the command is waited for before this process is replaced, which takes longer than many a command.
const moment = 20 * time.Millisecond

// mayReside reports whether this process can be replaced: nothing needs it all the time.
func (l *launch) mayReside() bool {
	r := l.options.Resident
	return r != nil && l.plan.Host.Portable == "" && l.pty == nil && l.notifier.tell == nil && l.placed.Unit == "" &&
		len(r.Descriptors) <= len(state{}.Descriptors) && l.options.Signals != nil
}

// outlives reports whether the command runs on for a time, or until its deadline, and forwards what comes meanwhile.
func (l *launch) outlives(t time.Duration) bool {
	end := time.Now().Add(t)
	if !l.deadline.IsZero() && l.deadline.Before(end) {
		end = l.deadline
	}
	fds := [2]unix.PollFd{{Fd: int32(l.control), Events: unix.POLLIN}, {Fd: int32(l.options.Signals.receiver.FD()), Events: unix.POLLIN}}
	if l.control < 0 {
		fds[0].Fd = int32(l.pidfd)
	}
	for left := time.Until(end); left > 0; left = time.Until(end) {
		if n, _ := unix.Poll(fds[:], int(left/time.Millisecond)+1); n <= 0 {
			continue
		}
		if fds[1].Revents != 0 {
			a, err := l.options.Signals.next()
			if err != nil {
				return true
			}
			l.forward(a)
		}
		if fds[0].Revents != 0 {
			return l.control >= 0 && !l.saysEnd()
		}
	}
	return true
}

// saysEnd reports whether the next message of init is of the command's end, or its last.
func (l *launch) saysEnd() bool {
	var buf [program.MessageSize]byte
	n, _, err := unix.Recvfrom(l.control, buf[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	m, ok := program.DecodeMessage(buf[:max(n, 0)])
	return err != nil || !ok || m.A == cldExited || m.A == cldKilled || m.A == cldDumped
}

// reside replaces this process, and does not return if that can be done.
func (l *launch) reside() {
	r := l.options.Resident
	var s state
	l.mu.Lock()
	stopping := l.stopping != nil || l.killing != nil
	l.mu.Unlock()
	if stopping { // by this program, which has a timer
		return
	}
	// From here on signals wait, or are in the pipe.
	_ = withMask(^uint64(0), func() error {
		var open closer
		_ = l.execResident(r, &s, &open)
		open.all() // nothing is lost: this process goes on
		return nil
	})
}

func (l *launch) execResident(r *Resident, s *state, open *closer) error {
	binary, err := unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	open.add(binary)
	states, theirStates, err := l.pair(open)
	if err != nil {
		return err
	}
	requests, theirRequests, err := l.pair(open)
	if err != nil {
		return err
	}
	receiver := l.options.Signals.receiver
	*s = state{
		Rules: l.rules, First: l.children[0], PID: l.process.PID, PIDFD: l.pidfd, Control: l.control,
		States: states, Requests: theirRequests, Signals: receiver.FD(),
		Own: l.terminal.own, Gave: l.terminal.gave, Count: len(r.Descriptors),
	}
	copy(s.Descriptors[:], r.Descriptors)
	if l.terminal.modes != nil {
		s.HasModes, s.Modes = true, *l.terminal.modes
	}
	set := l.options.Signals.set | bit(unix.SIGCHLD)
	signalFD, err := unix.Signalfd(-1, &unix.Sigset_t{Val: [16]uint64{set}}, unix.SFD_CLOEXEC)
	if err != nil {
		return err
	}
	open.add(signalFD)
	resident := program.Resident{
		Signals: set, Wake: bit(unix.SIGTERM) | bit(unix.SIGTSTP) | bit(unix.SIGCONT), Keys: bit(unix.SIGINT) | bit(unix.SIGQUIT) | bit(unix.SIGWINCH),
		PIDFD: int32(l.pidfd), Pipe: int32(receiver.WriteFD()), PID: int32(s.First), Stop: int32(l.rules.Stop),
		Binary: int32(binary), States: int32(theirStates),
		// What else there is to do at the end is about a terminal.
		Exits:   r.Exits && l.terminal.modes == nil,
		Control: int32(l.control), SignalFD: int32(signalFD), Requests: int32(requests), Others: []int32{int32(s.Signals)},
	}
	if !l.ownGroup() || l.handsTerminal() {
		resident.Wake |= resident.Keys
	}
	keep := append([]int{binary, signalFD, states, theirStates, requests, theirRequests, receiver.FD(), receiver.WriteFD(), l.pidfd}, r.Descriptors...)
	if l.control >= 0 {
		keep = append(keep, l.control)
	}
	keep = append(keep, l.locks...)
	if !l.deadline.IsZero() {
		timer, err := l.timer(s, open)
		if err != nil {
			return err
		}
		resident.Others = append(resident.Others, int32(timer))
		keep = append(keep, timer)
	}
	memory, err := stage.Memfd("nslaunch-state", unsafe.Slice((*byte)(unsafe.Pointer(s)), unsafe.Sizeof(*s)), false)
	if err != nil {
		return err
	}
	open.add(memory)
	var end *EndRecord
	if r.End != nil {
		end = r.End()
	}
	if end != nil {
		keep = append(keep, end.Descriptors...)
	}
	return l.become(residentProgram(resident, memory, end), append(keep, memory), open)
}

// pair makes a pair of sockets.
func (l *launch) pair(open *closer) (ours, theirs int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		open.add(fds[0])
		open.add(fds[1])
	}
	return fds[0], fds[1], err
}

// timer makes a descriptor that can be read at the deadline.
func (l *launch) timer(s *state, open *closer) (int, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return -1, err
	}
	s.Deadline = now.Nano() + max(int64(time.Until(l.deadline)), 1)
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
	if err != nil {
		return -1, err
	}
	open.add(fd)
	return fd, unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME, &unix.ItimerSpec{Value: unix.NsecToTimespec(s.Deadline)}, nil)
}

// residentProgram is that of the resident, which starts this program again where it has to.
func residentProgram(r program.Resident, memory int, end *EndRecord) *program.Builder {
	b := program.NewBuilder()
	b.SetStart(0, -1, -1)
	b.SetInPlace()
	b.Call(unix.SYS_PRCTL, program.Const(unix.PR_SET_NAME), b.String("nslaunch"))
	r.Argv, r.Env = b.Strings(os.Args), b.Strings([]string{residentVariable + "=" + strconv.Itoa(memory)})
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
func (l *launch) become(b *program.Builder, keep []int, open *closer) error {
	p, err := b.Program()
	if err != nil {
		return err
	}
	prog, err := stage.Memfd("nslaunch-program", p.Encode(), false)
	if err != nil {
		return err
	}
	open.add(prog)
	image, err := stage.Memfd("nslaunch", stage.Image(), true)
	if err != nil {
		return err
	}
	open.add(image)
	keep = append(keep, prog)
	defer func() { // it has failed
		for _, fd := range keep {
			unix.CloseOnExec(fd)
		}
	}()
	for _, fd := range keep {
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
