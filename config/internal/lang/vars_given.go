package lang

import (
	"errors"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/internal/gitrepo"
)

// given returns the value of ${var:…}. The default is for a variable that is not given.
func (d *Decoder) given(v Value, name string) (string, bool) {
	name, fallback, hasFallback := strings.Cut(name, ":-")
	s, ok := d.Facts.Vars.Var[name]
	switch {
	case !toml.BareKey(name):
		d.Problem(v, "%q is not the name of a variable, want letters, digits, \"_\" and \"-\" in ${var:NAME} or ${var:NAME:-default}", name)
		return "", false
	case ok:
		return s, true
	case hasFallback:
		return fallback, true
	}
	d.Problem(v, "variable %s is not given, want --var %s=VALUE (${var:%s:-default} gives a default)", name, name, name)
	return "", false
}

// repository returns the value of ${git:…}.
func (d *Decoder) repository(v Value, name string) (string, bool) {
	if d.Facts.Vars.Git == nil {
		d.Problem(v, "${git:%s} is not known here", name)
		return "", false
	}
	d.Here = true
	s, err := d.Facts.Vars.Git(name)
	if err != nil {
		if d.firstTime(err.Error(), v) {
			d.Problem(v, "${git:%s}: %s%s", name, err, othersCure(err, name))
		}
		return "", false
	}
	return s, true
}

// othersCure is what helps where a variable has no value, as the repository is another user's.
func othersCure(err error, name string) string {
	other := (*gitrepo.Others)(nil)
	switch {
	case !errors.As(err, &other):
		return ""
	case name == "work_tree":
		return " (write " + strconv.Quote(other.WorkTree) + " in place of the variable)"
	}
	return " (write the value in place of the variable)"
}

// EachString calls one for the keys and values of a tree that are strings.
func EachString(v any, one func(s string)) {
	switch v := v.(type) {
	case string:
		one(v)
	case map[string]any:
		for k, e := range v {
			one(k)
			EachString(e, one)
		}
	default:
		for _, e := range toml.List(v) {
			EachString(e, one)
		}
	}
}
