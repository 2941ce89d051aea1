package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/internal/quote"
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

// unreadHint returns what helps against the error of reading a profile, "" if that is not known.
func unreadHint(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fileHint(path, path)
	case errors.Is(err, syscall.EISDIR):
		for _, name := range slices.Sorted(slices.Values(siblings(path))) {
			if strings.HasSuffix(name, ".toml") {
				return fmt.Sprintf(" (a profile is a file, such as %q)", strings.TrimSuffix(path, "/")+"/"+name)
			}
		}
		return " (a profile is a file)"
	case errors.Is(err, fs.ErrPermission):
		info, err := os.Stat(path)
		if err != nil {
			return " (you may not enter its directory)"
		}
		owner := info.Sys().(*syscall.Stat_t).Uid
		if int(owner) == os.Geteuid() {
			return fmt.Sprintf(" (mode %04o: chmod u+r %s)", info.Mode().Perm(), quote.Word(path))
		}
		return fmt.Sprintf(" (mode %04o, of uid %d)", info.Mode().Perm(), owner)
	}
	return ""
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
