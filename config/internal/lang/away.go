package lang

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// AsRead is the Field.Off of a key whose type reads false itself: a boolean, or what cannot be taken away.
const AsRead = "as it is read"

// away reads false, which takes away what a profile that is extended says. It is as if the key were
// not written at all. That would lift a restriction in silence where the key is one, so there
// it is a problem that names what says so.
func (d *Decoder) away(f Field, v Value) {
	if instead := f.Instead(); instead != "" {
		d.Problem(v, "false does not lift a restriction, want %s%s", instead, d.MeantBy(v))
		return
	}
	if keys := restricting(v.Key, f.Below()); keys != nil {
		d.Problem(v, "false does not remove a section with restrictions (%s): remove its other keys one by one", strings.Join(keys, ", "))
		return
	}
	d.TookAway(v.Key)
	d.Marks.Forget(v.Key, v.Raw)
}

// Instead returns what is written to lift the restriction that a key is; "" where false does that.
func (f Field) Instead() string {
	if main := f.Main(); f.Off == "" && main != "" {
		m, _ := FieldNamed(f.Below(), main)
		return m.Instead()
	}
	return strings.TrimPrefix(f.Off, AsRead)
}

// restricting returns the keys below path that false does not take away.
func restricting(path string, fields []Field) []string {
	var keys []string
	for _, f := range fields {
		key := toml.JoinKey(path, f.Name)
		if f.Instead() != "" {
			keys = append(keys, key)
		} else {
			keys = append(keys, restricting(key, f.Below())...)
		}
	}
	return keys
}

// Goes reports whether false takes the key away.
func (f Field) Goes() bool {
	return f.Off == "" && f.Instead() == "" && restricting("", f.Below()) == nil
}
