package smallfile

import (
	"errors"
	"syscall"
)

// pipefs is the file system of pipes that have no name, see statfs(2).
const pipefs = 0x50495045

// ReadRegular is Read for a file that anybody may have named. It waits for nothing: what is not a regular file is
// an error that says what it is. A pipe without a name, as /dev/stdin may be, or what <(…) of a shell gives, is read
// to its end: somebody has handed it over.
func ReadRegular(path string, most int) ([]byte, error) {
	// Opening a FIFO waits for a writer, and a terminal may become the caller's own.
	const flags = syscall.O_RDONLY | syscall.O_CLOEXEC | syscall.O_NONBLOCK | syscall.O_NOCTTY
	fd, err := uninterrupted(func() (int, error) { return syscall.Open(path, flags, 0) })
	if err == syscall.ENXIO {
		return nil, errors.New("a socket or a device, not a regular file")
	}
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	// A pipe has no offset, so pread(2) refuses every FIFO, also one that has something to read.
	text, err := fill(most, func(buf []byte, at int) (int, error) { return syscall.Pread(fd, buf, int64(at)) })
	if len(text) > 0 && len(text) < most && err == nil {
		return text, nil // no system call is added for what is most often read
	}
	read := func(buf []byte, _ int) (int, error) { return syscall.Read(fd, buf) }
	kind, pipe := irregular(fd)
	switch {
	case kind != "":
		return nil, errors.New(kind + ", not a regular file")
	case pipe:
		// The flag is that of this opening of the pipe, and of nobody else's.
		if err := syscall.SetNonblock(fd, false); err != nil {
			return nil, err
		}
		return fill(most, read)
	case err == syscall.ESPIPE: // a file system can make a file that is read in order only
		text, err = fill(most, read)
	}
	if err == syscall.EAGAIN {
		return nil, errors.New("a file that waits for more to come, such as a log of the kernel")
	}
	return text, err
}

// irregular says what a descriptor is that is neither a regular file nor a directory, and whether it is a pipe without
// a name, which it does not say.
func irregular(fd int) (kind string, pipe bool) {
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil {
		return "", false
	}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFIFO:
		var fs syscall.Statfs_t
		if syscall.Fstatfs(fd, &fs) == nil && fs.Type == pipefs {
			return "", true
		}
		return "a FIFO", false
	case syscall.S_IFCHR:
		return "a character device", false
	case syscall.S_IFBLK:
		return "a block device", false
	}
	return "", false
}
