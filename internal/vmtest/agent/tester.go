package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// limit is what a command of a check may take, on an emulated machine.
const limit = 2 * time.Minute

// user is one who runs checks.
type user struct {
	name string // in the names of checks
	home string
	uid  int // and gid
}

// superuser is root, ordinary has subordinate ids, and bare has none.
func superuser() user { return user{"root", "/root", 0} }
func ordinary() user  { return user{"user", "/home/nslaunch-test", 20001} }
func bare() user      { return user{"bare", "/home/nslaunch-bare", 20002} }

// check is something that a machine can do.
type check struct {
	name    string
	users   []user
	where   string // a processor, a kernel, or any: "arm64", "6.12"
	without string // where it is not done
	run     func(*tester)
}

// tester is a check that runs.
type tester struct {
	*host
	user   user
	name   string
	text   bytes.Buffer
	failed bool
	later  []func()
	dir    string
	limit  time.Duration   // of one command
	wrap   func(*exec.Cmd) // puts another command around one
}

// logf adds a line to what the check says.
func (t *tester) logf(format string, args ...any) { fmt.Fprintf(&t.text, format+"\n", args...) }

// errorf fails the check, which goes on.
func (t *tester) errorf(format string, args ...any) {
	t.failed = true
	t.logf(format, args...)
}

// fatalf fails the check and ends it.
func (t *tester) fatalf(format string, args ...any) {
	t.errorf(format, args...)
	runtime.Goexit()
}

// must ends the check on an error.
func (t *tester) must(err error) {
	if err != nil {
		t.fatalf("%v", err)
	}
}

// cleanUp is called at the end of the check, the last first.
func (t *tester) cleanUp() {
	for i := len(t.later) - 1; i >= 0; i-- {
		t.later[i]()
	}
}

// sysctl sets a kernel setting for the time of the check.
func (t *tester) sysctl(name, value string) {
	file := filepath.Join("/proc/sys", strings.ReplaceAll(name, ".", "/"))
	old, err := os.ReadFile(file)
	t.must(err)
	t.must(os.WriteFile(file, []byte(value), 0))
	t.later = append(t.later, func() {
		if err := os.WriteFile(file, old, 0); err != nil {
			t.errorf("%s back to %q: %v", name, old, err)
		}
	})
}

// tempDir is a directory of the user's.
func (t *tester) tempDir() string {
	if t.dir == "" {
		dir, err := os.MkdirTemp("/tmp", "check-")
		t.must(err)
		t.must(os.Chown(dir, t.user.uid, t.user.uid))
		t.must(os.Chmod(dir, 0o755))
		t.later = append(t.later, func() { os.RemoveAll(dir) })
		t.dir = dir
	}
	return t.dir
}

// profile writes a profile and returns its path.
func (t *tester) profile(text string) string {
	file := filepath.Join(t.tempDir(), "profile.toml")
	t.must(os.WriteFile(file, []byte(text), 0o644))
	return file
}

// result is what came of a command.
type result struct {
	args           []string
	status         int // as a shell has it: 128 and the signal
	stdout, stderr string
	usage          *syscall.Rusage
}

func (r result) String() string {
	return fmt.Sprintf("%q: status %d\nstdout: %s\nstderr: %s", r.args, r.status, r.stdout, r.stderr)
}

// command is a command of the user's, in a session and directory of its own.
func (t *tester) command(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), t.limit)
	t.later = append(t.later, cancel)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = t.tempDir()
	cmd.Env = []string{"PATH=" + path, "HOME=" + t.user.home, "USER=" + t.user.name, "SHELL=/bin/sh", "LANG=C.UTF-8",
		fmt.Sprintf("XDG_RUNTIME_DIR=/run/user/%d", t.user.uid)}
	if t.user.uid == 0 {
		cmd.Env = cmd.Env[:len(cmd.Env)-1]
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true,
		Credential: &syscall.Credential{Uid: uint32(t.user.uid), Gid: uint32(t.user.uid)}}
	cmd.WaitDelay = 5 * time.Second
	if t.wrap != nil {
		t.wrap(cmd)
	}
	return cmd
}

// run runs a command.
func (t *tester) run(args ...string) result { return t.finish(t.command(args...)) }

func (t *tester) finish(cmd *exec.Cmd) result {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	r := result{args: cmd.Args, stdout: stdout.String(), stderr: stderr.String()}
	if cmd.ProcessState == nil {
		t.fatalf("%q: %v", cmd.Args, err)
	}
	r.usage, _ = cmd.ProcessState.SysUsage().(*syscall.Rusage)
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if r.status = status.ExitStatus(); status.Signaled() {
		r.status = 128 + int(status.Signal())
	}
	return r
}

// want runs a command that must exit with a status and print what fits.
func (t *tester) want(status int, stdout string, args ...string) result {
	r := t.run(args...)
	t.check(r, status, stdout)
	return r
}

// check compares what came of a command.
func (t *tester) check(r result, status int, stdout string) {
	if r.status != status || !fits(stdout, r.stdout) {
		t.errorf("%v\nwant status %d, stdout %q", r, status, stdout)
	}
}

// fits reports whether a text, without the end of its last line, is all that a pattern says.
func fits(pattern, text string) bool {
	return regexp.MustCompile(`^(?s:` + pattern + `)$`).MatchString(strings.TrimRight(text, "\r\n"))
}
