//go:build linux

package nslist

import (
	"io/fs"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// proc builds a /proc of processes: pid → its namespaces.
func proc(mountinfo string, processes map[int]map[string]string) fstest.MapFS {
	tree := fstest.MapFS{
		"self/mountinfo": {Data: []byte(mountinfo)},
		"version":        {Data: []byte("Linux")},
	}
	for pid, namespaces := range processes {
		dir := strconv.Itoa(pid) + "/"
		tree[dir+"status"] = &fstest.MapFile{Data: []byte("Name:\tname-" + dir + "\nUmask:\t0022\nUid:\t1\t7\t1\t1\n")}
		tree[dir+"cmdline"] = &fstest.MapFile{Data: []byte("run\x00a b\x00")}
		for kind, target := range namespaces {
			tree[dir+"ns/"+kind] = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte(target)}
		}
	}
	return tree
}

func name(uid int) string { return "user" + strconv.Itoa(uid) }

func TestList(t *testing.T) {
	tree := proc(
		"1 0 8:1 / / rw - ext4 /dev/sda rw\n"+
			"2 1 0:4 net:[30] /run/netns/a rw shared:1 - nsfs nsfs rw\n"+
			"3 1 0:4 net:[30] /run/netns/b rw shared:1 - nsfs nsfs rw\n"+
			"4 1 0:4 mnt:[20] /run/mnt rw - nsfs nsfs rw\n"+
			"5 1 0:4 /30 /run/odd rw - nsfs nsfs rw\n",
		map[int]map[string]string{
			1:  {"net": "net:[10]", "mnt": "mnt:[11]", "net_for_children": "net:[99]"},
			9:  {"net": "net:[10]", "mnt": "mnt:[20]"},
			10: {"net": "net:[12]", "mnt": "mnt:[20]", "pid_for_children": "pid:[98]"},
			// Gone, or a zombie: nothing is there any more.
			11: {},
			// No namespace's name.
			12: {"uts": "uts:[x]", "user": "user", "ipc": "other:[5]", "time": "time:[7"},
		})
	tree["1/cmdline"].Data = nil
	got, err := list(tree, name)
	want := Listing{Namespaces: []Namespace{
		{Type: "net", Inode: 10, Processes: 2, PID: 1, UID: 7, User: "user7", Command: "[name-1/]"},
		{Type: "mnt", Inode: 11, Processes: 1, PID: 1, UID: 7, User: "user7", Command: "[name-1/]"},
		{Type: "net", Inode: 12, Processes: 1, PID: 10, UID: 7, User: "user7", Command: "run a b"},
		{Type: "mnt", Inode: 20, Processes: 2, PID: 9, UID: 7, User: "user7", Command: "run a b", Path: "/run/mnt"},
		{Type: "net", Inode: 30, UID: -1, Path: "/run/netns/a"},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

// A process that ends between its links and its status stays in the list.
func TestListRaces(t *testing.T) {
	tree := proc("", map[int]map[string]string{5: {"uts": "uts:[3]"}})
	delete(tree, "5/status")
	delete(tree, "5/cmdline")
	got, err := list(tree, name)
	want := Listing{Namespaces: []Namespace{{Type: "uts", Inode: 3, Processes: 1, PID: 5, UID: -1}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

// forbidding is a /proc that lets no one see the namespaces of one process.
type forbidding struct {
	fstest.MapFS
	dir string
}

func (f forbidding) ReadLink(name string) (string, error) {
	if strings.HasPrefix(name, f.dir) {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrPermission}
	}
	return f.MapFS.ReadLink(name)
}

func TestListCountsHidden(t *testing.T) {
	tree := proc("", map[int]map[string]string{5: {"uts": "uts:[3]"}, 6: {"uts": "uts:[4]", "net": "net:[2]"}})
	got, err := list(forbidding{tree, "6/"}, name)
	if err != nil || got.Hidden != 1 || len(got.Namespaces) != 1 || got.Namespaces[0].Inode != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestListErrors(t *testing.T) {
	if _, err := list(fstest.MapFS{}, name); err == nil {
		t.Error("no mountinfo: no error")
	}
	if _, err := list(proc("nonsense\n", nil), name); err == nil {
		t.Error("bad mountinfo: no error")
	}
}
