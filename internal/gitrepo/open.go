package gitrepo

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// open opens a regular file and returns its size in bytes. Another file is not even opened, as a device may act on that.
func open(path string) (f *os.File, size int64, err error) {
	if info, err := os.Lstat(path); err != nil {
		return nil, 0, err
	} else if err := regular(path, info); err != nil {
		return nil, 0, err
	}
	return openNow(path)
}

// openNow opens what may be another file by now: it follows no link, and waits for nobody at a FIFO.
func openNow(path string) (f *os.File, size int64, err error) {
	f, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil {
		err = regular(path, info)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func regular(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	return nil
}
