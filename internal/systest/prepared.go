package systest

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// Prepared runs words as u in a process that a function has prepared. The test runs itself again for it, and begins with BecomePrepared.
func Prepared(t *testing.T, u nstest.User, words ...string) *exec.Cmd {
	cmd := nstest.Again(t, u)
	cmd.Env = append(cmd.Env, preparedWords+"="+strings.Join(words, "\x1f"))
	return cmd
}

const preparedWords = "SYSTEST_WORDS"

// BecomePrepared does nothing but in a process that Prepared has started,
// which it prepares and then executes the words.
func BecomePrepared(t *testing.T, prepare func() error) {
	t.Helper()
	if !nstest.Inside(t) {
		return
	}
	words := strings.Split(os.Getenv(preparedWords), "\x1f")
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, preparedWords+"=") && !strings.HasPrefix(e, "NST") && !strings.HasPrefix(e, "NSL") {
			env = append(env, e)
		}
	}
	runtime.LockOSThread() // what is prepared may be the thread's alone
	if err := prepare(); err != nil {
		t.Fatal(err)
	}
	t.Fatal(syscall.Exec(words[0], words, env))
}

// Denial is a system call that a seccomp filter refuses, with the errno that
// containers give.
type Denial struct {
	Call  uintptr
	Flags uint32 // only with one of these in the first argument, if not 0
	Errno unix.Errno
}

// Filter installs a seccomp filter; see seccomp(2).
func Filter(denials ...Denial) error {
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset} // of struct seccomp_data
	}
	var code []unix.SockFilter
	for _, d := range denials {
		rule := []unix.SockFilter{}
		if d.Flags != 0 {
			rule = append(rule, load(16), unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: d.Flags, Jf: 1})
		}
		rule = append(rule, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(d.Errno)})
		code = append(code, load(0), unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(d.Call), Jf: uint8(len(rule))})
		code = append(code, rule...)
	}
	code = append(code, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}
