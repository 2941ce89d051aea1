package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// searchPath is the PATH of every program, and with home its whole environment.
const (
	searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	home       = "HOME=/"
)

// launcher starts programs and waits for them, with as little of its own as it can.
type launcher struct {
	null   uintptr
	output *os.File // of a probe
	errors *os.File // what all of them say
	attr   syscall.SysProcAttr
	count  int
}

func newLauncher(uid, gid int) (*launcher, error) {
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	l := &launcher{null: null.Fd()}
	for name, file := range map[string]**os.File{"output": &l.output, "errors": &l.errors} {
		fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
		if err != nil {
			return nil, fmt.Errorf("memfd_create: %w", err)
		}
		*file = os.NewFile(uintptr(fd), name)
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_APPEND); err != nil {
			return nil, err
		}
	}
	// A session of its own: no terminal, whoever runs this.
	l.attr.Setsid = true
	if uid != os.Getuid() {
		l.attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	// What launchers leave behind falls on us.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, err
	}
	return l, nil
}

// start starts a job. What it says on stderr is kept for fail.
func (l *launcher) start(j job, stdout uintptr) (pid int, err error) {
	l.count++
	attr := l.attr
	words := j.words(strconv.Itoa(l.count))
	pid, err = syscall.ForkExec(words[0], words, &syscall.ProcAttr{
		Dir:   "/",
		Env:   append([]string{searchPath, home}, j.Env...),
		Files: []uintptr{l.null, stdout, l.errors.Fd()},
		Sys:   &attr,
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", words[0], err)
	}
	return pid, nil
}

// time is how long a launch takes, from before the program is started until it has been
// waited for.
func (l *launcher) time(j job) (time.Duration, error) {
	if err := l.errors.Truncate(0); err != nil {
		return 0, err
	}
	from := time.Now()
	pid, err := l.start(j, l.null)
	if err != nil {
		return 0, err
	}
	var status syscall.WaitStatus
	_, err = wait(pid, &status, 0)
	took := time.Since(from)
	if err != nil {
		return 0, err
	}
	return took, l.fail(status)
}

// fail is the error of a launch that did not end well.
func (l *launcher) fail(status syscall.WaitStatus) error {
	if status.Exited() && status.ExitStatus() == 0 {
		return nil
	}
	how := fmt.Sprintf("exit status %d", status.ExitStatus())
	if status.Signaled() {
		how = "signal " + strconv.Itoa(int(status.Signal()))
	}
	if said := lastLines(l.errors); said != "" {
		how += ": " + said
	}
	return errors.New(how)
}

// lastLines are the last of a file, in one line.
func lastLines(file *os.File) string {
	const most = 400
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	text := make([]byte, min(info.Size(), most))
	_, _ = file.ReadAt(text, info.Size()-int64(len(text)))
	return strings.Join(strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

func wait(pid int, status *syscall.WaitStatus, options int) (int, error) {
	for {
		got, err := syscall.Wait4(pid, status, options, nil)
		if !errors.Is(err, syscall.EINTR) {
			return got, err
		}
	}
}

// parallel has many launches under way, always as many, and takes the time of all.
func (f *field) parallel() error {
	f.unit = nanoseconds
	return f.rounds(f.request.Rounds, func(r *runner) error {
		from := time.Now()
		if err := f.launcher.many(r.job, f.request.Count, f.request.InFlight); err != nil {
			return err
		}
		r.series.Samples = append(r.series.Samples, int64(time.Since(from))/int64(f.request.Count))
		return nil
	})
}

// many launches a job count times. It waits for whichever ends first: this process has no
// other children but orphans.
func (l *launcher) many(j job, count, inFlight int) error {
	if err := l.errors.Truncate(0); err != nil {
		return err
	}
	var failed error
	running := map[int]bool{}
	for started := 0; started < count || len(running) > 0; {
		if started < count && len(running) < inFlight && failed == nil {
			pid, err := l.start(j, l.null)
			if err != nil {
				failed, started = err, count
				continue
			}
			running[pid] = true
			started++
			continue
		}
		if failed != nil && len(running) == 0 {
			return failed
		}
		var status syscall.WaitStatus
		pid, err := wait(-1, &status, 0)
		if err != nil {
			return err
		}
		if running[pid] {
			delete(running, pid)
			if err := l.fail(status); err != nil && failed == nil {
				failed, started = err, count
			}
		}
	}
	return failed
}

// reapOrphans frees what launchers left to us, where all launchers have been waited for.
func reapOrphans() {
	for {
		if pid, err := wait(-1, nil, syscall.WNOHANG); err != nil || pid <= 0 {
			return
		}
	}
}
