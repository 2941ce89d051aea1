package config

import (
	"errors"
	"io"
	"os"

	"github.com/nslaunch/nslaunch/internal/smallfile"
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

func readFile(path string) ([]byte, error) {
	return bounded(smallfile.ReadRegular(path, maxSize+1))
}

// bounded refuses what is longer than a profile.
func bounded(text []byte, err error) ([]byte, error) {
	if err == nil && len(text) > maxSize {
		err = errors.New("more than 1 MiB, not a profile")
	}
	return text, err
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
