package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/meant"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/nsview"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nslist"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/records"
	"github.com/nslaunch/nslaunch/launcher"
)

func nsCommand() cli.Command {
	return cli.Command{
		Name:    "ns",
		Options: "[--type TYPES] [--task PID] [--list|--json|--svg] [--output COLUMNS]",
		Args:    []cli.Arg{{Word: "INODE", Kind: cli.Namespace, Optional: true}},
		Summary: "show the namespaces of this machine as a tree, or the processes in one of them",
		Examples: []cli.Example{
			{Line: "nslaunch ns", Says: "show all that are visible"},
			{Line: "nslaunch ns --type net", Says: "show network namespaces"},
			{Line: "nslaunch ns --tree=parent", Says: "show how user and pid namespaces nest"},
			{Line: "nslaunch ns --task dev", Says: "show those of the sandbox dev"},
			{Line: "nslaunch ns --svg >ns.svg", Says: "draw a picture"},
		},
		Flags: func(fs *flag.FlagSet) cli.Run {
			var f nsFlags
			f.tree = "owner"
			f.add(fs)
			return func(c *cli.Call) int { return f.show(c) }
		},
	}
}

// nsFlags are the flags of ns. They have the names that lsns(8) gives them.
type nsFlags struct {
	types                                       []string // "mnt", "net"; nil for all
	task                                        int
	output, tree                                string
	list, json, raw, noHeadings, whole, columns bool
	svg                                         bool
}

func (f *nsFlags) add(fs *flag.FlagSet) {
	fs.Func("type", "show only namespaces of these `TYPES`, a list of user, mnt, pid, net, ipc, uts, cgroup and time", f.addTypes)
	fs.Func("task", "show only the namespaces of the process `PID`, or of the sandbox of that name", f.setTask)
	fs.Var(&cli.Value{Words: nsview.Names(), Put: func(s string) error { f.output = s; return nil }}, "output", "show these `COLUMNS`, a list; +LIST adds to the default. There are "+strings.Join(nsview.Names(), ", "))
	fs.BoolVar(&f.columns, "output-all", false, "show all columns")
	fs.BoolVar(&f.list, "list", false, "print a list, not a tree")
	fs.Var(&treeFlag{&f.tree}, "tree", "print a tree, the default. --tree=owner shows which user namespace owns what; --tree=parent shows how user and pid namespaces nest")
	fs.BoolVar(&f.json, "json", false, "print JSON; all columns unless --output names some")
	fs.BoolVar(&f.raw, "raw", false, "print a list with one space between fields, and \\x20 for a space in a field")
	fs.BoolVar(&f.noHeadings, "noheadings", false, "print no headings")
	fs.BoolVar(&f.whole, "notruncate", false, "do not cut lines at the width of the terminal")
	fs.BoolVar(&f.svg, "svg", false, "print a picture as SVG: which user namespace owns what, and which processes are in it")
	for short, long := range map[string]string{"t": "type", "p": "task", "o": "output", "l": "list", "T": "tree", "J": "json", "r": "raw", "n": "noheadings", "u": "notruncate"} {
		cli.Alias(fs, short, long, nil)
	}
}

// setTask reads a process id, or the name of a sandbox, which means its command.
func (f *nsFlags) setTask(v string) error {
	pid, err := strconv.Atoi(v)
	switch {
	case err == nil && pid > 0:
		f.task = pid
		return nil
	case !config.SoundName(v):
		return fmt.Errorf("want a process id, or the name of a sandbox")
	}
	p, err := processOf("sandbox:" + v)
	f.task = p.PID
	return err
}

func (f *nsFlags) addTypes(list string) error {
	for word := range strings.SplitSeq(list, ",") {
		k, ok := kindNamed(word)
		if !ok {
			return unknownKind(word)
		}
		f.types = append(f.types, nsType(k))
	}
	return nil
}

// nsType is the name of a type of namespaces in /proc/PID/ns, and in lsns(8).
func nsType(k config.NamespaceKind) string {
	if k == config.Mount {
		return "mnt"
	}
	return string(k)
}

// kindNamed is the type of namespaces with a name: mount is also mnt, as in lsns(8).
func kindNamed(word string) (config.NamespaceKind, bool) {
	if word == "mnt" {
		return config.Mount, true
	}
	k := config.NamespaceKind(word)
	return k, slices.Contains(config.Kinds(), k)
}

// unknownKind is the error of a word in a list of types of namespaces that is none.
func unknownKind(word string) error {
	var types []string
	for _, k := range config.Kinds() {
		types = append(types, string(k))
	}
	return fmt.Errorf("%q is not a type of namespaces, want a list of user, mount, pid, net, ipc, uts, cgroup and time%s", word, meant.Type(word, types))
}

// treeFlag is the value of --tree, which can be left out.
type treeFlag struct{ to *string }

func (t *treeFlag) IsBoolFlag() bool { return true }
func (t *treeFlag) String() string   { return "" }

func (t *treeFlag) Set(s string) error {
	switch s {
	case "true":
		*t.to = "owner"
	case "owner", "parent":
		*t.to = s
	default:
		return fmt.Errorf("unknown tree %q (want owner or parent)", s)
	}
	return nil
}

