package stage

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// The test binary is the child image: it runs itself again as a child.
func TestMain(m *testing.M) {
	Main()
	emulate()
	catch()
	beResident()
	os.Exit(m.Run())
}

// Descriptors of the children.
const (
	programFD = 3
	syncFD    = 4
	controlFD = 5
)

// event is a message of a child.
type event struct {
	program.Message
	pid int
}

// outcome is what came of a program.
type outcome struct {
	sync, control []event
	pid           int                        // of the loader
	status        syscall.WaitStatus         // of that
	statuses      map[int]syscall.WaitStatus // of the processes that it and they have made
	stdout        string
	stderr        string
}

// runner runs programs as the launcher would. It is the reaper of all that
// they make, so that it knows when nothing is left.
type runner struct {
	t *testing.T
	// reached is asked what to do about a process at a sync point: false
	// closes the launcher's ends.
	reached func(event) bool
	// told is given each message of the control socket.
	told  func(event)
	image image
	// noLauncher closes the launcher's end of the control socket beforehand.
	noLauncher bool
}

// with is the runner for a subtest.
func (r runner) with(t *testing.T) runner {
	r.t = t
	return r
}

func (r runner) run(p *program.Program) outcome {
	r.t.Helper()
	if r.image != inPlace {
		return r.runEncoded(p.Encode(), 0)
	}
	q := *p
	q.InPlace = true
	// What is executed in a new user namespace has no capabilities there: root does without.
	got := r.runEncoded(q.Encode(), p.CloneFlags&^unix.CLONE_NEWUSER)
	// There is no loader.
	got.statuses[got.pid], got.status = got.status, 0
	return got
}

// runEncoded runs a text in a process that is cloned with flags.
func (r runner) runEncoded(text []byte, flags uint64) outcome {
	r.t.Helper()
	must := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	must(beReaper())
	file, err := Memfd("program", text, false)
	must(err)
	sync, theirSync := pair(r.t)
	control, theirControl := pair(r.t)
	if r.noLauncher {
		unix.Close(control)
		control = -1
	}
	stdout, theirStdout := pipe(r.t)
	stderr, theirStderr := pipe(r.t)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(err)
	executable, command, closeImage := r.image.open(r.t)
	defer closeImage() // an emulator opens it late
	pid, err := syscall.ForkExec(executable, command(Argv0, fmt.Sprint(programFD)), &syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{},
		Sys:   &syscall.SysProcAttr{Cloneflags: uintptr(flags)},
		Files: []uintptr{uintptr(null), uintptr(theirStdout), uintptr(theirStderr), uintptr(file), uintptr(theirSync), uintptr(theirControl)},
	})
	for _, fd := range []int{null, theirStdout, theirStderr, file, theirSync, theirControl} {
		unix.Close(fd)
	}
	must(err)
	hung := time.AfterFunc(time.Minute, func() { killChildren(r.t) })
	defer hung.Stop()
	result := outcome{pid: pid, statuses: map[int]syscall.WaitStatus{}}
	output := make(chan [2]string)
	go func() { output <- [2]string{slurp(stdout), slurp(stderr)} }()
	told := make(chan []event)
	go func() { told <- r.listen(control, nil) }()
	result.sync = r.listen(sync, func(e event) bool {
		if e.Kind != program.MessageReached {
			return true
		}
		if r.reached != nil && !r.reached(e) {
			return false
		}
		_, err := unix.Write(sync, []byte{1})
		return err == nil
	})
	result.control = <-told
	text2 := <-output
	result.stdout, result.stderr = text2[0], text2[1]
	// Nobody else has children here: when there are none, nothing is left.
	for {
		var status syscall.WaitStatus
		who, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err == syscall.ECHILD {
			return result
		}
		must(err)
		if who == pid {
			result.status = status
		} else {
			result.statuses[who] = status
		}
	}
}

// listen collects messages until the last of the other ends is closed, or
// answer says no.
func (r runner) listen(fd int, answer func(event) bool) []event {
	if fd < 0 {
		return nil
	}
	defer unix.Close(fd)
	var all []event
	for {
		buf, oob := make([]byte, 64), make([]byte, unix.CmsgSpace(unix.SizeofUcred))
		n, oobn, _, _, err := unix.Recvmsg(fd, buf, oob, 0)
		if err == unix.EINTR {
			continue
		}
		if err == unix.ECONNRESET || n == 0 {
			return all
		}
		m, ok := program.DecodeMessage(buf[:n])
		if err != nil || !ok {
			r.t.Errorf("message %q, %v", buf[:max(n, 0)], err)
			return all
		}
		e := event{m, 0}
		if c, err := unix.ParseSocketControlMessage(oob[:oobn]); err == nil && len(c) == 1 {
			if cred, err := unix.ParseUnixCredentials(&c[0]); err == nil {
				e.pid = int(cred.Pid)
			}
		}
		all = append(all, e)
		switch {
		case answer != nil && !answer(e):
			return all
		case answer == nil && r.told != nil:
			r.told(e)
		}
	}
}

// pair returns our end, which learns who sends, and the child's.
func pair(t *testing.T) (ours, theirs int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

func pipe(t *testing.T) (read, write int) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

func slurp(fd int) string {
	defer unix.Close(fd)
	var all bytes.Buffer
	for buf := make([]byte, 4096); ; {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 {
			return all.String()
		}
		all.Write(buf[:n])
	}
}

// killChildren turns a hang into a failure.
func killChildren(t *testing.T) {
	t.Error("the program hung and was killed")
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, word := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
	}
}

// newBuilder returns a builder of programs for the runner, with an op that
// closes what the Go runtime has opened.
func newBuilder() *program.Builder {
	b := program.NewBuilder()
	b.SetStart(0, syncFD, controlFD)
	b.Call(unix.SYS_CLOSE_RANGE, program.Int(controlFD+1), program.Const(1<<32-1))
	return b
}

func mustProgram(t *testing.T, b *program.Builder) *program.Program {
	t.Helper()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// failure is the one message of a program that fails: {op, errno}.
func (o outcome) failure(t *testing.T) (op int, errno unix.Errno) {
	t.Helper()
	if len(o.sync) != 1 || o.sync[0].Kind != program.MessageFailed || o.status != 0 || len(o.statuses) != 1 || o.stderr != "" {
		t.Fatalf("not one failure: %+v", o)
	}
	if status := o.statuses[o.sync[0].pid]; status.ExitStatus() != exitSetup {
		t.Errorf("exit status %d; want %d", status.ExitStatus(), exitSetup)
	}
	return int(o.sync[0].A), unix.Errno(o.sync[0].B)
}
