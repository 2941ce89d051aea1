package lang

import (
	"fmt"
)

// problemOnce is problem for what is wrong outside of the profile: of several values that meet it, the first has it told.
func (d *Decoder) problemOnce(v Value, format string, args ...any) {
	if d.tell(fmt.Sprintf(format, args...), v) {
		d.Problem(v, format, args...)
	}
}

// tell reports whether a cause has not been told yet. If it has, the value is spoilt without a word.
func (d *Decoder) tell(cause string, v Value) bool {
	if d.told[cause] {
		d.Spoilt[v.Key] = true
		return false
	}
	if d.told == nil {
		d.told = map[string]bool{}
	}
	d.told[cause] = true
	return true
}
