package nsview

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nslist"
)

// some are a user namespace in another, with a mount namespace that it owns, and a network namespace without a process.
func some() []*nslist.Namespace {
	init := &nslist.Process{PID: 1, UID: 0, User: "root", Command: "init"}
	a := &nslist.Process{PID: 9, PPID: 1, UID: 7, User: "ann", Command: `sh -c \ a`}
	b := &nslist.Process{PID: 12, PPID: 9, UID: 7, User: "ann", Command: "evil\n\x1b[2K"}
	c := &nslist.Process{PID: 13, PPID: 12, UID: -1}
	return []*nslist.Namespace{
		{Type: "user", Inode: 4026531837, Processes: []*nslist.Process{init}, OwnerUID: 0},
		{Type: "user", Inode: 4026532000, Processes: []*nslist.Process{a, b, c}, Owner: 4026531837, Parent: 4026531837, OwnerUID: 7},
		{Type: "mnt", Inode: 4026532001, Processes: []*nslist.Process{a, b, c}, Owner: 4026532000, OwnerUID: -1},
		{Type: "net", Inode: 4026532002, Owner: 4026531837, OwnerUID: -1, File: "/run/netns/a b", NetNSID: "unassigned"},
	}
}

func TestTable(t *testing.T) {
	all := some()
	s := Sandboxes{4026532001: {"web", "db"}}
	columns, err := Choose("+ons", Default(all, s))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, got, want string }{
		{"tree", Table(Tree(nslist.Tree(all, nslist.ByOwner)), columns, s, Layout{}), `
NS              TYPE  NPROCS  PID  USER  SANDBOX  NSFS                   ONS  COMMAND
4026531837      user       1    1  root  -        -                        -  init
├─4026532002    net        0    -  -     -        /run/netns/a b  4026531837  -
└─4026532000    user       3    9  ann   -        -               4026531837  sh -c \ a
  └─4026532001  mnt        3    9  ann   web,db   -               4026532000  sh -c \ a
`},
		{"list", Table(List(all[1:2]), Default(nil, nil), s, Layout{NoHeadings: true}), `
4026532000  user  3  9  ann  sh -c \ a
`},
		{"raw", Table(List(all[1:2]), Default(nil, nil), s, Layout{Raw: true}), `
NS TYPE NPROCS PID USER COMMAND
4026532000 user 3 9 ann sh\x20-c\x20\x5c\x20a
`},
		{"narrow", Table(List(all[:2]), Default(nil, nil), s, Layout{Width: 22}), `
        NS  TYPE  NPR…
4026531837  user     …
4026532000  user     …
`},
		{"processes", Processes(all[1], Layout{}), `
PID  PPID  USER  COMMAND
  9     1  ann   sh -c \ a
 12     9  ann   └─evil\n\x1b[2K
 13    12  -       └─
`},
	} {
		if "\n"+test.got != test.want {
			t.Errorf("%s:\n%s", test.name, test.got)
		}
	}
}

func TestJSON(t *testing.T) {
	columns, err := Choose("ns,SANDBOX,Command,PPID", nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(JSON(some()[1:3], columns, Sandboxes{4026532001: {"web"}}, 5))
	const want = `{"namespaces":[{"ns":4026532000,"sandbox":null,"command":"sh -c \\ a","ppid":1},` +
		`{"ns":4026532001,"sandbox":["web"],"command":"sh -c \\ a","ppid":1}],"hidden":5}`
	if err != nil || string(text) != want {
		t.Errorf("got %s, %v; want %s", text, err, want)
	}
}

func TestUnknownColumn(t *testing.T) {
	for _, list := range []string{"", "NS,", "+", "PIDS"} {
		if columns, err := Choose(list, nil); err == nil {
			t.Errorf("%q: %v", list, columns)
		}
	}
}

// A picture is XML whatever a command line has in it, and its boxes are as far apart as their texts are long.
func TestPicture(t *testing.T) {
	all := some()
	for i := range 10 {
		all[1].Processes = append(all[1].Processes, &nslist.Process{PID: 100 + i, User: "ann", Command: "</text>\x1b" + strings.Repeat("x", 200)})
	}
	text := Picture(nslist.Tree(append(all, &nslist.Namespace{Type: "uts", Inode: 7, Owner: 8}), nslist.ByOwner), Sandboxes{4026532000: {"web"}})
	decoder := xml.NewDecoder(strings.NewReader(text))
	var texts []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if data, ok := token.(xml.CharData); ok && strings.TrimSpace(string(data)) != "" {
			texts = append(texts, string(data))
		}
	}
	const want = `owned elsewhere: uts 7 (no process)
user 4026531837
owns net 4026532002 ('/run/netns/a b') (no process)
process 1 of root: init
sandbox web: user 4026532000, made by uid 7
owns mnt 4026532001
process 9 of ann: sh -c \ a
process 12 of ann: evil\n\x1b[2K
process 13:
process 100 of ann: </text>\x1bxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
process 101 of ann: </text>\x1bxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
process 102 of ann: </text>\x1bxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
and 7 more processes`
	if got := strings.Join(texts[3:], "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
