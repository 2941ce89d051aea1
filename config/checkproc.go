package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// procPathsThere notes paths below /proc of which it is known without looking that they
// cannot be mounted on.
func (c *checker) procPathsThere(key string, paths []string) {
	for i, p := range paths {
		first, _, _ := strings.Cut(strings.TrimPrefix(p, "/proc/"), "/")
		at := toml.IndexKey(key, i)
		switch {
		case procLink(first):
			c.problem(at, "/proc/%s is a symbolic link, and what it points to would stay as it is", first)
		case c.p.Proc.Mode == ProcNew && c.p.Proc.Subset == "pid" && !processID(first):
			c.problem(at, "%q does not exist: with proc.subset = \"pid\" there are only processes", p)
		default:
			c.belowMask(at, p, paths[:i])
		}
	}
}

// belowMask notes a path that an earlier mask hides.
func (c *checker) belowMask(at, p string, earlier []string) {
	if !strings.HasPrefix(at, "proc.masked_paths") {
		return
	}
	for _, mask := range earlier {
		if strings.HasPrefix(p, mask+"/") {
			c.problem(at, "%q is hidden already, as %q is masked", p, mask)
			return
		}
	}
}

// procLink reports whether a name in /proc is a symbolic link on every kernel; see proc(5).
func procLink(name string) bool {
	switch name {
	case "self", "thread-self", "mounts", "net":
		return true
	}
	return false
}

// processID reports whether a name in /proc is a process.
func processID(name string) bool { return strings.Trim(name, "0123456789") == "" }
