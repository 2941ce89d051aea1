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
	of   string // the preset that is run, if it is one: flags have their place before it
}

// cause says where a file is, and what hides it.
func (h hiddenFile) cause() string {
	return fmt.Sprintf("%s exists on the host, but is hidden in the sandbox by %s", quote.Word(h.path), h.by)
}

// cure is the lines that would show it.
func (h hiddenFile) cure(more ...config.Setting) plan.Cure {
	if h.mask {
		return plan.Try("copy it to a directory that the sandbox shows, because a mask hides all that is below it")
	}
	var words []string
	var args []any
	for _, s := range append(h.show, more...) {
		words, args = append(words, "%s"), append(args, s)
	}
	format := strings.Join(words, " and ")
	if h.of != "" {
		format, args = format+" before %s", append(args, h.of)
	}
	return plan.Try(format, args...)
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
	if st, err := os.Stat(real); err != nil || st.IsDir() {
		return hiddenFile{}, false
	}
	real = strings.TrimPrefix(real, f.machine.root)
	h := hiddenFile{path: file}
	if config.IsPreset(f.Plan.Source.File) {
		h.of = f.Plan.Source.File
	}
	for _, at := range append(f.linksInside(file), real) {
		if f.shows(at) {
			continue
		}
		by, mask := f.cover(at)
		if h.by == nil {
			h.by, h.mask = &by, mask
		}
		with := f.shownWith(at)
		for _, shown := range with {
			s := plan.Set(fmt.Sprintf("mounts.%s.ro", config.TOMLValue(shown)), shown)
			if !slices.ContainsFunc(h.show, func(o config.Setting) bool { return o.Key == s.Key }) {
				h.show = append(h.show, s)
			}
		}
		if slices.Contains(with, at) {
			break // a link that is mounted by itself leads nowhere: the file that it led to is mounted there
		}
	}
	return h, h.by != nil
}

// hiddenDirectory reports whether a path that the sandbox does not have is a directory of the host.
func (f *Failure) hiddenDirectory(name string) bool {
	if !path.IsAbs(name) {
		name = path.Join(f.cwd(), name)
	}
	st, err := os.Stat(f.machine.root + name)
	return err == nil && st.IsDir() && !f.joined(config.Mount)
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

// shownWith returns what to show for a file. It is the file alone: its directory may hold secrets, as the home directory does. Only
// directories of the system are shown whole, because their programs need each other. In an empty root it is all of these, because
// the command would miss one after the other.
func (f *Failure) shownWith(file string) []string {
	if tree.Below(file, "/nix/store") {
		return []string{"/nix/store"}
	}
	system := []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"}
	home := f.home()
	system = slices.DeleteFunc(system, func(dir string) bool { return home != "" && tree.Below(home, dir) })
	switch {
	case !slices.ContainsFunc(system, func(dir string) bool { return tree.Below(file, dir) }):
		return []string{file}
	case f.Plan.Source.Root.Mode != config.RootTmpfs:
		return []string{path.Dir(file)}
	}
	return slices.DeleteFunc(system, func(dir string) bool {
		st, err := os.Stat(f.machine.root + dir)
		return err != nil || !st.IsDir() || f.shows(dir)
	})
}

// home is the real path of the caller's home directory; "" if nobody knows it.
func (f *Failure) home() string {
	home := config.CallerVars().Ask("home")
	if real, err := filepath.EvalSymlinks(f.machine.root + home); home != "" && err == nil {
		return path.Join("/", strings.TrimPrefix(real, f.machine.root))
	}
	return home
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
