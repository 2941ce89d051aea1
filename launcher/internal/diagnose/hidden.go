package diagnose

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// hiddenFile is a file of the host that the sandbox does not show.
type hiddenFile struct {
	path string         // as the caller names it
	by   *config.Origin // what hides it: an entry of [mounts], or the root
	mask bool           // below a mask nothing can be shown
	show []config.Setting
}

// cause says where a file is, and what hides it.
func (h hiddenFile) cause() string {
	return fmt.Sprintf("%s exists on the host, but is hidden in the sandbox by %s", quote.Word(h.path), h.by)
}

// cure is the lines that would show it.
func (h hiddenFile) cure(more ...config.Setting) plan.Cure {
	if h.mask {
		return plan.Try("leave out %s", h.by.Key)
	}
	var words []string
	var args []any
	for _, s := range append(h.show, more...) {
		words, args = append(words, "%s"), append(args, s)
	}
	return plan.Try(strings.Join(words, " and "), args...)
}

// hidden finds out whether a path of the sandbox is there on the host, and is hidden.
func (f *Failure) hidden(file string) (hiddenFile, bool) {
	if f.joined(config.Mount) || !path.IsAbs(file) {
		return hiddenFile{}, false
	}
	real, err := filepath.EvalSymlinks(f.machine.root + file)
	if err != nil {
		return hiddenFile{}, false
	}
	real = strings.TrimPrefix(real, f.machine.root)
	h := hiddenFile{path: file}
	for _, at := range append(f.linksInside(file), real) {
		if f.shows(at) {
			continue
		}
		by, mask := f.cover(at)
		if h.by == nil {
			h.by, h.mask = &by, mask
		}
		for _, dir := range f.shownWith(at) {
			s := plan.Set(fmt.Sprintf("mounts.%s.ro", config.TOMLValue(dir)), dir)
			if !slices.ContainsFunc(h.show, func(o config.Setting) bool { return o.Key == s.Key }) {
				h.show = append(h.show, s)
			}
		}
	}
	return h, h.by != nil
}

// linksInside returns a path and those that its links lead to, as the sandbox follows them: a link with ".." leads elsewhere
// if its directory is mounted at another place.
func (f *Failure) linksInside(file string) []string {
	const most = 40 // as in the kernel
	all := []string{file}
	for range most {
		at := all[len(all)-1]
		shown, ok := f.hostPath(at)
		if !ok {
			break
		}
		to, err := os.Readlink(f.machine.root + shown)
		if err != nil {
			break
		}
		if !path.IsAbs(to) {
			to = path.Join(path.Dir(at), to)
		}
		all = append(all, to)
	}
	return all
}

// shownWith are the directories to show for a file. In a root that is empty they are all that programs of the machine need, as
// each of them would be missed after the other.
func (f *Failure) shownWith(file string) []string {
	system := []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"}
	inSystem := slices.ContainsFunc(system, func(dir string) bool { return tree.Below(file, dir) })
	if !inSystem || f.Plan.Source.Root.Mode != config.RootTmpfs {
		return []string{shownBy(file)}
	}
	return slices.DeleteFunc(system, func(dir string) bool {
		st, err := os.Stat(f.machine.root + dir)
		return err != nil || !st.IsDir() || f.shows(dir)
	})
}

// shownBy is the directory to show for a file: its own, or the store that it shares with what it needs.
func shownBy(file string) string {
	if tree.Below(file, "/nix/store") {
		return "/nix/store"
	}
	return path.Dir(file)
}

// shows reports whether the sandbox has the host's file at its path.
func (f *Failure) shows(file string) bool {
	host, ok := f.hostPath(file)
	if !ok {
		return false
	}
	here, err1 := os.Stat(f.machine.root + file)
	there, err2 := os.Stat(f.machine.root + host)
	return err1 == nil && err2 == nil && os.SameFile(here, there)
}

// cover is what lies over a path of the host: the deepest entry of [mounts], or else the root.
func (f *Failure) cover(file string) (by config.Origin, mask bool) {
	p := f.Plan.Source
	by = p.Origin("root")
	for _, m := range p.Mounts { // parents come first
		if host.IsMount(m) && tree.Below(file, f.Plan.Host.Real(m.Target)) && !f.Plan.Host.LeftOut(m) {
			by, mask = p.Origin(m.Key), m.Type == config.MountMasked
		}
	}
	return by, mask
}

// hiddenProgram is about a command that the caller's PATH finds on the host, and the sandbox's does not.
func (f *Failure) hiddenProgram(name, searched string) (plan.Advice, bool) {
	dirs := append(strings.Split(searched, ":"), strings.Split(host.Lookup(f.Plan.Host.Env, "PATH"), ":")...)
	for _, dir := range dirs {
		file := path.Join(dir, name)
		st, err := os.Stat(f.machine.root + file)
		if !path.IsAbs(dir) || err != nil || !st.Mode().IsRegular() || st.Mode()&0o111 == 0 {
			continue
		}
		var more []config.Setting
		if !slices.Contains(strings.Split(searched, ":"), dir) {
			more = []config.Setting{plan.Set("env.set.PATH", dir+":"+searched)}
		}
		h, hidden := f.hidden(file)
		switch {
		case hidden:
			return plan.Advice{Cause: h.cause(), Cure: h.cure(more...)}, true
		case more != nil && f.shows(file):
			return plan.Advice{Cause: fmt.Sprintf("%s exists, but its directory is not in the sandbox's PATH, %s", quote.Word(file), searched),
				Cure: plan.Try("%s", more[0])}, true
		}
	}
	return plan.Advice{}, false
}
