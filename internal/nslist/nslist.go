//go:build linux

// Package nslist lists the namespaces of this machine, as lsns(8) does: which processes are in them, which user namespace owns
// them, and how they nest.
package nslist

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/mountprop"
)

// Namespace is one namespace and what is in it.
type Namespace struct {
	Type      string     // as in /proc/PID/ns: "mnt", "net"
	Inode     uint64     // which names it, see namespaces(7)
	Processes []*Process // those that the caller may inspect, the lowest pid first
	File      string     // a file that it is mounted on; "" without one

	// Owner is the user namespace that owns it: its parent, if it is a user namespace itself. 0 if that is not known, or above
	// the caller's own user namespace.
	Owner uint64
	// Parent is the namespace around it, if it is a user or pid namespace. 0 if it has none, or if the caller may not see it.
	Parent   uint64
	OwnerUID int    // the user who made it, if it is a user namespace; -1 if it is not, or if that is not known
	NetNSID  string // the number that the caller's network namespace has for it: "unassigned", or a number; "" if it is not known
}

// First returns the process with the lowest pid, nil if there is none.
func (n *Namespace) First() *Process {
	if len(n.Processes) == 0 {
		return nil
	}
	return n.Processes[0]
}

// Path returns a file that names the namespace, for setns(2); "" if there is none.
func (n *Namespace) Path() string {
	if p := n.First(); p != nil {
		return fmt.Sprintf("/proc/%d/ns/%s", p.PID, n.Type)
	}
	return n.File
}

// Listing is what List has found.
type Listing struct {
	Namespaces []*Namespace // by inode
	// Hidden is the number of processes whose namespaces the caller may not
	// see: those of other users, where it is not root.
	Hidden int
}

// Kinds returns the types of namespaces: the files of /proc/PID/ns that say where a process is.
func Kinds() []string {
	return []string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}
}

// List lists the namespaces that a process of this pid namespace is in, those that
// are mounted on a file here, and those that own or contain one of them. There may be others: an open file or a namespace
// below can keep one alive, too.
func List() (Listing, error) {
	k := newKernel()
	defer k.close()
	return list(os.DirFS("/proc"), k, userName)
}

// asker says what no file of /proc does. It is the kernel, or a test.
type asker interface {
	// relations describes the namespace that a file names, its owner and its parents.
	relations(path string) []relation
	// netNSID returns the number of the network namespace that a file names; see [Namespace.NetNSID].
	netNSID(path string) string
}

// list is List on any /proc. userName names a user; it is asked once for each.
func list(proc fs.FS, k asker, userName func(uid int) string) (Listing, error) {
	pids, err := pids(proc)
	if err != nil {
		return Listing{}, err
	}
	c := census{proc: proc, found: map[string]*Namespace{}}
	hidden := 0
	for _, pid := range pids {
		if !c.addProcess(pid) {
			hidden++
		}
	}
	if err := c.addMounts(); err != nil {
		return Listing{}, err
	}
	c.relate(k)
	c.describe(userName)
	all := make([]*Namespace, 0, len(c.found))
	for _, n := range c.found {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *Namespace) int {
		return cmp.Or(cmp.Compare(a.Inode, b.Inode), cmp.Compare(a.Type, b.Type))
	})
	return Listing{all, hidden}, nil
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

// census is a list that grows.
type census struct {
	proc      fs.FS
	found     map[string]*Namespace // by their names: "net:[4026531840]"
	processes []*Process
}

// addProcess adds a process to its namespaces. It is false if we may not see
// them. One that ends meanwhile is in none.
func (c *census) addProcess(pid int) bool {
	p := &Process{PID: pid, UID: -1}
	for _, kind := range Kinds() {
		name, err := fs.ReadLink(c.proc, fmt.Sprintf("%d/ns/%s", pid, kind))
		if errors.Is(err, fs.ErrPermission) {
			return false
		}
		if err != nil {
			continue
		}
		if n := c.add(name); n != nil {
			n.Processes = append(n.Processes, p)
		}
	}
	c.processes = append(c.processes, p)
	return true
}

// addMounts adds the namespaces that are mounted on a file.
func (c *census) addMounts() error {
	file, err := c.proc.Open("self/mountinfo")
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
		if n := c.add(m.Root); n != nil && n.File == "" {
			n.File = m.Target
		}
	}
	return nil
}

// relate asks the kernel which namespaces own and contain those that were found, and adds them: they may have no
// process and no file.
func (c *census) relate(k asker) {
	for _, n := range maps.Clone(c.found) {
		path := n.Path()
		for _, r := range k.relations(path) {
			if n := c.add(r.name); n != nil {
				n.Owner, n.Parent, n.OwnerUID = r.owner, r.parent, r.ownerUID
			}
		}
		if n.Type == "net" {
			n.NetNSID = k.netNSID(path)
		}
	}
}

// add returns the namespace of a name like "net:[4026531840]", a new one if it
// is not known yet, or nil if the name has another form.
func (c *census) add(name string) *Namespace {
	if n := c.found[name]; n != nil {
		return n
	}
	kind, rest, ok := strings.Cut(name, ":[")
	digits, ok2 := strings.CutSuffix(rest, "]")
	inode, err := strconv.ParseUint(digits, 10, 64)
	if !ok || !ok2 || err != nil || !slices.Contains(Kinds(), kind) {
		return nil
	}
	n := &Namespace{Type: kind, Inode: inode, OwnerUID: -1}
	c.found[name] = n
	return n
}