// show prints what is asked for.
func (f *nsFlags) show(c *cli.Call) int {
	switch {
	case len(c.Args) > 1:
		return c.Misused("unexpected argument %q", c.Args[1])
	case f.json && f.raw || f.json && f.svg || f.raw && f.svg:
		return c.Misused("--json, --raw and --svg exclude each other")
	case f.svg && (f.output != "" || f.columns || f.list || f.noHeadings):
		return c.Misused("--svg draws no columns, list or headings (leave out --output, --output-all, --list and --noheadings)")
	case f.svg && len(c.Args) > 0:
		return c.Misused("--svg draws namespaces, not the processes of one")
	}
	listing, err := nslist.List()
	if err != nil {
		return c.Fail(err)
	}
	if len(c.Args) == 1 {
		return f.showProcesses(c, listing, c.Args[0])
	}
	all := listing.Namespaces
	if f.task != 0 {
		if all = of(f.task, all); len(all) == 0 {
			return c.Fail(noNamespaces(f.task))
		}
	}
	if len(f.types) > 0 {
		all = slices.DeleteFunc(all, func(n *nslist.Namespace) bool { return !slices.Contains(f.types, n.Type) })
	}
	sandboxes := sandboxNamespaces(c)
	columns := nsview.Default(all, sandboxes)
	if f.columns || f.json && f.output == "" {
		columns = nsview.All()
	} else if f.output != "" {
		if columns, err = nsview.Choose(f.output, columns); err != nil {
			return c.Misused("--output: %s", err)
		}
	}
	if f.json {
		return c.PutJSON(nsview.JSON(all, columns, sandboxes, listing.Hidden))
	}
	if f.svg {
		remarkHidden(c, listing.Hidden)
		return c.Put(nsview.Picture(nslist.Tree(all, nslist.ByOwner), sandboxes))
	}
	status := c.Put(nsview.Table(f.rows(all), columns, sandboxes, f.layout(c)))
	remarkHidden(c, listing.Hidden)
	return status
}

// of returns the namespaces that a process is in.
func of(pid int, all []*nslist.Namespace) []*nslist.Namespace {
	return slices.DeleteFunc(all, func(n *nslist.Namespace) bool {
		return !slices.ContainsFunc(n.Processes, func(p *nslist.Process) bool { return p.PID == pid })
	})
}

func (f *nsFlags) rows(all []*nslist.Namespace) []nsview.Row {
	switch {
	case f.list || f.raw:
		return nsview.List(all)
	case f.tree == "parent":
		return nsview.Tree(nslist.Tree(all, nslist.ByParent))
	}
	return nsview.Tree(nslist.Tree(all, nslist.ByOwner))
}

func (f *nsFlags) layout(c *cli.Call) nsview.Layout {
	l := nsview.Layout{NoHeadings: f.noHeadings, Raw: f.raw}
	if !f.whole && !f.raw {
		l.Width = c.Width()
	}
	return l
}

// showProcesses prints the processes of one namespace.
func (f *nsFlags) showProcesses(c *cli.Call, l nslist.Listing, word string) int {
	inode, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		return c.Misused("%q is not the inode number of a namespace%s", word, inodeHint(word))
	}
	at := slices.IndexFunc(l.Namespaces, func(n *nslist.Namespace) bool { return n.Inode == inode })
	if at < 0 {
		return c.Fail(fmt.Errorf("no namespace %d is visible here (nslaunch ns lists those that are)", inode))
	}
	if f.json {
		return c.PutJSON(nsview.ProcessesJSON(l.Namespaces[at]))
	}
	status := c.Put(nsview.Processes(l.Namespaces[at], f.layout(c)))
	remarkHidden(c, l.Hidden)
	return status
}

// inodeHint says what may have been meant by an argument that is not a number: a type, or a sandbox.
func inodeHint(word string) string {
	if _, ok := kindNamed(word); ok {
		return fmt.Sprintf(" (nslaunch ns --type %s shows those of a type)", word)
	}
	if _, err := records.Find(word); err == nil {
		return fmt.Sprintf(" (nslaunch ns --task %s shows those of a sandbox)", quote.Word(word))
	}
	return ""
}

// noNamespaces says why the namespaces of a process are not shown.
func noNamespaces(pid int) error {
	if _, err := launcher.NamespaceOf(strconv.Itoa(pid), config.User); err != nil {
		return processError(pid, err)
	}
	return fmt.Errorf("process %d ended in the meantime", pid)
}

// remarkHidden says how many processes are missing from what was printed.
func remarkHidden(c *cli.Call, hidden int) {
	switch {
	case hidden == 1:
		c.Notef("1 process is not counted: it belongs to another user or is protected (root sees all)")
	case hidden > 1:
		c.Notef("%d processes are not counted: they belong to other users or are protected (root sees all)", hidden)
	}
}

// sandboxNamespaces returns which of the caller's sandboxes have which namespaces.
func sandboxNamespaces(c *cli.Call) nsview.Sandboxes {
	found, problems := records.List()
	for _, err := range problems {
		c.Warnf("%s", err)
	}
	s := nsview.Sandboxes{}
	for _, f := range found {
		if f.State != records.Running {
			continue
		}
		for _, k := range f.Target.Own {
			inode := f.Target.Namespaces[k]
			s[inode] = append(s[inode], f.Name)
		}
	}
	return s
}
