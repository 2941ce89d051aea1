package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// Version is that of the records that are written. What another version wrote is listed, and never entered.
const Version = 2

// Record is a sandbox that runs, is being started or, if it was detached, has ended lately. It is
// written as up to three lines of JSON: what is known before the command runs, what is known then,
// and the end.
type Record struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	World   World  `json:"world"`

	Launcher process.Process `json:"launcher"`
	Profile  string          `json:"profile,omitempty"` // absolute path; "" for flags, "-" for standard input
	Dir      string          `json:"dir,omitempty"`     // absolute path: the working directory that the profile is for; "" for all
	Command  []string        `json:"command"`           // in a hint, the first word alone

	StopTimeout time.Duration `json:"stop_timeout"` // in nanoseconds
	Detached    bool          `json:"detached,omitempty"`
	LogID       string        `json:"log_id,omitempty"` // of the file that a detached one writes to: part of its name
	Log         string        `json:"log,omitempty"`    // absolute path of that file; "" in a hint

	// Started is when the command ran; zero before that. Target is how to enter it, and nil in a hint.
	Started time.Time        `json:"started,omitzero"`
	Target  *launcher.Target `json:"target,omitempty"`

	End *End `json:"end,omitempty"` // nil before that
}

// End is how a sandbox ended.
type End struct {
	Status int `json:"status"` // as that of run
	// Killed reports that the launcher was, and the command with it.
	Killed bool `json:"killed,omitempty"`
}

// World is where pids and start times mean something.
type World struct {
	PID  uint64 `json:"pid"`  // inode of the pid namespace
	Time uint64 `json:"time"` // inode of the time namespace, to whose clock start times are
}

// Here is the caller's world.
func Here() (World, error) {
	var w World
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

// longestWord bounds the first word of a command in a hint, in bytes.
const longestWord = 256

// hint is what of a record goes into a file. Whatever may be secret, such as arguments and the environment, does not.
func (r *Record) hint() *Record {
	h := *r
	h.Target, h.Log = nil, ""
	if len(h.Command) > 0 {
		word := h.Command[0]
		h.Command = []string{word[:min(len(word), longestWord)]}
	}
	return &h
}

var errNoRecord = errors.New("not a record of a sandbox")

// decode reads the lines of a record. The last one counts only if it is whole: somebody may be writing it.
func decode(text []byte) (*Record, error) {
	r := &Record{}
	for lines := 0; ; lines++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole && lines > 0 {
			break
		}
		if err := json.Unmarshal(line, r); err != nil || !whole {
			return nil, fmt.Errorf("%w: %.80q", errNoRecord, line)
		}
		text = rest
	}
	if !config.SoundName(r.Name) || r.Launcher.PID <= 0 {
		return nil, fmt.Errorf("%w: it has no name or no launcher", errNoRecord)
	}
	if err := r.restore(); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoRecord, err)
	}
	return r, nil
}

// State is what can be said of a recorded sandbox.
type State string

const (
	Starting State = "starting"
	Running  State = "running"
	Ended    State = "ended"
	// Elsewhere: its launcher is in another pid or time namespace than the caller,
	// or of another version, so that nothing can be said of it.
	Elsewhere State = "elsewhere"
	// Unproven: no launcher stands behind the file, or it cannot be looked at. Anybody may have written the file.
	Unproven State = "unproven"
	// dead: its launcher was killed, and nobody has noticed yet.
	dead State = "dead"
)
