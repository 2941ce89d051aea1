package stage

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	signals "github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"golang.org/x/sys/unix"
)

// residentVariable is the variable of the environment that makes of the test binary the launcher that becomes a resident.
const residentVariable = "NSLAUNCH_TEST_RESIDENT"

// residence is what a test wants of a launcher, its command and its assistant, which is a shell.
type residence struct {
	Command   []string // catcher stands for a command that prints what signals it gets
	Assistant string   // a script; it may read a line of descriptor gateFD
	Binary    string   // of the assistant
	Exits     bool
	Init      bool // the command is an init, of which the test tells on the control socket
	Gone      bool // it has ended before there is a resident
	Keys      []unix.Signal
	Terminal  bool // the process leads the session of a terminal, its standard input
	Old       bool // the kernel signals no process group by a descriptor, as before Linux 6.9
}

// Descriptors of the resident.
const (
	pipeFD     = 3
	statesFD   = 4
	requestsFD = 5
	initFD     = 6
	otherFD    = 7
	gateFD     = 8
	reportFD   = 9
)

// catcher is the name by which the test binary is a command that prints the signals it gets.
const catcher = "catcher"

// stopSignal is what TERM is forwarded as.
const stopSignal = unix.SIGUSR1

// beResident is the launcher of a test: it starts the command and is replaced.
func beResident() {
	text := os.Getenv(residentVariable)
	if text == "" {
		return
	}
	var r residence
	err := json.Unmarshal([]byte(text), &r)
	if err == nil {
		runtime.LockOSThread()
		err = r.reside()
	}
	fatal("no resident: " + err.Error())
}

// reside returns only with an error.
func (r *residence) reside() error {
	for fd := pipeFD; fd <= reportFD; fd++ {
		unix.CloseOnExec(fd)
	}
	all := unix.Sigset_t{Val: [16]uint64{^uint64(0)}}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, nil); err != nil {
		return err
	}
	path, argv := r.Command[0], r.Command
	if path == catcher {
		path = "/proc/self/exe"
	}
	first, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env: []string{}, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return err
	}
	pidfd, err := unix.PidfdOpen(first, 0)
	if err != nil {
		return err
	}
	if r.Gone {
		if err := unix.Waitid(unix.P_PID, first, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
			return err
		}
	}
	set := uint64(0)
	for _, s := range []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTERM, unix.SIGUSR2, unix.SIGTSTP, unix.SIGCONT, 40, unix.SIGCHLD} {
		set |= 1 << (s - 1)
	}
	signalFD, err := unix.Signalfd(-1, &unix.Sigset_t{Val: [16]uint64{set}}, 0)
	if err != nil {
		return err
	}
	binary, err := unix.Open(r.Binary, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	b := program.NewBuilder()
	b.SetStart(0, -1, -1)
	b.SetInPlace()
	resident := program.Resident{
		Signals: set, Wake: 1<<(unix.SIGTSTP-1) | 1<<(unix.SIGCONT-1), Argv: b.Strings([]string{"sh", "-c", r.Assistant}),
		Env:   b.Strings([]string{"A=b"}),
		PIDFD: int32(pidfd), Pipe: pipeFD, PID: int32(first), Stop: int32(stopSignal), Binary: int32(binary), States: statesFD,
		Exits: r.Exits, Control: -1, SignalFD: int32(signalFD), Requests: requestsFD, Others: []int32{otherFD},
	}
	for _, s := range r.Keys {
		resident.Keys |= 1 << (s - 1)
	}
	if r.Init {
		resident.Control = initFD
	}
	b.Call(unix.SYS_EXIT_GROUP, program.Register(b.Reside(resident)))
	p, err := b.Program()
	if err != nil {
		return err
	}
	code, err := residentImage(p)
	if err != nil {
		return err
	}
	prog, err := Memfd("program", p.Encode(), false)
	if err != nil {
		return err
	}
	image, err := Memfd("nslaunch", code, true)
	if err != nil {
		return err
	}
	if r.Old {
		if err := refuseGroups(); err != nil {
			return err
		}
	}
	if _, err := unix.Write(reportFD, []byte(strconv.Itoa(first))); err != nil { // it is closed by the execve
		return err
	}
	for _, fd := range []int{pipeFD, statesFD, requestsFD, initFD, otherFD, gateFD, pidfd, prog} {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return err
		}
	}
	return beImage(image, prog)
}

