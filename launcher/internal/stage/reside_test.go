package stage

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

func shell(script string) []string { return []string{"/bin/sh", "-c", script} }

// ofResidents skips where signals are emulated: what a process has blocked before its execve, the emulator forgets.
func ofResidents(t *testing.T) {
	t.Helper()
	if emulator() != "" {
		t.Skip("the emulator keeps no blocked signals across execve")
	}
	if !HasImage() {
		t.Skip("a resident is of the sealed image")
	}
}

// A resident exits as its command does.
func TestResidentExitsAsTheCommand(t *testing.T) {
	ofResidents(t)
	for _, test := range []struct {
		script string
		status int
	}{{"exit 0", 0}, {"exit 7", 7}, {"exit 255", 255}, {"kill -KILL $$", 128 + 9}} {
		for _, gone := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, gone before: %v", test.script, gone), func(t *testing.T) {
				residence{Command: shell(test.script), Gone: gone, Exits: true, Assistant: "exit 99"}.start(t).ends(test.status)
			})
		}
	}
}

// With an init it exits as that says, or as that does if that is gone without a word.
func TestResidentExitsAsInitSays(t *testing.T) {
	ofResidents(t)
	for _, test := range []struct {
		name   string
		code   uint32 // of a message, 0 for none
		number int32
		want   int
		ended  bool // init is gone before it is looked after
		closed bool // its socket is closed
	}{
		{"exit status", cldExited, 7, 7, false, false},
		{"signal", cldKilled, 15, 128 + 15, false, false},
		{"dumped", 3, 11, 128 + 11, false, false},
		{"all before", cldExited, 7, 7, true, true},
		{"killed without a word", 0, 0, 128 + 9, false, true},
		{"killed without a word, before", 0, 0, 128 + 9, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := residence{Command: shell("kill -STOP $$"), Init: true, Exits: true, Assistant: "exit 99"}.start(t)
			if test.ended {
				s.kill(s.first, unix.SIGKILL)
			}
			if test.code != 0 {
				s.tell(program.MessageState, test.code, test.number)
			}
			if test.closed {
				unix.Close(s.control)
				s.control = -1
			}
			if !test.ended {
				// It waits for the end of init, of what else is in its pid namespace too.
				s.alive()
				s.kill(s.first, unix.SIGKILL)
			}
			s.ends(test.want)
		})
	}
}

// Signals are forwarded, with the value that is queued with one; TERM as the stop signal.
func TestResidentForwards(t *testing.T) {
	ofResidents(t)
	s := residence{Command: []string{catcher}, Exits: true, Assistant: "exit 99"}.start(t)
	s.says("ready")
	s.kill(s.pid, unix.SIGUSR2)
	s.says("12 0 0")
	s.kill(s.pid, unix.SIGINT) // of no terminal
	s.says("2 0 0")
	s.kill(s.pid, unix.SIGTERM)
	s.says("10 0 0")
	s.queue(unix.SIGTERM, 41)
	s.says("10 -1 41")
	for i := range int32(3) { // one by one: several threads take them
		s.queue(40, i)
		s.says(fmt.Sprint("40 -1 ", i))
	}
	s.kill(s.first, unix.SIGKILL)
	s.ends(128 + 9)
}

// A key of the terminal is for all of the command's process group; the same signal of a process is for the command alone.
func TestResidentForwardsKeys(t *testing.T) {
	ofResidents(t)
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprint("old: ", old), func(t *testing.T) {
			r := residence{Command: []string{catcher, "twice"}, Exits: true, Keys: []unix.Signal{unix.SIGINT}, Terminal: true,
				Assistant: assistant + "exit 9", Old: old}.start(t)
			r.says("ready")
			r.says("ready")
			r.kill(r.pid, unix.SIGINT)
			r.says("2 0 0")
			if _, err := unix.Write(r.master, []byte{3}); err != nil {
				t.Fatal(err)
			}
			forwards := !old && signalsGroups(t)
			if forwards {
				r.says("2 0 0")
				r.says("2 0 0")
			} else { // before Linux 6.9 it is left to the assistant, which can
				r.wokenBy(unix.SIGINT, 0)
				r.assisted()
			}
			r.kill(r.pid, unix.SIGUSR2) // nothing else came before
			r.says("12 0 0")
			r.kill(r.first, unix.SIGKILL)
			if forwards {
				r.ends(128 + 9)
				return
			}
			r.told(cldKilled, 9)
			r.open()
			r.ends(9)
		})
	}
}

// What the assistant of these tests does first: it tells of itself. Then it waits.
const assistant = `set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo own group
	[ $(sed -n 's/SigBlk:.//p' /proc/$$/status) = 0000000000000000 ] && echo none blocked
	echo $A; read line <&8; `

func (s *resident) assisted() {
	s.t.Helper()
	s.says("own group")
	s.says("none blocked")
	s.says("b")
}

// open lets the assistant go on.
func (s *resident) open() {
	s.t.Helper()
	if _, err := unix.Write(s.gate, []byte("\n")); err != nil {
		s.t.Fatal(err)
	}
}

