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
func read(path string) ([]byte, error) {
	if path == "-" {
		return bounded(io.ReadAll(io.LimitReader(os.Stdin, maxSize+1)))
	}
	return readFile(path)
}

// bounded refuses what is longer than a profile.
func bounded(text []byte, err error) ([]byte, error) {
	if err == nil && len(text) > maxSize {
		err = errors.New("more than 1 MiB, not a profile")
	}
	return text, err
}

// readFile reads a file. Package os
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
	return bounded(text, nil)
}

// siblings returns the names of what lies in a directory, as far as that is known.
func siblings(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(1000) // they are for a hint
	return names
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