// catch prints the signals that this process gets: number, si_code and value. With an argument, another process of the
// group does the same.
func catch() {
	if os.Args[0] != catcher {
		return
	}
	r, err := signals.Receive([]syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTERM, stopSignal, unix.SIGUSR2, 40})
	if err != nil {
		fatal(err.Error())
	}
	if len(os.Args) > 1 {
		if _, err := syscall.ForkExec("/proc/self/exe", []string{catcher}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}}); err != nil {
			fatal(err.Error())
		}
	}
	fmt.Println("ready")
	for {
		i, err := r.Next()
		if err != nil {
			fatal(err.Error())
		}
		raw := (*[128]byte)(unsafe.Pointer(&i.Raw))
		fmt.Println(int(i.Signal), i.Code, binary.NativeEndian.Uint32(raw[24:])) // the value, if there is one
	}
}

// resident is a running one, as the test sees it.
type resident struct {
	t          *testing.T
	pid, first int
	lines      <-chan string // of the standard output
	signals    int           // where siginfo_t of signals comes in
	states     int
	requests   int
	control    int // of init
	other      int
	gate       int
	master     int // of the terminal
}

// start starts a resident; all of it is gone when the test ends.
func (r residence) start(t *testing.T) *resident {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(beReaper())
	if r.Binary == "" {
		r.Binary = "/bin/sh"
	}
	spec, err := json.Marshal(r)
	must(err)
	s := &resident{t: t, master: -1}
	stdin, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(err)
	attr := &syscall.SysProcAttr{Setpgid: true}
	if r.Terminal {
		unix.Close(stdin)
		s.master, stdin = terminal(t)
		attr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}
	stdout, theirStdout := pipe(t)
	report, theirReport := pipe(t)
	var theirPipe, theirStates, theirRequests, theirControl, theirOther, theirGate int
	s.signals, theirPipe = pipe(t)
	s.states, theirStates = pair(t)
	s.requests, theirRequests = pair(t)
	s.control, theirControl = pair(t)
	theirOther, s.other = pipe(t)
	theirGate, s.gate = pipe(t)
	theirs := []int{stdin, theirStdout, 2, theirPipe, theirStates, theirRequests, theirControl, theirOther, theirGate, theirReport}
	files := make([]uintptr, len(theirs))
	for i, fd := range theirs {
		files[i] = uintptr(fd)
	}
	s.pid, err = syscall.ForkExec("/proc/self/exe", []string{"launcher"}, &syscall.ProcAttr{
		Env: append(os.Environ(), residentVariable+"="+string(spec)), Files: files, Sys: attr,
	})
	for _, fd := range theirs {
		if fd > 2 {
			unix.Close(fd)
		}
	}
	must(err)
	hung := time.AfterFunc(time.Minute, func() { killChildren(t) })
	t.Cleanup(func() {
		hung.Stop()
		for _, fd := range []int{s.signals, s.states, s.requests, s.control, s.other, s.gate, s.master} {
			unix.Close(fd)
		}
		if s.pid > 0 {
			_ = unix.Kill(s.pid, unix.SIGKILL)
		}
		if s.first > 0 {
			_ = unix.Kill(-s.first, unix.SIGKILL) // its process group
		}
		for err := error(nil); err == nil || err == syscall.EINTR; {
			_, err = syscall.Wait4(-1, nil, 0, nil)
		}
	})
	if _, err := fmt.Sscan(slurp(report), &s.first); err != nil {
		t.Fatalf("no command: %v", err)
	}
	lines := make(chan string, 100)
	s.lines = lines
	go func() {
		f := os.NewFile(uintptr(stdout), "stdout")
		defer f.Close()
		defer close(lines)
		for words := bufio.NewScanner(f); words.Scan(); {
			lines <- words.Text()
		}
	}()
	return s
}

