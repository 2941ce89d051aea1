package records

import (
	"strconv"
	"time"

	"github.com/nslaunch/nslaunch/internal/jsontext"
)

// encode writes all lines of a record: every launch writes two. Readers use encoding/json, and a test has both
// agree.
func (r *Record) encode() []byte {
	text := r.head()
	if !r.Started.IsZero() {
		text = append(text, r.begin()...)
	}
	if r.End != nil {
		text = append(text, r.End.encode()...)
	}
	return text
}

// head is the first line.
func (r *Record) head() []byte {
	j := jsontext.Text{Bytes: make([]byte, 0, 1024)}
	j.Object(func() {
		j.Int("version", int64(r.Version))
		j.String("name", r.Name)
		j.Key("world")
		j.Object(func() {
			j.Uint("pid", r.World.PID)
			j.Uint("time", r.World.Time)
		})
		j.Key("launcher")
		j.Bytes = r.Launcher.AppendJSON(j.Bytes)
		j.Optional("profile", r.Profile)
		j.Optional("dir", r.Dir)
		j.Strings("command", r.Command)
		j.Int("stop_timeout", int64(r.StopTimeout))
		j.True("detached", r.Detached)
		j.Optional("log_id", r.LogID)
		j.Optional("log", r.Log)
	})
	return append(j.Bytes, '\n')
}

// begin is the second line.
func (r *Record) begin() []byte {
	j := jsontext.Text{Bytes: make([]byte, 0, 1024)}
	j.Object(func() {
		j.String("started", r.Started.Format(time.RFC3339Nano))
		if r.Target != nil {
			j.Key("target")
			j.Bytes = r.Target.AppendJSON(j.Bytes)
		}
	})
	return append(j.Bytes, '\n')
}

// The end is the third line. A resident writes it in two parts, with the status between them.
const (
	beforeStatus = `{"end":{"status":`
	afterStatus  = "}}\n"
	afterKilled  = `,"killed":true` + afterStatus
)

func (e End) encode() []byte {
	after := afterStatus
	if e.Killed {
		after = afterKilled
	}
	return append(strconv.AppendInt([]byte(beforeStatus), int64(e.Status), 10), after...)
}

// restore gives back the strings of a record that are not valid UTF-8.
func (r *Record) restore() error {
	texts := []*string{&r.Profile, &r.Dir, &r.Log}
	for i := range r.Command {
		texts = append(texts, &r.Command[i])
	}
	if err := jsontext.Restore(texts...); err != nil || r.Target == nil {
		return err
	}
	return r.Target.Restore()
}
