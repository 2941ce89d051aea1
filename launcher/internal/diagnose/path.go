package diagnose

import (
	"os"
	"path"
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
	at, dirs := "/", f.rootDirs()
	for _, m := range f.Plan.Host.Arrange(f.Plan.Source).Mounts { // parents come first
		target := f.Plan.Host.Real(m.Target)
		if !host.IsMount(m) || !tree.Below(file, target) || f.Plan.Host.LeftOut(m) {
			continue
		}
		at, dirs = target, nil
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
		if _, err := os.Lstat(f.machine.root + there); err == nil || i == len(dirs)-1 {
			return there, true
		}
	}
	return "", false
}

// rootDirs are the directories of the host that the sandbox's root shows, the top first.
func (f *Failure) rootDirs() []string {
	root := f.Plan.Source.Root
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
