package tree

import (
	"errors"

	"golang.org/x/sys/unix"
)

// ErrnoWords returns the text of an errno, as a shell would say it.
func ErrnoWords(e unix.Errno) string {
	if e == unix.ENOENT {
		return "no such file or directory"
	}
	return e.Error()
}

// Errno returns the errno of an error that is a bare one.
func Errno(err error) unix.Errno {
	if e, ok := err.(unix.Errno); ok {
		return e
	}
	return unix.EIO
}

// Reason names an errno, or says what else went wrong.
func Reason(err error) string {
	var e unix.Errno
	if errors.As(err, &e) {
		if name := unix.ErrnoName(e); name != "" {
			return name
		}
	}
	return err.Error()
}
