package launcher

import (
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"golang.org/x/sys/unix"
)

// Realtime signals as programs count them: the C library keeps the first two.
const (
	sigCancel = 32 // that of pthread_cancel(3)
	sigRTMin  = 34
	sigRTMax  = 64
)

// signalNumber returns the number of a signal that a profile names: "TERM",
// "RTMIN+3".
func signalNumber(name string) unix.Signal {
	if n, ok := strings.CutPrefix(name, "RTMIN"); ok {
		offset, _ := strconv.Atoi(n)
		return unix.Signal(sigRTMin + offset)
	}
	if n, ok := strings.CutPrefix(name, "RTMAX"); ok {
		offset, _ := strconv.Atoi(n)
		return unix.Signal(sigRTMax + offset)
	}
	return unix.SignalNum("SIG" + name)
}

// arrival is a signal that reached this process.
type arrival struct {
	Signal unix.Signal
	// Keyboard says that the terminal sent it to the whole foreground process
	// group, for a key or a change of its size.
	Keyboard bool

	queued *unix.Siginfo // what sigqueue(3) sent with it; nil if nothing
}

// Signals are those that reach this process and are for the command of a sandbox. For [Options.Signals] the zero value will
// do: the launch receives them once the stage is at work. Until then they do what they do to any Go program.
type Signals struct {
	receiver *siginfo.Receiver
	set      uint64 // bit n-1 is signal n
}

// ReceiveSignals makes this process receive the signals that are for the command of a
// sandbox: all but those of faults, of limits, of
// children, PIPE, URG, TTIN and TTOU. HUP, INT and TSTP stay ignored if they are; see
// nohup(1). It is called at most once in a process, which must not use
// package os/signal for these signals, and locks the calling goroutine to its thread.
func ReceiveSignals() (*Signals, error) {
	s := &Signals{}
	return s, s.receive()
}

func (s *Signals) receive() error {
	if s.receiver != nil {
		return nil
	}
	wanted := []unix.Signal{unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM,
		unix.SIGVTALRM, unix.SIGCONT, unix.SIGWINCH, unix.SIGIO, unix.SIGPWR}
	for _, s := range []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTSTP} {
		if !siginfo.Ignored(s) {
			wanted = append(wanted, s)
		}
	}
	for s := unix.Signal(sigRTMin); s <= sigRTMax; s++ {
		wanted = append(wanted, s)
	}
	receiver, err := siginfo.Receive(wanted)
	if err != nil {
		return err
	}
	s.receiver = receiver
	for _, sig := range wanted {
		s.set |= siginfo.Bit(sig)
	}
	return nil
}

// Next waits for the next signal, for callers that do not launch a sandbox with them.
func (s *Signals) Next() (unix.Signal, error) {
	a, err := s.next()
	return a.Signal, err
}

// next waits for the next signal.
func (s *Signals) next() (arrival, error) {
	i, err := s.receiver.Next()
	a := arrival{Signal: i.Signal, Keyboard: i.Code > 0 && ofKeyboard(i.Signal)}
	if i.Code == siQueue {
		a.queued = &i.Raw
	}
	return a, err
}

// defaults makes the signals that a program inherits as ignored what the kernel makes of them, but for those that the Go
// runtime takes, which execve(2) makes default again.
func defaults() error {
	for s := unix.Signal(sigCancel); s <= sigRTMin; s++ {
		if err := siginfo.Default(s); err != nil {
			return err
		}
	}
	return nil
}

// ends reports whether a signal ends a launch that it reaches before the command runs.
func (a arrival) ends() bool {
	return a.Signal != unix.SIGCONT && a.Signal != unix.SIGTSTP && a.Signal != unix.SIGWINCH
}

const siQueue = -1 // SI_QUEUE

// ofKeyboard reports whether a terminal sends this signal.
func ofKeyboard(s unix.Signal) bool {
	switch s {
	case unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGWINCH:
		return true
	}
	return false
}