// terminal opens a pseudoterminal.
func terminal(t *testing.T) (master, slave int) {
	t.Helper()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err == nil {
		err = unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0)
	}
	var n int
	if err == nil {
		n, err = unix.IoctlGetInt(master, unix.TIOCGPTN)
	}
	if err == nil {
		slave, err = unix.Open(fmt.Sprintf("/dev/pts/%d", n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// says waits for a line of the output.
func (s *resident) says(want string) {
	s.t.Helper()
	if line, ok := <-s.lines; line != want {
		s.t.Fatalf("it says %q, %v; want %q", line, ok, want)
	}
}

func (s *resident) kill(pid int, sig unix.Signal) {
	s.t.Helper()
	if err := unix.Kill(pid, sig); err != nil {
		s.t.Fatal(err)
	}
}

// queue sends a signal with a value.
func (s *resident) queue(sig unix.Signal, value int32) {
	s.t.Helper()
	var info [128]byte
	e := binary.NativeEndian
	e.PutUint32(info[0:], uint32(sig))
	siQueue := int32(-1)
	e.PutUint32(info[8:], uint32(siQueue))
	e.PutUint32(info[24:], uint32(value))
	_, _, errno := unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(s.pid), uintptr(sig), uintptr(unsafe.Pointer(&info)))
	if errno != 0 {
		s.t.Fatal(errno)
	}
}

// woken reads the siginfo_t of a signal of this process that was left to the assistant.
func (s *resident) woken(want unix.Signal) {
	s.t.Helper()
	s.wokenBy(want, os.Getpid())
}

// wokenBy is woken for a signal of another sender; 0 is the kernel.
func (s *resident) wokenBy(want unix.Signal, sender int) {
	s.t.Helper()
	var info [129]byte
	n, err := unix.Read(s.signals, info[:])
	e := binary.NativeEndian
	if err != nil || n != 128 || unix.Signal(e.Uint32(info[:])) != want || int(e.Uint32(info[16:])) != sender {
		s.t.Fatalf("%d bytes % x, %v; want those of signal %d", n, info[:32], err, want)
	}
}

// told waits for a message of what became of the child.
func (s *resident) told(code uint32, status int32) {
	s.t.Helper()
	var buf [program.MessageSize + 1]byte
	n, err := unix.Read(s.states, buf[:])
	m, ok := program.DecodeMessage(buf[:max(n, 0)])
	if want := (program.Message{Kind: program.MessageState, A: code, B: status}); err != nil || !ok || m != want {
		s.t.Fatalf("told %+v, %v; want %+v", m, err, want)
	}
}

// tell is what init says.
func (s *resident) tell(kind, code uint32, status int32) {
	s.t.Helper()
	var buf [program.MessageSize]byte
	e := binary.NativeEndian
	e.PutUint32(buf[0:], kind)
	e.PutUint32(buf[4:], code)
	e.PutUint32(buf[8:], uint32(status))
	if _, err := unix.Write(s.control, buf[:]); err != nil {
		s.t.Fatal(err)
	}
}

// ends waits for the end of the resident, with an exit status.
func (s *resident) ends(want int) {
	s.t.Helper()
	var status syscall.WaitStatus
	_, err := syscall.Wait4(s.pid, &status, 0, nil)
	s.pid = 0
	if err != nil || !status.Exited() || status.ExitStatus() != want {
		s.t.Fatalf("status %#x, %v; want exit status %d", status, err, want)
	}
}

// stops waits until the resident is stopped, by a signal.
func (s *resident) stops(want unix.Signal) {
	s.t.Helper()
	var status syscall.WaitStatus
	_, err := syscall.Wait4(s.pid, &status, syscall.WUNTRACED, nil)
	if err != nil || !status.Stopped() || status.StopSignal() != want {
		s.t.Fatalf("status %#x, %v; want stopped by %d", status, err, want)
	}
}

// alive checks that the resident has not ended.
func (s *resident) alive() {
	s.t.Helper()
	if pid, err := syscall.Wait4(s.pid, nil, syscall.WNOHANG, nil); pid != 0 || err != nil {
		s.t.Fatalf("it is gone: %d, %v", pid, err)
	}
}
