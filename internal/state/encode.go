package state

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher"
)

// encode writes all lines of a record as encoding/json would, in a tenth of the time that this needs for a type it
// has not met: every launch writes two. Readers use encoding/json, and a test has both agree.
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
	j := jsonText{make([]byte, 0, 1024)}
	j.object(func() {
		j.number("version", int64(r.Version))
		j.text("name", r.Name)
		j.key("world")
		j.object(func() {
			j.unsigned("pid", r.World.PID)
			j.unsigned("time", r.World.Time)
		})
		j.process("launcher", r.Launcher)
		if r.Profile != "" {
			j.text("profile", r.Profile)
		}
		if r.Dir != "" {
			j.text("dir", r.Dir)
		}
		j.texts("command", r.Command)
		j.number("stop_timeout", int64(r.StopTimeout))
		j.flag("detached", r.Detached)
		if r.LogID != "" {
			j.text("log_id", r.LogID)
		}
		if r.Log != "" {
			j.text("log", r.Log)
		}
	})
	return append(j.buf, '\n')
}

// begin is the second line.
func (r *Record) begin() []byte {
	j := jsonText{make([]byte, 0, 1024)}
	j.object(func() {
		j.text("started", r.Started.Format(time.RFC3339Nano))
		if r.Target != nil {
			j.key("target")
			j.target(r.Target)
		}
	})
	return append(j.buf, '\n')
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

func (j *jsonText) target(t *launcher.Target) {
	j.object(func() {
		j.process("process", t.Process)
		if t.Init != 0 {
			j.number("init", int64(t.Init))
		}
		j.key("namespaces")
		j.object(func() {
			for _, k := range config.Kinds() {
				if inode, ok := t.Namespaces[k]; ok {
					j.unsigned(string(k), inode)
				}
			}
		})
		list(j, "own", t.Own, func(k config.NamespaceKind) { j.quote(string(k)) })
		j.number("root_uid", t.RootUID)
		j.number("root_gid", t.RootGID)
		j.number("uid", t.UID)
		j.number("gid", t.GID)
		if t.Groups != nil {
			list(j, "groups", *t.Groups, func(g uint32) { j.buf = strconv.AppendUint(j.buf, uint64(g), 10) })
		}
		optional(t.Bounding, func(v uint64) { j.unsigned("bounding", v) })
		optional(t.Capabilities, func(v uint64) { j.unsigned("capabilities", v) })
		j.flag("ambient", t.Ambient)
		j.flag("no_new_privs", t.NoNewPrivs)
		if t.Cwd != "" {
			j.text("cwd", t.Cwd)
		}
		j.flag("cwd_or_top", t.CwdOrTop)
		optional(t.Umask, func(v uint32) { j.unsigned("umask", uint64(v)) })
		list(j, "rlimits", t.Rlimits, func(l config.Rlimit) {
			j.object(func() {
				j.text("Name", l.Name)
				j.unsigned("Soft", l.Soft)
				j.unsigned("Hard", l.Hard)
			})
		})
		optional(t.Nice, func(v int) { j.number("nice", int64(v)) })
		optional(t.OOMScoreAdj, func(v int) { j.number("oom_score_adj", int64(v)) })
		j.texts("env", t.Env)
		if t.Unit != "" {
			j.text("unit", t.Unit)
		}
		if t.Cgroup != "" {
			j.text("cgroup", t.Cgroup)
		}
	})
}

func optional[T any](v *T, write func(T)) {
	if v != nil {
		write(*v)
	}
}

// jsonText is a text of JSON that grows.
type jsonText struct{ buf []byte }

// comma separates from what comes before, where something does.
func (j *jsonText) comma() {
	if c := j.buf[len(j.buf)-1]; c != '{' && c != '[' {
		j.buf = append(j.buf, ',')
	}
}

func (j *jsonText) object(fields func()) {
	j.buf = append(j.buf, '{')
	fields()
	j.buf = append(j.buf, '}')
}

func (j *jsonText) key(name string) {
	j.comma()
	j.quote(name)
	j.buf = append(j.buf, ':')
}

func (j *jsonText) text(key, s string) {
	j.key(key)
	j.quote(s)
}

func (j *jsonText) number(key string, n int64) {
	j.key(key)
	j.buf = strconv.AppendInt(j.buf, n, 10)
}

func (j *jsonText) unsigned(key string, n uint64) {
	j.key(key)
	j.buf = strconv.AppendUint(j.buf, n, 10)
}

func (j *jsonText) flag(key string, set bool) {
	if set {
		j.key(key)
		j.buf = append(j.buf, "true"...)
	}
}

func (j *jsonText) process(key string, p process.Process) {
	j.key(key)
	j.object(func() {
		j.number("pid", int64(p.PID))
		j.unsigned("start", p.Start)
	})
}

func (j *jsonText) texts(key string, words []string) { list(j, key, words, j.quote) }

func list[T any](j *jsonText, key string, values []T, write func(T)) {
	j.key(key)
	j.buf = append(j.buf, '[')
	for _, v := range values {
		j.comma()
		write(v)
	}
	j.buf = append(j.buf, ']')
}

// quote writes a string. One that is not UTF-8, as arguments, variables and paths may be, goes as
// a NUL, which those never have, and its bytes in base64; see [whole].
func (j *jsonText) quote(s string) {
	if !utf8.ValidString(s) {
		s = "\x00" + base64.StdEncoding.EncodeToString([]byte(s))
	}
	const hex = "0123456789abcdef"
	j.buf = append(j.buf, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			j.buf = append(j.buf, '\\', c)
		case c < ' ':
			j.buf = append(j.buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			j.buf = append(j.buf, c)
		}
	}
	j.buf = append(j.buf, '"')
}

// whole gives back the strings of a record that was read that are no UTF-8.
func (r *Record) whole() error {
	texts := []*string{&r.Profile, &r.Dir, &r.Log}
	for i := range r.Command {
		texts = append(texts, &r.Command[i])
	}
	if t := r.Target; t != nil {
		texts = append(texts, &t.Cwd, &t.Cgroup)
		for i := range t.Env {
			texts = append(texts, &t.Env[i])
		}
	}
	for _, s := range texts {
		if encoded, ok := strings.CutPrefix(*s, "\x00"); ok {
			decoded, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return err
			}
			*s = string(decoded)
		}
	}
	return nil
}
