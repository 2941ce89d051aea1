package lang

import (
	"fmt"
)

// problemOnce is problem for what is wrong outside of the profile: of several values that meet it, the first one reports it.
func (d *Decoder) problemOnce(v Value, format string, args ...any) {
	if d.firstTime(fmt.Sprintf(format, args...), v) {
		d.Problem(v, format, args...)
	}
}

// firstTime reports whether a cause was not reported before. If it was, the value is spoilt without a message.
func (d *Decoder) firstTime(cause string, v Value) bool {
	if d.reported[cause] {
		d.Spoilt[v.Key] = true
		return false
	}
	if d.reported == nil {
		d.reported = map[string]bool{}
	}
	d.reported[cause] = true
	return true
}
