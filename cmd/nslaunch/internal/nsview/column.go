// Package nsview shows the namespaces of a machine: as a table, whose first column may be a tree, as JSON, and as a picture.
package nsview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/internal/nslist"
)

// Sandboxes returns the names of the sandboxes that have a namespace, by its inode.
type Sandboxes map[uint64][]string

// Column is a column of the table, and a key of the JSON. The names are those of lsns(8).
type Column struct {
	Name  string
	Says  string // what it shows
	right bool   // it is aligned to the right, as numbers are
	value func(n *nslist.Namespace, s Sandboxes) any
}

// columns returns all, in the order in which JSON has them. A value is an integer, a string, a list of strings, or nil for what a namespace
// does not have.
func columns() []Column {
	return []Column{
		{"NS", "the namespace's inode number, which names it", true, func(n *nslist.Namespace, _ Sandboxes) any { return n.Inode }},
		{"TYPE", "its type", false, func(n *nslist.Namespace, _ Sandboxes) any { return n.Type }},
		{"NPROCS", "how many processes are in it", true, func(n *nslist.Namespace, _ Sandboxes) any { return len(n.Processes) }},
		{"PID", "the lowest process id in it", true, ofFirst(func(p *nslist.Process) any { return p.PID })},
		{"PPID", "the parent of that process", true, ofFirst(func(p *nslist.Process) any { return p.PPID })},
		{"UID", "the user id of that process", true, ofFirst(func(p *nslist.Process) any { return orNil(p.UID, -1) })},
		{"USER", "the user of that process", false, ofFirst(func(p *nslist.Process) any { return orNil(p.User, "") })},
		{"SANDBOX", "the sandboxes of yours that use it and did not inherit it", false, func(n *nslist.Namespace, s Sandboxes) any {
			if names := s[n.Inode]; len(names) > 0 {
				return names
			}
			return nil
		}},
		{"NSFS", "a file that it is mounted on, which keeps it", false, func(n *nslist.Namespace, _ Sandboxes) any { return orNil(n.File, "") }},
		{"PATH", "a file to enter it by", false, func(n *nslist.Namespace, _ Sandboxes) any { return orNil(n.Path(), "") }},
		{"ONS", "the user namespace that owns it", true, func(n *nslist.Namespace, _ Sandboxes) any { return orNil(n.Owner, 0) }},
		{"PNS", "the namespace around it (user and pid)", true, func(n *nslist.Namespace, _ Sandboxes) any { return orNil(n.Parent, 0) }},
		{"OUID", "the user id that made it (user)", true, func(n *nslist.Namespace, _ Sandboxes) any { return orNil(n.OwnerUID, -1) }},
		{"NETNSID", "its number in your network namespace (net)", true, func(n *nslist.Namespace, _ Sandboxes) any { return orNil(n.NetNSID, "") }},
		{"COMMAND", "the command line of that process", false, ofFirst(func(p *nslist.Process) any { return orNil(p.Command, "") })},
	}
}

func ofFirst(value func(*nslist.Process) any) func(*nslist.Namespace, Sandboxes) any {
	return func(n *nslist.Namespace, _ Sandboxes) any {
		if p := n.First(); p != nil {
			return value(p)
		}
		return nil
	}
}

func orNil[T comparable](value, none T) any {
	if value == none {
		return nil
	}
	return value
}

// Names returns the names of all columns.
func Names() []string {
	var names []string
	for _, c := range columns() {
		names = append(names, c.Name)
	}
	return names
}

// All returns all columns.
func All() []Column { return columns() }

// Default returns the columns of a table that nobody chose: those with sandboxes and files only if one of the namespaces has any.
func Default(all []*nslist.Namespace, s Sandboxes) []Column {
	return slices.DeleteFunc(columns(), func(c Column) bool {
		switch c.Name {
		case "NS", "TYPE", "NPROCS", "PID", "USER", "COMMAND":
			return false
		case "SANDBOX", "NSFS":
			return !slices.ContainsFunc(all, func(n *nslist.Namespace) bool { return c.value(n, s) != nil })
		}
		return true
	})
}

// Choose returns the columns of a list like "NS,PATH". With a "+" before the list, these are added to the default ones, before the
// last: a command line can be long. Upper and lower case are the same.
func Choose(list string, defaults []Column) ([]Column, error) {
	list, more := strings.CutPrefix(list, "+")
	var chosen []Column
	all := columns()
	for word := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(c Column) bool { return strings.EqualFold(c.Name, word) })
		if i < 0 {
			return nil, fmt.Errorf("unknown column %q (want a list of %s)", word, strings.Join(Names(), ", "))
		}
		chosen = append(chosen, all[i])
	}
	if more {
		chosen = slices.Insert(slices.Clone(defaults), max(len(defaults)-1, 0), chosen...)
	}
	return chosen, nil
}
