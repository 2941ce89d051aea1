package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// Version is that of the records that are written. One with a higher version is left alone.
const Version = 1

// Record is a sandbox that runs, is being started or, if it was detached, has ended lately. It is
// a file of one line of JSON, and a second one, an [End], once it has ended.
type Record struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	World   World  `json:"world"`

	Launcher process.Process `json:"launcher"`
	Profile  string          `json:"profile,omitempty"` // absolute path; "" for flags, "-" for standard input
	Command  []string        `json:"command"`
	// Started is when the command ran; before that, Target is nil.
	Started time.Time        `json:"started,omitzero"`
	Target  *launcher.Target `json:"target,omitempty"`

	StopTimeout time.Duration `json:"stop_timeout"` // in nanoseconds
	Detached    bool          `json:"detached,omitempty"`
	Log         string        `json:"log,omitempty"` // absolute path of the file that a detached one writes to
}

// World is where pids and start times mean something.
type World struct {
	Boot string `json:"boot"` // id of the time since the machine was started
	PID  uint64 `json:"pid"`  // inode of the pid namespace
	Time uint64 `json:"time"` // inode of the time namespace, to whose clock start times are
}

// Here is the caller's world.
func Here() (World, error) {
	var w World
	const file = "/proc/sys/kernel/random/boot_id"
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return w, &os.PathError{Op: "open", Path: file, Err: err}
	}
	var boot [64]byte
	n, err := unix.Read(fd, boot[:])
	unix.Close(fd)
	if err != nil {
		return w, &os.PathError{Op: "read", Path: file, Err: err}
	}
	w.Boot = strings.TrimSpace(string(boot[:n]))
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &st); err != nil {
		return w, &os.PathError{Op: "stat", Path: "/proc/self/ns/pid", Err: err}
	}
	w.PID = st.Ino
	if unix.Stat("/proc/self/ns/time", &st) == nil { // else the kernel has none
		w.Time = st.Ino
	}
	return w, nil
}

// New returns the record of a sandbox that this process launches.
func New(name string) (*Record, error) {
	world, err := Here()
	if err != nil {
		return nil, err
	}
	self, err := process.At(os.Getpid())
	if err != nil {
		return nil, err
	}
	return &Record{Version: Version, Name: name, World: world, Launcher: self}, nil
}

// End is how a sandbox ended.
type End struct {
	Status int `json:"status"` // as that of run
	// Killed tells that the launcher was, and the command with it.
	Killed bool `json:"killed,omitempty"`
}

// State is what can be said of a recorded sandbox.
type State string

const (
	Starting State = "starting"
	Running  State = "running"
	Ended    State = "ended"
	// Elsewhere: its launcher is in another pid or time namespace than the caller,
	// or of a later version, so that nothing can be said of it.
	Elsewhere State = "elsewhere"
	// dead: its launcher was killed, and nobody has noticed yet.
	dead State = "dead"
)

// decode reads a record's file.
func decode(text []byte) (*Record, *End, error) {
	line, rest, whole := bytes.Cut(text, []byte("\n"))
	r := &Record{}
	if err := json.Unmarshal(line, r); err != nil || !whole || r.Name == "" || r.Launcher.PID <= 0 {
		return nil, nil, fmt.Errorf("not a record of a sandbox: %.80q", line)
	}
	if err := r.whole(); err != nil {
		return nil, nil, fmt.Errorf("not a record of a sandbox: %w", err)
	}
	line, _, whole = bytes.Cut(rest, []byte("\n"))
	if !whole {
		return r, nil, nil
	}
	e := &End{}
	if err := json.Unmarshal(line, e); err != nil {
		return nil, nil, fmt.Errorf("not the end of a sandbox: %.80q", line)
	}
	return r, e, nil
}

// encode writes the end as a line.
func (e End) encode() []byte {
	j := jsonText{}
	j.object(func() {
		j.number("status", int64(e.Status))
		j.flag("killed", e.Killed)
	})
	return append(j.buf, '\n')
}

// elsewhere says why nothing can be said of it.
func (r *Record) elsewhere() string {
	if r.Version > Version {
		return "was launched by a later version of nslaunch"
	}
	return "was launched in another pid or time namespace"
}

// stateOf says what a record and the kernel tell, as seen from a world.
func stateOf(r *Record, e *End, here World) State {
	switch {
	case r.Version > Version:
		return Elsewhere
	case e != nil && r.Detached:
		return Ended
	case r.World.Boot != here.Boot:
		return dead
	case r.World != here:
		return Elsewhere
	case r.Launcher.Gone():
		return dead
	case r.Target == nil:
		return Starting
	}
	return Running
}
