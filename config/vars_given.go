package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/internal/gitrepo"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// given returns what ${var:…} stands for. The default is for a variable that is not given.
func (d *decoder) given(v value, name string) (string, bool) {
	name, fallback, hasFallback := strings.Cut(name, ":-")
	s, ok := d.facts.vars.Var[name]
	switch {
	case !toml.BareKey(name):
		d.problem(v, "%q is not the name of a variable, want letters, digits, \"_\" and \"-\" in ${var:NAME} or ${var:NAME:-default}", name)
		return "", false
	case ok:
		return s, true
	case hasFallback:
		return fallback, true
	}
	d.problem(v, "variable %s is not given, want --var %s=VALUE (${var:%s:-default} gives a default)", name, name, name)
	return "", false
}

// repository returns what ${git:…} stands for.
func (d *decoder) repository(v value, name string) (string, bool) {
	if d.facts.vars.Git == nil {
		d.problem(v, "${git:%s} is not known here", name)
		return "", false
	}
	d.here = true
	s, err := d.facts.vars.Git(name)
	if err != nil {
		if d.tell(err.Error(), v) {
			d.problem(v, "${git:%s}: %s%s", name, err, othersCure(err, name))
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

// leftForOthers is an element that is left out, as the repository is another user's.
type leftForOthers struct {
	key  string
	from *gitrepo.Others
}

// LeftForOthers returns the key of the first element of mounts that is left out because the git repository is another user's,
// and a text that says so, with a cure. The key is "" where there is none, or where an entry shows the work tree all the same.
func (p *Profile) LeftForOthers() (key, text string) {
	if p.others == nil {
		return "", ""
	}
	tree := p.others.from.WorkTree
	for _, m := range p.Mounts {
		if m.Type == MountBind && (m.Source == tree || strings.HasPrefix(tree, strings.TrimSuffix(m.Source, "/")+"/")) {
			return "", ""
		}
	}
	return p.others.key, fmt.Sprintf("%s (cd %s, or show it read-only: mounts.ro = [%q])", p.others.from, quote.Word(tree), tree)
}

// unusedVars notes each variable that is given and stands nowhere in the layers.
func (r *reading) unusedVars(layers []*layer) {
	if len(r.facts.vars.Var) == 0 {
		return
	}
	used := map[string]bool{}
	for _, l := range layers {
		eachString([]any{l.tree, l.extends}, func(s string) {
			for _, after := range strings.Split(strings.ReplaceAll(s, "$${", ""), "${var:")[1:] {
				name, _, _ := strings.Cut(after, "}")
				name, _, _ = strings.Cut(name, ":-")
				used[name] = true
			}
		})
	}
	r.p.sources[toml.FromVar] = &toml.Source{Name: toml.FromVar, Layer: len(layers) + 1}
	names := slices.Sorted(maps.Keys(used))
	for _, name := range slices.Sorted(maps.Keys(r.facts.vars.Var)) {
		if !used[name] {
			r.errs = append(r.errs, &Error{Pos: Pos{File: toml.FromVar}, Key: name,
				Msg: fmt.Sprintf("not used, there is no ${var:%s}%s", name, didYouMean(name, names))})
		}
	}
}

// eachString calls one for the keys and values of a tree that are strings.
func eachString(v any, one func(s string)) {
	switch v := v.(type) {
	case string:
		one(v)
	case map[string]any:
		for k, e := range v {
			one(k)
			eachString(e, one)
		}
	default:
		for _, e := range toml.List(v) {
			eachString(e, one)
		}
	}
}
