package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/internal/gitrepo"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// OfDirectory reports whether the profile says something else in another working directory: a preset, or one that
// uses ${cwd} or what a repository of git says.
func (p *Profile) OfDirectory() bool { return p.here || IsPreset(p.File) }

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

// unusedVars notes each variable that is given and that no layer uses.
func (r *reading) unusedVars(layers []*lang.Layer) {
	if len(r.Facts.Vars.Var) == 0 {
		return
	}
	used := map[string]bool{}
	for _, l := range layers {
		lang.EachString([]any{l.Tree, l.Extends}, func(s string) {
			for _, after := range strings.Split(strings.ReplaceAll(s, "$${", ""), "${var:")[1:] {
				name, _, _ := strings.Cut(after, "}")
				name, _, _ = strings.Cut(name, ":-")
				used[name] = true
			}
		})
	}
	r.p.sources[toml.FromVar] = &toml.Source{Name: toml.FromVar, Layer: len(layers) + 1}
	names := slices.Sorted(maps.Keys(used))
	for _, name := range slices.Sorted(maps.Keys(r.Facts.Vars.Var)) {
		if !used[name] {
			r.Errs = append(r.Errs, &Error{Pos: Pos{File: toml.FromVar}, Key: name,
				Msg: fmt.Sprintf("not used: no file contains ${var:%s}%s", name, lang.DidYouMean(name, names))})
		}
	}
}
