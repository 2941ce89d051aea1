package signals

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A command that has itself traced, and then sends itself a signal, sends none to anybody else: neither to its
// launcher nor to the shell's job. KILL ends it after TERM.
func TestTrapIsNoStop(t *testing.T) {
	number, ok := map[string]int{"amd64": 101, "arm64": 117}[runtime.GOARCH]
	if !ok {
		nstest.Skip(t, "the number of ptrace(2) is not known here")
	}
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := systest.ShellOn(t, u, profile+"process = { stop_timeout = \"500ms\", capabilities = \"none\" }\n")
		systest.Says(term, fmt.Sprintf(`sh -c 'trap "echo ca''ught" TERM USR1; $NS p.toml -- perl -e "\$|=1; syscall(%d,0,0,0,0)==0 or die; print qq(tra''ced\\n); kill TERM,\$\$; print qq(re''ached\\n)"; echo en''ded $?'`, number), "traced\r\n")
		job := term.Job(t)
		launcher := childOf(t, job)
		time.Sleep(100 * time.Millisecond) // what would come, comes at once
		if text := term.Output(); strings.Contains(text, "caught") || strings.Contains(text, "ended") {
			t.Errorf("the signal got out:\n%s", text)
		}
		if err := syscall.Kill(launcher, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		term.Expect("ended 137")
		term.Expect(systest.Prompt)
	})
}

// childOf is a process's only child.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	text := nstest.MustRun(t, nstest.Superuser(t).Command(t, "cat", fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", pid)))
	var child int
	if _, err := fmt.Sscan(text, &child); err != nil {
		t.Fatalf("children of %d: %q", pid, text)
	}
	return child
}

// TERM is followed by KILL once the stop timeout is over, also where the launcher is a resident.
func TestTermThenKill(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, profile := range []string{systest.OnlyUser, systest.AllNew, systest.AllNew + "process.init = false\n", systest.AllNew + systest.OwnPTY} {
			for _, wait := range []string{"0.01", "0.4"} {
				cmd := u.Command(t, "timeout", "--preserve-status", wait, nstest.Nslaunch(t), "p.toml", "--", "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
				u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), "version = 1\n"+profile+"process.stop_timeout = \"300ms\"\n")
				if got := nstest.Run(t, cmd); got.Status != 137 && got.Status != 143 {
					t.Errorf("%s after %s s: %+v", profile, wait, got)
				}
			}
		}
	})
}

// The signal that a caller has asked for at its death reaches the launcher, resident or not.
func TestDeathSignalOfCaller(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for range 15 {
			cmd := u.Command(t, "sh", "-c", `rm -f ready; setpriv --pdeathsig KILL "$NS" run --new user,mount,pid -- sh -c "echo up >ready; exec sleep 77" & echo $!
until [ -s ready ]; do sleep 0.02; done; exec sleep 0.3`) // it resides by then
			cmd.Env = append(cmd.Env, "NS="+nstest.Nslaunch(t))
			var out strings.Builder
			cmd.Stdout = &out
			cmd.WaitDelay = time.Second
			if err := cmd.Run(); err != nil && err != exec.ErrWaitDelay {
				t.Fatal(err)
			}
			var pid int
			if _, err := fmt.Sscan(out.String(), &pid); err != nil {
				t.Fatal(err)
			}
			deadline := time.Now().Add(5 * time.Second)
			for lives(pid) {
				if time.Now().After(deadline) {
					_ = syscall.Kill(pid, syscall.SIGKILL)
					t.Fatal("the launcher outlives its parent")
				}
				time.Sleep(5 * time.Millisecond)
			}
		}
	})
}

// lives reports whether a process has not ended, waited for or not.
func lives(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}
