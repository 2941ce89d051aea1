package stage

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// A process writes the id by which it knows itself, also one in a pid namespace of its own.
func TestOwnPID(t *testing.T) { eachImage(t, testOwnPID) }

func testOwnPID(t *testing.T, run runner) {
	for _, test := range []struct {
		name  string
		clone uint64
	}{{"the machine's", 0}, {"of its own", unix.CLONE_NEWUSER | unix.CLONE_NEWPID}} {
		t.Run(test.name, func(t *testing.T) {
			run := run.with(t)
			if test.clone != 0 {
				run.requireNamespaces("user", "pid")
			}
			b := program.NewBuilder()
			b.SetStart(test.clone, syncFD, controlFD)
			// A word that is the same stays as it is.
			argv := b.Strings([]string{"sh", "-c", `echo "$LISTEN_PID $$ $1"`, "sh", "LISTEN_PID="})
			env := b.Pointers(b.String("A=b"), b.WithPID("LISTEN_PID="), b.String("C=d"))
			b.Call(unix.SYS_EXECVE, b.String("/bin/sh"), argv, env)
			got := run.run(mustProgram(t, b))
			words := strings.Fields(got.stdout)
			if len(words) != 3 || words[0] != words[1] || words[2] != "LISTEN_PID=" || test.clone != 0 && words[0] != "1" {
				t.Errorf("%q", got.stdout)
			}
		})
	}
}

func TestDecimal(t *testing.T) {
	for _, pid := range []uintptr{1, 9, 10, 99, 100, 4194303} {
		buf := []byte("xxxxxxxxx")
		writeDecimal(&buf[0], pid)
		if want := fmt.Sprint(pid) + "\x00"; !strings.HasPrefix(string(buf), want) || len(want) > program.PIDRoom {
			t.Errorf("%q; want %q", buf, want)
		}
	}
}
