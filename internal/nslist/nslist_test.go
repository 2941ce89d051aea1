//go:build linux

package nslist

import (
	"fmt"
	"io/fs"
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
		tree[dir+"status"] = &fstest.MapFile{Data: []byte("Name:\tname-" + dir + "\nUmask:\t0022\nPPid:\t1\nUid:\t1\t7\t1\t1\n")}
		tree[dir+"cmdline"] = &fstest.MapFile{Data: []byte("run\x00a b\x00")}
		for kind, target := range namespaces {
			tree[dir+"ns/"+kind] = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte(target)}
		}
	}
	return tree
}

func name(uid int) string { return "user" + strconv.Itoa(uid) }

// fakeKernel says what a test wants.
type fakeKernel map[string][]relation

func (k fakeKernel) relations(path string) []relation { return k[path] }
func (k fakeKernel) netNSID(path string) string       { return "nsid of " + path }

// lines describes a listing, a line for each namespace.
func lines(l Listing) string {
	var b strings.Builder
	for _, n := range l.Namespaces {
		fmt.Fprintf(&b, "%s %d [%s] [%s]", n.Type, n.Inode, n.File, n.NetNSID)
		if n.Owner != 0 || n.Parent != 0 || n.OwnerUID >= 0 {
			fmt.Fprintf(&b, " owner %d of %d parent %d", n.Owner, n.OwnerUID, n.Parent)
		}
		for _, p := range n.Processes {
			fmt.Fprintf(&b, " (%d %d %d %s: %s)", p.PID, p.PPID, p.UID, p.User, p.Command)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

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
	got, err := list(tree, fakeKernel{}, name)
	const want = `net 10 [] [nsid of /proc/1/ns/net] (1 1 7 user7: [name-1/]) (9 1 7 user7: run a b)
mnt 11 [] [] (1 1 7 user7: [name-1/])
net 12 [] [nsid of /proc/10/ns/net] (10 1 7 user7: run a b)
mnt 20 [/run/mnt] [] (9 1 7 user7: run a b) (10 1 7 user7: run a b)
net 30 [/run/netns/a] [nsid of /run/netns/a]
`
	if err != nil || lines(got) != want {
		t.Errorf("got\n%s%v; want\n%s", lines(got), err, want)
	}
}

// What owns and contains a namespace is in the list, without a process and without a file, too.
func TestListRelations(t *testing.T) {
	tree := proc("", map[int]map[string]string{5: {"uts": "uts:[3]", "user": "user:[1]"}})
	got, err := list(tree, fakeKernel{
		"/proc/5/ns/uts":  {{"uts:[3]", 2, 0, -1}, {"user:[2]", 1, 1, 1000}, {"user:[1]", 0, 0, 0}},
		"/proc/5/ns/user": {{"user:[1]", 0, 0, 0}},
	}, name)
	const want = `user 1 [] [] owner 0 of 0 parent 0 (5 1 7 user7: run a b)
user 2 [] [] owner 1 of 1000 parent 1
uts 3 [] [] owner 2 of -1 parent 0 (5 1 7 user7: run a b)
`
	if err != nil || lines(got) != want {
		t.Errorf("got\n%s%v; want\n%s", lines(got), err, want)
	}
}

// A process that ends between its links and its status stays in the list.
func TestListRaces(t *testing.T) {
	tree := proc("", map[int]map[string]string{5: {"uts": "uts:[3]"}})
	delete(tree, "5/status")
	delete(tree, "5/cmdline")
	got, err := list(tree, fakeKernel{}, name)
	if want := "uts 3 [] [] (5 0 -1 : )\n"; err != nil || lines(got) != want {
		t.Errorf("got %s%v; want %s", lines(got), err, want)
	}
}

// Of a command line of megabytes, the beginning is read.
func TestLongCommand(t *testing.T) {
	tree := proc("", map[int]map[string]string{5: {"uts": "uts:[3]"}})
	tree["5/cmdline"].Data = []byte(strings.Repeat("x", 1<<20))
	got, err := list(tree, fakeKernel{}, name)
	if err != nil || got.Namespaces[0].First().Command != strings.Repeat("x", longestCommand) {
		t.Errorf("%d bytes, %v", len(got.Namespaces[0].First().Command), err)
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
	got, err := list(forbidding{tree, "6/"}, fakeKernel{}, name)
	if err != nil || got.Hidden != 1 || len(got.Namespaces) != 1 || got.Namespaces[0].Inode != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestListErrors(t *testing.T) {
	if _, err := list(fstest.MapFS{}, fakeKernel{}, name); err == nil {
		t.Error("no mountinfo: no error")
	}
	if _, err := list(proc("nonsense\n", nil), fakeKernel{}, name); err == nil {
		t.Error("bad mountinfo: no error")
	}
}

func TestTree(t *testing.T) {
	all := []*Namespace{
		{Type: "user", Inode: 1},
		{Type: "user", Inode: 2, Owner: 1, Parent: 1},
		{Type: "pid", Inode: 3, Owner: 1},
		{Type: "pid", Inode: 4, Owner: 2, Parent: 3},
		{Type: "net", Inode: 5, Owner: 1},
		{Type: "net", Inode: 6, Owner: 99},
		{Type: "user", Inode: 7, Owner: 7}, // a list that cannot be
	}
	for _, test := range []struct {
		name  string
		above func(*Namespace) uint64
		want  string
	}{
		{"owner", ByOwner, "net6 user1(pid3 net5 user2(pid4)) user7"},
		{"parent", ByParent, "pid3(pid4) net5 net6 user1(user2) user7"},
	} {
		if got := treeText(Tree(all, test.above)); got != test.want {
			t.Errorf("by %s: %s; want %s", test.name, got, test.want)
		}
	}
}

func treeText(nodes []*Node) string {
	var parts []string
	for _, n := range nodes {
		part := fmt.Sprint(n.Type, n.Inode)
		if len(n.Below) > 0 {
			part += "(" + treeText(n.Below) + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

func TestNSID(t *testing.T) {
	answer := func(kind byte, attributes ...byte) []byte {
		return append([]byte{0, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, attributes...)
	}
	const newNSID = 88
	for _, test := range []struct {
		answer []byte
		want   string
	}{
		{answer(newNSID, 8, 0, 1, 0, 7, 0, 0, 0), "7"},
		{answer(newNSID, 8, 0, 9, 0, 3, 0, 0, 0, 8, 0, 1, 0, 7, 0, 0, 0), "7"},
		{answer(newNSID, 8, 0, 1, 0, 255, 255, 255, 255), "unassigned"},
		{answer(2, 8, 0, 1, 0, 7, 0, 0, 0), ""}, // an error
		{answer(newNSID), ""},
		{answer(newNSID, 0, 0, 1, 0, 7, 0, 0, 0), ""},
		{answer(newNSID, 200, 0, 1, 0, 7, 0, 0, 0), ""},
		{answer(newNSID, 5, 0, 1, 0, 7, 0, 0, 0), ""},
		{nil, ""},
	} {
		if got := nsidOf(test.answer); got != test.want {
			t.Errorf("%v: %q; want %q", test.answer, got, test.want)
		}
	}
}
