package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nslist"
	"github.com/nslaunch/nslaunch/internal/quote"
)

func cmdNS(args []string) int {
	fs := newFlags("ns")
	kind := fs.String("type", "", "only namespaces of this `TYPE`: user, mount, pid, net, ipc, uts, cgroup or time")
	asJSON := fs.Bool("json", false, "print them as JSON")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if fs.NArg() > 0 {
		return misused("ns", exitUsage, "unexpected argument %q", fs.Arg(0))
	}
	want, ok := kindNamed(*kind)
	if !ok && *kind != "" {
		return misused("ns", exitUsage, "--type: unknown type %q", *kind)
	}
	listing, err := nslist.List()
	if err != nil {
		complain(err)
		return exitProblem
	}
	for i := range listing.Namespaces {
		if n := &listing.Namespaces[i]; n.Type == "mnt" {
			n.Type = string(config.Mount)
		}
	}
	if want != "" {
		listing.Namespaces = slices.DeleteFunc(listing.Namespaces, func(n nslist.Namespace) bool { return n.Type != string(want) })
	}
	if *asJSON {
		return printJSON(listing)
	}
	return printNamespaces(listing)
}

func printNamespaces(l nslist.Listing) int {
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
	status := put(b.String())
	switch {
	case l.Hidden == 1:
		say().Infof("the namespaces of 1 process of another user cannot be seen")
	case l.Hidden > 1:
		say().Infof("the namespaces of %d processes of other users cannot be seen", l.Hidden)
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
