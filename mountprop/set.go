//go:build linux

package mountprop

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// Set gives the mount at path the kind p and, if recursive, every mount below
// it. It does nothing else: path must be a mount point already, or the error
// is EINVAL. None sets nothing; an unknown kind is EINVAL.
//
// What the mount then is may differ from p. A mount that has no peers is no
// one's slave: made a slave, it is private, and slave+shared leaves it shared.
//
// The error is an *fs.PathError that wraps the errno and names p and path.
func Set(path string, p Propagation, recursive bool) error {
	if p == "" {
		return nil
	}
	op := "make " + string(p)
	if recursive {
		op = "make recursively " + string(p)
	}
	flags := p.Flags(recursive)
	if flags == nil {
		return &fs.PathError{Op: op, Path: path, Err: unix.EINVAL}
	}
	for _, flag := range flags {
		if err := unix.Mount("none", path, "", flag, ""); err != nil {
			return &fs.PathError{Op: op, Path: path, Err: err}
		}
	}
	return nil
}
