package diagnose

import (
	"os"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// hostPath is where the launcher finds a file of the sandbox, if it can know: not
// in another's mount namespace, nor in memory.
func (f *Failure) hostPath(file string) (string, bool) {
	if f.joined(config.Mount) {
		return "", false
	}
	if !path.IsAbs(file) {
		file = path.Join(f.cwd(), file)
	}
	if !path.IsAbs(file) {
		return "", false
	}
	var mounts []config.MountEntry
	for _, m := range f.Plan.Host.Arrange(f.Plan.Source).Mounts {
		if !f.Plan.Host.LeftOut(m) {
			m.Target = f.Plan.Host.Real(m.Target)
			mounts = append(mounts, m)
		}
	}
	return f.machine.shownAt(f.Plan.Source.Root, mounts, file)
}

// HostPath returns the file of the host that a profile shows at a path of the sandbox, without the machine that it would run on. It
// reports whether that can be known: not of a mount namespace that is joined, nor of memory.
func HostPath(p *config.Profile, inside string) (string, bool) {
	if p.Namespaces[config.Mount].Joined() {
		return "", false
	}
	mounts := slices.DeleteFunc(slices.Clone(p.Mounts), func(m config.MountEntry) bool {
		_, err := os.Lstat(m.Source)
		return m.Optional && m.Type == config.MountBind && err != nil
	})
	return machine{}.shownAt(p.Root, mounts, inside)
}

// shownAt returns the file of the host that is seen at a path in a root with these mounts, of which parents come first. Of layers it is
// the top one that has the file, or else the bottom.
func (mc machine) shownAt(root config.Root, mounts []config.MountEntry, file string) (string, bool) {
	at, dirs := "/", rootDirs(root)
	for _, m := range mounts {
		if !host.IsMount(m) || !tree.Below(file, m.Target) {
			continue
		}
		at, dirs = m.Target, nil
		switch {
		case m.Type == config.MountBind:
			dirs = []string{m.Source}
		case m.Type == config.MountOverlay && m.Dir != "":
			dirs = append([]string{m.Dir + "/upper"}, m.Lower...)
		case m.Type == config.MountOverlay:
			dirs = m.Lower
		}
	}
	rest := strings.TrimPrefix(file, at)
	for i, dir := range dirs {
		there := path.Join(dir, rest)
		if _, err := os.Lstat(mc.root + there); err == nil || i == len(dirs)-1 {
			return there, true
		}
	}
	return "", false
}

// rootDirs are the directories of the host that the sandbox's root shows, the top first.
func rootDirs(root config.Root) []string {
	var dirs []string
	switch root.Mode {
	case config.RootTmpfs:
	case config.RootPath:
		dirs = []string{root.Path}
	default:
		dirs = []string{"/"}
	}
	if root.Overlay.Mode == config.OverlayDir && root.Mode == config.RootPath {
		dirs = append([]string{root.Overlay.Dir + "/upper"}, dirs...)
	}
	return dirs
}
