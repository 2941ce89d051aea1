package plan

import (
	"strconv"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/jsontext"
)

// AppendJSON appends the target to a text of JSON, without encoding/json, as every launch writes one. Who reads it
// with that calls Restore.
func (t *Target) AppendJSON(text []byte) []byte {
	j := jsontext.Text{Bytes: text}
	j.Object(func() {
		j.Key("process")
		j.Bytes = t.Process.AppendJSON(j.Bytes)
		if t.Init != 0 {
			j.Int("init", int64(t.Init))
		}
		j.Key("namespaces")
		j.Object(func() {
			for _, k := range config.Kinds() {
				if inode, ok := t.Namespaces[k]; ok {
					j.Uint(string(k), inode)
				}
			}
		})
		jsontext.List(&j, "own", t.Own, func(k config.NamespaceKind) { j.Quote(string(k)) })
		if t.Joined != nil {
			jsontext.List(&j, "joined", t.Joined, func(k config.NamespaceKind) { j.Quote(string(k)) })
		}
		j.Int("root_uid", t.RootUID)
		j.Int("root_gid", t.RootGID)
		j.Int("uid", t.UID)
		j.Int("gid", t.GID)
		if t.Groups != nil {
			jsontext.List(&j, "groups", *t.Groups, func(g uint32) { j.Bytes = strconv.AppendUint(j.Bytes, uint64(g), 10) })
		}
		optional(t.Bounding, func(v uint64) { j.Uint("bounding", v) })
		optional(t.Capabilities, func(v uint64) { j.Uint("capabilities", v) })
		j.True("ambient", t.Ambient)
		j.True("no_new_privs", t.NoNewPrivs)
		j.Optional("cwd", t.Cwd)
		j.True("cwd_or_top", t.CwdOrTop)
		optional(t.Umask, func(v uint32) { j.Uint("umask", uint64(v)) })
		jsontext.List(&j, "rlimits", t.Rlimits, func(l config.Rlimit) {
			j.Object(func() {
				j.String("Name", l.Name)
				j.Uint("Soft", l.Soft)
				j.Uint("Hard", l.Hard)
			})
		})
		optional(t.Nice, func(v int) { j.Int("nice", int64(v)) })
		optional(t.OOMScoreAdj, func(v int) { j.Int("oom_score_adj", int64(v)) })
		j.Strings("env", t.Env)
		if len(t.KeptFDs) > 0 {
			jsontext.List(&j, "kept_fds", t.KeptFDs, func(fd int) { j.Bytes = strconv.AppendInt(j.Bytes, int64(fd), 10) })
		}
		j.Optional("unit", t.Unit)
		j.Optional("cgroup", t.Cgroup)
	})
	return j.Bytes
}

func optional[T any](v *T, write func(T)) {
	if v != nil {
		write(*v)
	}
}

// Restore gives back the strings of a target that are not valid UTF-8.
func (t *Target) Restore() error {
	texts := []*string{&t.Cwd, &t.Cgroup}
	for i := range t.Env {
		texts = append(texts, &t.Env[i])
	}
	return jsontext.Restore(texts...)
}
