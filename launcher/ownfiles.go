package launcher

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
)

// withOwnFiles returns the profile with an entry for each file that it was made from and that lies in a
// directory which the sandbox can write to. Such a file is read-only, so that no sandbox loosens the next one, and
// each directory on the way to it is a mount point, so that it cannot be renamed. An entry that the
// profile has for the same target wins.
func withOwnFiles(p *config.Profile) *config.Profile {
	var files []string
	with := p
	for _, m := range p.Mounts {
		if m.Type != config.MountBind || m.Readonly || m.IDMap != nil {
			continue
		}
		if files == nil {
			files = ownFiles(p)
		}
		for _, file := range files {
			if !strings.HasPrefix(file, m.Source+"/") {
				continue
			}
			if with == p {
				clone := *p
				clone.Mounts = slices.Clone(p.Mounts)
				with = &clone
			}
			protectFile(with, m, file)
		}
	}
	if with != p {
		with.SortMounts()
	}
	return with
}

// protectFile adds the entries for a file below the source of m.
func protectFile(p *config.Profile, m config.MountEntry, file string) {
	below := strings.TrimPrefix(file, m.Source)
	for i := 1; i <= len(below); i++ {
		if i < len(below) && below[i] != '/' {
			continue
		}
		e := config.MountEntry{Key: m.Key, Type: config.MountBind, Source: m.Source + below[:i], Target: m.Target + below[:i],
			Recursive: true, Optional: true, Readonly: i == len(below)}
		if !slices.ContainsFunc(p.Mounts, func(o config.MountEntry) bool { return o.Target == e.Target }) {
			p.Mounts = append(p.Mounts, e)
		}
	}
}

// ownFiles lists the absolute paths of the files that the profile was made from. None is known of
// standard input and flags.
func ownFiles(p *config.Profile) []string {
	files := append([]string{}, p.Extends()...)
	if p.File == "" || p.File == "-" || strings.HasPrefix(p.File, "preset:") {
		return files
	}
	file := p.File
	if !filepath.IsAbs(file) {
		dir, err := os.Getwd()
		if err != nil {
			return files
		}
		file = filepath.Join(dir, file)
	}
	return append(files, filepath.Clean(file))
}
