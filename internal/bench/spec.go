package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// spec is a sandbox as every program is asked for it.
type spec struct {
	namespaces []string // in the profile's words: mount, pid, net, …
	tmpfsRoot  bool     // an empty root in memory, not the host's tree
	mounts     []mount
	minimalDev bool
	hostname   string
	noCaps     bool
	cwd        string
	bin        string // where the static programs are, seen from inside
}

// mount is one entry of the root: kind is ro, rw, tmpfs or symlink. The
// source of a symlink is its text; a tmpfs has none.
type mount struct{ kind, source, target string }

// plainKinds are the namespaces of the minimal profile.
func plainKinds() []string { return []string{"mount", "pid", "uts", "ipc", "cgroup"} }

func (s spec) has(kind string) bool { return slices.Contains(s.namespaces, kind) }

func (s spec) with(kinds ...string) spec {
	s.namespaces = slices.Concat(s.namespaces, kinds)
	return s
}

// forUser adds the user namespace that an ordinary user can't do without.
func (s spec) forUser(uid int) spec {
	if uid == 0 || s.has("user") {
		return s
	}
	return s.with("user")
}

// layout is where the bench keeps what sandboxes see.
type layout struct {
	bin     string  // the static programs
	project string  // writable; has them too
	sources string  // directories 0, 1, … for binds
	system  []mount // what of the host's tree makes programs run
}

// systemMounts are /usr and what leads to it: links where /usr is merged, else
// directories.
func systemMounts(root string) (mounts []mount) {
	mounts = []mount{{"ro", "/usr", "/usr"}}
	for _, name := range []string{"/bin", "/lib", "/lib64"} {
		if to, err := os.Readlink(filepath.Join(root, name)); err == nil {
			mounts = append(mounts, mount{"symlink", to, name})
		} else if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			mounts = append(mounts, mount{"ro", name, name})
		}
	}
	return mounts
}

// minimalSpec has the host's tree, and a proc of its own.
func minimalSpec(l layout) spec { return spec{namespaces: plainKinds(), bin: l.bin} }

// devSpec is a place to build something in.
func devSpec(l layout) spec {
	return spec{
		namespaces: plainKinds(),
		tmpfsRoot:  true,
		minimalDev: true,
		hostname:   "dev",
		noCaps:     true,
		cwd:        "/project",
		bin:        "/project",
		mounts: slices.Concat(l.system, []mount{
			{"ro", "/etc", "/etc"},
			{"tmpfs", "", "/tmp"},
			{"tmpfs", "", "/home/dev"},
			{"rw", l.project, "/project"},
		}),
	}
}

// bindsSpec has n binds of directories beside what a command needs.
func bindsSpec(l layout, n int) spec {
	s := spec{
		namespaces: []string{"mount", "pid"},
		tmpfsRoot:  true,
		bin:        "/bench",
		mounts:     append(slices.Clone(l.system), mount{"ro", l.bin, "/bench"}),
	}
	for i := range n {
		s.mounts = append(s.mounts, mount{"ro", fmt.Sprintf("%s/%d", l.sources, i), fmt.Sprintf("/b/%d", i)})
	}
	return s
}
