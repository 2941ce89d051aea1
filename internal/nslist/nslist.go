//go:build linux

// Package nslist lists the namespaces of this machine, as lsns(8) does.
package nslist

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/passwd"
	"github.com/nslaunch/nslaunch/mountprop"
)

// Namespace is one namespace and what is in it.
type Namespace struct {
	Type      string `json:"type"` // as in /proc/PID/ns: "mnt", "net"
	Inode     uint64 `json:"inode"`
	Processes int    `json:"processes"`         // how many of those that we may look at
	PID       int    `json:"pid,omitempty"`     // the lowest pid among them
	UID       int    `json:"uid"`               // who runs that one, effectively; -1 without
	User      string `json:"user,omitempty"`    // the user's name, or its number
	Command   string `json:"command,omitempty"` // arguments apart by spaces, or "[name]"
	Path      string `json:"path,omitempty"`    // a file that it is mounted on
}

// Listing is what List has found.
type Listing struct {
	Namespaces []Namespace `json:"namespaces"` // by inode
	// Hidden is the number of processes whose namespaces the caller may not
	// see: those of other users, where it is not root.
	Hidden int `json:"hidden"`
}

// kinds are the files of /proc/PID/ns that say where the process itself is.
func kinds() []string {
	return []string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}
}

// List lists the namespaces that a process of this pid namespace is in or that
// are mounted on a file here. There may be others: an open file or a namespace
// below can keep one alive, too.
func List() (Listing, error) {
	return list(os.DirFS("/proc"), userName)
}

// list is List on any /proc. userName names a user; it is asked once for each.
func list(proc fs.FS, userName func(uid int) string) (Listing, error) {
	pids, err := pids(proc)
	if err != nil {
		return Listing{}, err
	}
	found := map[string]*Namespace{}
	var result Listing
	for _, pid := range pids {
		if !addProcess(found, proc, pid) {
			result.Hidden++
		}
	}
	if err := addMounts(found, proc); err != nil {
		return Listing{}, err
	}
	describe(found, proc, userName)
	for _, n := range found {
		result.Namespaces = append(result.Namespaces, *n)
	}
	slices.SortFunc(result.Namespaces, func(a, b Namespace) int {
		return cmp.Or(cmp.Compare(a.Inode, b.Inode), cmp.Compare(a.Type, b.Type))
	})
	return result, nil
}

// pids returns the processes, the lowest first.
func pids(proc fs.FS) ([]int, error) {
	entries, err := fs.ReadDir(proc, ".")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}

// addProcess counts a process in its namespaces. It is false if we may not see
// them. One that ends meanwhile, or is a zombie, is in none.
func addProcess(found map[string]*Namespace, proc fs.FS, pid int) bool {
	for _, kind := range kinds() {
		name, err := fs.ReadLink(proc, fmt.Sprintf("%d/ns/%s", pid, kind))
		if os.IsPermission(err) {
			return false
		}
		if err != nil {
			continue
		}
		if n := add(found, name); n != nil {
			if n.Processes++; n.PID == 0 {
				n.PID = pid
			}
		}
	}
	return true
}

// addMounts adds the namespaces that are mounted on a file.
func addMounts(found map[string]*Namespace, proc fs.FS) error {
	file, err := proc.Open("self/mountinfo")
	if err != nil {
		return err
	}
	defer file.Close()
	mounts, err := mountprop.Read(file)
	if err != nil {
		return err
	}
	for _, m := range mounts {
		if m.FSType != "nsfs" {
			continue
		}
		if n := add(found, m.Root); n != nil && n.Path == "" {
			n.Path = m.Target
		}
	}
	return nil
}

// add returns the namespace of a name like "net:[4026531840]", a new one if it
// is not known yet, or nil if the name has another form.
func add(found map[string]*Namespace, name string) *Namespace {
	if n := found[name]; n != nil {
		return n
	}
	kind, rest, ok := strings.Cut(name, ":[")
	digits, ok2 := strings.CutSuffix(rest, "]")
	inode, err := strconv.ParseUint(digits, 10, 64)
	if !ok || !ok2 || err != nil || !slices.Contains(kinds(), kind) {
		return nil
	}
	n := &Namespace{Type: kind, Inode: inode, UID: -1}
	found[name] = n
	return n
}

func userName(uid int) string {
	return cmp.Or(passwd.ByID(uid).Name, strconv.Itoa(uid))
}
