package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nslist"
	"github.com/nslaunch/nslaunch/internal/quote"
)

func nsCommand() cli.Command {
	return cli.Command{
		Name:    "ns",
		Options: "[--type TYPE] [--json]",
		Summary: "list the namespaces of this machine",
		Flags: func(fs *flag.FlagSet) cli.Run {
			kind := fs.String("type", "", "only namespaces of this `TYPE`: user, mount, pid, net, ipc, uts, cgroup or time")
			asJSON := fs.Bool("json", false, "print them as JSON")
			return func(c *cli.Call) int {
				want, ok := kindNamed(*kind)
				if !ok && *kind != "" {
					return c.Misused("--type: unknown type %q", *kind)
				}
				return listNamespaces(c, want, *asJSON)
			}
		},
	}
}

// listNamespaces lists those of a kind, or all.
func listNamespaces(c *cli.Call, want config.NamespaceKind, asJSON bool) int {
	listing, err := nslist.List()
	if err != nil {
		return c.Fail(err)
	}
	for i := range listing.Namespaces {
		if n := &listing.Namespaces[i]; n.Type == "mnt" {
			n.Type = string(config.Mount)
		}
	}
	if want != "" {
		listing.Namespaces = slices.DeleteFunc(listing.Namespaces, func(n nslist.Namespace) bool { return n.Type != string(want) })
	}
	if asJSON {
		return c.PutJSON(listing)
	}
	return printNamespaces(c, listing)
}

func printNamespaces(c *cli.Call, l nslist.Listing) int {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "INODE\tTYPE\tPROCESSES\tPID\tUSER\tCOMMAND")
	for _, n := range l.Namespaces {
		pid, what := "-", quote.Line(n.Command)
		if n.PID > 0 {
			pid = fmt.Sprint(n.PID)
		}
		if n.Path != "" {
			what = strings.TrimSpace(what + " [" + quote.Word(n.Path) + "]")
		}
		fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\t%s\n", n.Inode, n.Type, n.Processes, pid, quote.Word(n.User), what)
	}
	w.Flush()
	status := c.Put(b.String())
	switch {
	case l.Hidden == 1:
		c.Notef("the namespaces of 1 process of another user cannot be seen")
	case l.Hidden > 1:
		c.Notef("the namespaces of %d processes of other users cannot be seen", l.Hidden)
	}
	return status
}

// kindNamed is the type of namespaces that a word names, "mnt" as lsns(8) has it, too.
func kindNamed(word string) (config.NamespaceKind, bool) {
	if word == "mnt" {
		return config.Mount, true
	}
	k := config.NamespaceKind(word)
	return k, slices.Contains(config.Kinds(), k)
}
