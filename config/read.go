package config

import (
	"errors"
	"io"
	"os"
	"slices"
	"syscall"
)

// maxSize bounds a profile, so that a mistaken path does not fill the memory.
const maxSize = 1 << 20

// read returns the text of the profile at path; "-" is standard input.
func read(path string) (text []byte, err error) {
	if path == "-" {
		text, err = io.ReadAll(io.LimitReader(os.Stdin, maxSize+1))
	} else {
		text, err = readFile(path)
	}
	if err == nil && len(text) > maxSize {
		err = errors.New("more than 1 MiB, not a profile")
	}
	return text, err
}

// readFile reads a file, the first byte after maxSize at most. Package os
// would prepare the poller, which no launch needs so early.
func readFile(path string) ([]byte, error) {
	fd, err := uninterrupted(func() (int, error) { return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0) })
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	text := make([]byte, 0, 4096)
	for len(text) <= maxSize {
		text = slices.Grow(text, 1)
		n, err := uninterrupted(func() (int, error) { return syscall.Read(fd, text[len(text):cap(text)]) })
		if n <= 0 || err != nil {
			return text, err
		}
		text = text[:len(text)+n]
	}
	return text, nil
}

// uninterrupted makes a system call until no signal comes in its way.
func uninterrupted(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != syscall.EINTR {
			return n, err
		}
	}
}
