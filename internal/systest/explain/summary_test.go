// Package explain compares what nslaunch explain says with what a sandbox can do.
package explain

import (
	"path"
	"strings"
)

// summary is what explain --json prints, as a program reads it.
type summary struct {
	Version    int
	Name       string
	PID        int
	Command    []string
	Places     []place
	HostFiles  bool `json:"host_files"`
	Home       *struct{ Path, Access string }
	Namespaces map[string]string
	Network    struct {
		Of       string
		Loopback bool
	}
	User struct {
		UID, GID     *int64
		HostUID      *int64 `json:"host_uid"`
		HostGID      *int64 `json:"host_gid"`
		Groups       []int64
		KeepsGroups  bool `json:"keeps_groups"`
		Capabilities []string
		NoNewPrivs   bool `json:"no_new_privs"`
	}
	Processes    struct{ Sees, Signals, IPC string }
	Environment  *struct{ Inherited, Set []string }
	Descriptors  []int
	Limits       struct{ Memory, Tasks, CPU string }
	NotProtected []struct{ ID, Text string } `json:"not_protected"`
	Notes        []struct{ Text string }
}

type place struct {
	Path, Access, Shows, Source, Changes string
	Kept                                 bool
}

// around is the place that a path inside lies in.
func (s *summary) around(p string) (found place) {
	for _, one := range s.Places {
		if (p == one.Path || one.Path == "/" || strings.HasPrefix(p, one.Path+"/")) && len(one.Path) > len(found.Path) {
			found = one
		}
	}
	return found
}

// shows reports whether a file of the host is at its own path inside.
func (s *summary) shows(file string) bool {
	at := s.around(file)
	return at.Access != "hidden" && (at.Shows == "host" || at.Shows == "overlay") && path.Join(at.Source, strings.TrimPrefix(file, at.Path)) == file
}
