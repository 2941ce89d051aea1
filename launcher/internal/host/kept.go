package host

import (
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/gitrepo"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

// Some files below a writable bind decide what happens outside, in the next launch or as soon as somebody
// uses git: the profile that the sandbox is made from, what that extends, and what git believes. Each
// becomes read-only, under every name that the sandbox has for it. An entry of the profile for the same target wins.

// Unkept is a file that has to be read-only, and cannot be.
type Unkept struct {
	Key  string // of the entry that makes it so
	File string // "" where Why says all
	Why  string
	Cure string
}

// withKept returns the profile with entries for what is kept read-only.
func (h *Host) withKept(p *config.Profile) *config.Profile { return p.WithEntries(h.Kept) }

// findKept finds what must stay read-only.
func (h *Host) findKept(p *config.Profile, t *tree.Tree) error {
	binds := slices.ContainsFunc(p.Mounts, func(m config.MountEntry) bool { return m.Type == config.MountBind && !m.Readonly && !h.LeftOut(m) })
	root := tree.WritableRoot(p)
	if !binds && !root {
		return nil
	}
	over := h.findOver(p, t)
	if root = root && p.Root.Mode == config.RootPath; !binds && !root {
		return nil
	}
	k := keeper{h: h, namer: newNamer(t), root: root}
	files := h.ownFiles(p)
	dirs, key := k.gitDirs(p)
	if len(files)+len(dirs)+len(over) == 0 {
		return nil
	}
	var err error
	if k.mounts, err = h.mountTable(); err != nil {
		return err
	}
	for _, file := range files {
		k.keepFile(file, slices.Contains(p.Extends(), file))
	}
	k.keepViews(over)
	if len(dirs) == 0 {
		return nil
	}
	places, err := gitrepo.Places(dirs)
	if err != nil {
		h.Unkept = append(h.Unkept, Unkept{Key: key, Why: err.Error()})
	}
	for _, place := range places {
		k.keepPlace(key, place)
	}
	k.refuseMissing(key)
	return nil
}

// keeper finds the writable names of files.
type keeper struct {
	h *Host
	*namer
	root    bool     // the root is a directory that the sandbox can write to
	missing []string // submodules that are not there
}

// writable reports whether the sandbox can write to what a layer shows.
func (k *keeper) writable(l tree.Layer) bool {
	return l.Writable() || k.root && l.At == "/" && l.Entry == nil
}

// gitDirs lists the directories, without symbolic links, whose git repository the profile protects: each that has a .git of its own
// entry, in a writable bind. key is that of one of these entries.
func (k *keeper) gitDirs(p *config.Profile) (dirs []string, key string) {
	for _, m := range p.Mounts {
		if path.Base(m.Target) != ".git" || !IsMount(m) || m.Type == config.MountBind && !m.Readonly {
			continue
		}
		real := k.h.Real(m.Target)
		l := k.Of(real)
		if !l.Writable() {
			continue
		}
		dir := path.Join(l.Entry.Source, l.Relative(path.Dir(real)))
		if f := k.h.walk(dir); f.Err == 0 {
			dir = f.Real(dir)
			dirs, key = append(dirs, dir), m.Key
			k.refuseWithin(l.Entry.Key, dir)
		}
	}
	return dirs, key
}

// refuseWithin refuses to show a directory that is part of a git repository itself: all of it would have to be read-only.
func (k *keeper) refuseWithin(key, dir string) {
	repo := gitrepo.Within(dir)
	if repo == "" {
		return
	}
	what, cure := "it is a git repository itself", "cd "+quote.Word(path.Dir(repo))
	if repo != dir {
		what = "it is inside the git repository " + quote.Word(repo)
	}
	if path.Base(repo) != ".git" {
		cure = "start nslaunch in a work tree; git --git-dir=" + quote.Word(repo) + " worktree add DIR creates one"
	}
	k.h.Unkept = append(k.h.Unkept, Unkept{key, dir, what + ", and git on the host would run what the sandbox writes there", cure})
}

// keepFile keeps a file of the profile, or one that it extends, and refuses to where a link on the way to it can be replaced.
func (k *keeper) keepFile(file string, extended bool) {
	f := k.h.walk(file)
	if f.Err != 0 || f.Nameless {
		return
	}
	for _, link := range f.Links {
		names := k.names(link)
		if len(names) == 0 {
			continue
		}
		cure := "nslaunch " + quote.Word(f.Real(file))
		if extended {
			cure = "in extends, write " + config.TOMLValue(f.Real(file))
		}
		k.h.Unkept = append(k.h.Unkept, Unkept{names[0].Key, file, "it is reached through the symbolic link " + quote.Word(link) + ", which the sandbox could replace", cure})
		return
	}
	k.h.Kept = append(k.h.Kept, k.names(f.Real(file))...)
}

// unkept is why git on the host is not safe from what cannot be protected.
const unkept = "so the sandbox could put a repository there, and git on the host would run what its configuration says"

// keepPlace keeps what git believes.
func (k *keeper) keepPlace(key, place string) {
	names := k.names(place)
	f := k.h.walk(place)
	dir := path.Base(place) != ".git"
	refuse := func(why, cure string) { k.h.Unkept = append(k.h.Unkept, Unkept{key, place, why, cure}) }
	switch {
	case dir && k.isBind(f):
		if gitrepo.Within(place) == place {
			refuse("it is a git repository and the source of a writable entry, and git on the host would run what the sandbox writes there", "remove that entry, or make it ro")
			return
		}
		refuse("it is a submodule that is not checked out and is writable as a whole, "+unkept, "git -C "+quote.Word(path.Dir(place))+" submodule update --init")
	case len(names) == 0:
	case f.Err == unix.ENOENT && dir:
		k.missing = append(k.missing, place)
	case f.Err != 0:
		refuse("it cannot be inspected: "+tree.ErrnoWords(f.Err)+", "+unkept, "")
	case f.Resolved != "":
		refuse("it is reached through a symbolic link, "+unkept, "replace it with a directory")
	default:
		for _, e := range names {
			e.Key = key
			k.h.Kept = append(k.h.Kept, e)
		}
	}
}

// refuseMissing refuses to launch where submodules are missing. One command makes them all.
func (k *keeper) refuseMissing(key string) {
	cure := "mkdir -p " + quote.Words(k.missing, " ")
	switch len(k.missing) {
	case 0:
	case 1:
		k.h.Unkept = append(k.h.Unkept, Unkept{key, k.missing[0], "it is a submodule and does not exist, " + unkept, cure})
	default:
		why := "these submodules do not exist, so they cannot be protected: the sandbox could put repositories there, and git on the host would run what their configuration says"
		k.h.Unkept = append(k.h.Unkept, Unkept{Key: key, Why: why, Cure: cure})
	}
}

// isBind reports whether a writable bind shows that directory itself.
func (k *keeper) isBind(f tree.File) bool {
	for _, s := range k.shown {
		if b := k.h.lstat(s.dir); s.Writable() && f.Err == 0 && b.Dev == f.Dev && b.Ino == f.Ino {
			return true
		}
	}
	return false
}

// names returns a read-only entry for each name by which a writable bind shows a file of the host's, whose path has no symbolic links but
// the last. A name that has an entry of its own has none here, and what is the source of a bind has none there.
func (k *keeper) names(place string) []config.MountEntry {
	var entries []config.MountEntry
	aliases, _ := k.aliases(place)
	taken := map[string]bool{}
	for _, at := range append(aliases, place) {
		for _, s := range k.shown {
			if !k.writable(s.Layer) || at == s.dir || !tree.Below(at, s.dir) || k.hiddenMount(s, at) {
				continue
			}
			rel := strings.TrimPrefix(at, s.dir)
			name := path.Join(s.At, rel)
			if _, own := k.Layers[name]; own || taken[name] || k.Of(name).At != s.At {
				continue
			}
			taken[name] = true
			entries = append(entries, k.readonly(s, name, rel))
		}
	}
	for _, e := range entries {
		k.h.Look(e.Source)
	}
	return entries
}

// ownFiles lists the absolute paths of the files that the profile was made from. There are none for
// standard input and flags.
func (h *Host) ownFiles(p *config.Profile) []string {
	files := append([]string{}, p.Extends()...)
	switch {
	case p.File == "" || p.File == "-" || strings.HasPrefix(p.File, "preset:"):
	case path.IsAbs(p.File):
		files = append(files, path.Clean(p.File))
	case h.Cwd != "":
		files = append(files, path.Join(h.Cwd, p.File))
	}
	return files
}