// A signal that it leaves to the assistant is in the pipe, and starts that once. All others are forwarded still. Its exit
// status becomes the resident's, once the command is gone.
func TestResidentIsWoken(t *testing.T) {
	ofResidents(t)
	s := residence{Command: []string{catcher}, Exits: true, Assistant: assistant + "echo done; exit 9"}.start(t)
	s.says("ready")
	s.kill(s.pid, unix.SIGTSTP)
	s.woken(unix.SIGTSTP)
	s.assisted()
	s.kill(s.pid, unix.SIGTSTP)
	s.woken(unix.SIGTSTP)
	s.kill(s.pid, unix.SIGTERM)
	s.says("10 0 0")
	s.kill(s.first, unix.SIGKILL)
	s.told(cldKilled, 9)
	s.alive()
	s.open()
	s.says("done")
	s.ends(9)
}

// It is woken by other descriptors too.
func TestResidentIsWokenByADescriptor(t *testing.T) {
	ofResidents(t)
	s := residence{Command: shell("kill -STOP $$"), Init: true, Exits: true, Assistant: assistant + "exit 9"}.start(t)
	if _, err := unix.Write(s.other, []byte("x")); err != nil {
		t.Fatal(err)
	}
	s.assisted()
	s.kill(s.first, unix.SIGKILL)
	s.told(cldKilled, 9)
	s.open()
	s.ends(9)
}

// Where it may not exit by itself, the assistant learns of the end.
func TestResidentTellsOfTheEnd(t *testing.T) {
	ofResidents(t)
	for _, gone := range []bool{false, true} {
		s := residence{Command: shell("exit 7"), Gone: gone, Assistant: assistant + "exit 9"}.start(t)
		s.told(cldExited, 7)
		s.assisted()
		s.open()
		s.ends(9)
	}
}

// It learns when the command stops and continues, too.
func TestResidentTellsOfStops(t *testing.T) {
	ofResidents(t)
	s := residence{Command: shell("kill -STOP $$; kill -STOP $$; exit 3"), Exits: true, Assistant: assistant + "exit 9"}.start(t)
	s.told(cldStopped, int32(unix.SIGSTOP))
	s.assisted()
	s.kill(s.first, unix.SIGCONT)
	// The second stop may cover the continuation.
	var words []string
	for range 100 {
		var buf [program.MessageSize]byte
		if _, err := unix.Read(s.states, buf[:]); err != nil {
			t.Fatal(err)
		}
		m, _ := program.DecodeMessage(buf[:])
		words = append(words, fmt.Sprintf("%d(%d,%d)", m.Kind, m.A, m.B))
		if m.A == cldStopped {
			s.kill(s.first, unix.SIGCONT)
		}
		if m.A == cldExited {
			break
		}
	}
	if got := strings.ReplaceAll(strings.Join(words, " "), "4(6,18) ", ""); got != "4(5,19) 4(1,3)" {
		t.Errorf("told %q", words)
	}
	s.open()
	s.ends(9)
}

// What init says of a stop is left to the assistant.
func TestResidentLeavesStatesToTheAssistant(t *testing.T) {
	ofResidents(t)
	s := residence{Command: shell("kill -STOP $$"), Init: true, Exits: true, Assistant: assistant + "exit 9"}.start(t)
	s.tell(program.MessageState, cldStopped, int32(unix.SIGTSTP))
	s.assisted()
	s.kill(s.first, unix.SIGKILL)
	s.told(cldKilled, 9)
	s.open()
	s.ends(9)
}

// The assistant has it stop, as a shell wants to see it; continued, it goes on.
func TestResidentStops(t *testing.T) {
	ofResidents(t)
	for _, group := range []byte{0, 1} {
		t.Run(fmt.Sprint("group: ", group), func(t *testing.T) {
			s := residence{Command: []string{catcher}, Exits: true, Assistant: assistant + "exit 9"}.start(t)
			s.says("ready")
			s.kill(s.pid, unix.SIGTSTP)
			s.woken(unix.SIGTSTP)
			s.assisted()
			if _, err := unix.Write(s.requests, []byte{byte(unix.SIGTSTP)}); err != nil { // no request
				t.Fatal(err)
			}
			for _, sig := range []unix.Signal{unix.SIGTSTP, unix.SIGTTIN, unix.SIGSTOP} {
				if _, err := unix.Write(s.requests, []byte{byte(sig), 0, 0, 0, group, 0, 0, 0}); err != nil {
					t.Fatal(err)
				}
				s.stops(sig)
				s.kill(s.pid, unix.SIGTERM)
				s.kill(s.pid, unix.SIGCONT)
				s.says("10 0 0")
				s.woken(unix.SIGCONT)
			}
			s.kill(s.first, unix.SIGKILL)
			s.told(cldKilled, 9)
			s.open()
			s.ends(9)
		})
	}
}

// Without its assistant it is of no use any more: its end, which ends the sandbox, does not wait for the command.
func TestResidentWithoutAssistant(t *testing.T) {
	ofResidents(t)
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, []byte("nonsense"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]residence{
		"it crashes":        {Assistant: "kill -SEGV $$"},
		"it is killed":      {Assistant: "kill -KILL $$"},
		"it cannot be run":  {Binary: "/dev/null"},
		"it is no program":  {Binary: file},
		"it is a directory": {Binary: "/"},
	} {
		t.Run(name, func(t *testing.T) {
			r.Command, r.Exits = []string{catcher}, true
			s := r.start(t)
			s.says("ready")
			s.kill(s.pid, unix.SIGTSTP)
			s.ends(exitSetup)
			if err := unix.Kill(s.first, 0); err != nil {
				t.Errorf("the command: %v", err)
			}
		})
	}
}
