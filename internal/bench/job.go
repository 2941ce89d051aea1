package main

import (
	"os"
	"path/filepath"
	"strings"
)

// launchID in a word of a command line stands for a name that no other launch has:
// some programs want one.
const launchID = "@ID@"

// job is one program and its arguments to make a sandbox.
type job struct {
	Name  string
	Kind  kind
	Argv  []string // the first is a path
	Env   []string // beside what every program gets
	Notes []string // what is not the same as elsewhere, for people
	Lacks []string // namespaces that are asked for and that it does not make

	files map[string]string // path and content of what it reads
}

// kind is what a program is to the bench.
type kind string

const (
	ours    kind = "ours"
	control kind = "control" // the first of ours once more
	floor   kind = "floor"
	peer    kind = "peer"
)

// place is what a translation has to know beside the spec.
type place struct {
	path     string // of the program
	dir      string // for files of this job alone
	uid, gid int    // of the caller
	rootfs   string // where the host's / is bound
	skeleton string // a directory in memory with nothing but mount points
	host     string // the host's name
}

// translate says a spec in the words of one program. The error is the reason why it
// can't.
type translate func(p place, s spec, command []string) (job, error)

func (j job) write() error {
	for path, text := range j.files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// words are the command line of one launch.
func (j job) words(id string) []string {
	words := make([]string, len(j.Argv))
	for i, word := range j.Argv {
		words[i] = strings.ReplaceAll(word, launchID, id)
	}
	return words
}
