package config

import (
	"fmt"
)

// problemOnce is problem for what is wrong outside of the profile: of several values that meet it, the first has it told.
func (d *decoder) problemOnce(v value, format string, args ...any) {
	if d.tell(fmt.Sprintf(format, args...), v) {
		d.problem(v, format, args...)
	}
}

// tell reports whether a cause has not been told yet. If it has, the value is spoilt without a word.
func (d *decoder) tell(cause string, v value) bool {
	if d.told[cause] {
		d.spoilt[v.key] = true
		return false
	}
	if d.told == nil {
		d.told = map[string]bool{}
	}
	d.told[cause] = true
	return true
}
