package main

import (
	"cmp"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/records"
)

// now is the present, without the monotonic clock, which a record cannot hold.
func now() time.Time { return time.Now().Round(0) }

// shown is a sandbox as ps prints it.
type shown struct {
	Name       string            `json:"name"`
	State      records.State     `json:"state"`
	PID        int               `json:"pid,omitempty"` // the command's
	Launcher   int               `json:"launcher"`
	Started    time.Time         `json:"started,omitzero"`
	Profile    string            `json:"profile,omitempty"`
	Namespaces map[string]uint64 `json:"namespaces"` // inode numbers of those that are not the launcher's
	Unit       string            `json:"unit,omitempty"`
	Command    []string          `json:"command"`
	Detached   bool              `json:"detached"`
	Log        string            `json:"log,omitempty"`
	Status     *int              `json:"status,omitempty"` // of one that has ended

	kinds string
}

func psCommand() cli.Command {
	return cli.Command{
		Name:    "ps",
		Options: "[--all] [--long|--quiet|--json]",
		Summary: "list running sandboxes",
		Examples: []cli.Example{
			{Line: "nslaunch ps", Says: "list those that run"},
			{Line: "nslaunch ps -a", Says: "also those that have ended"},
		},
		Flags: func(fs *flag.FlagSet) cli.Run {
			var l listing
			fs.BoolVar(&l.all, "all", false, "also list detached sandboxes that have ended")
			fs.BoolVar(&l.long, "long", false, "also show namespaces and scope")
			fs.BoolVar(&l.quiet, "quiet", false, "print only the names")
			fs.BoolVar(&l.json, "json", false, "print JSON")
			cli.Alias(fs, "a", "all", nil)
			cli.Alias(fs, "l", "long", nil)
			cli.Alias(fs, "q", "quiet", nil)
			return func(c *cli.Call) int { return listSandboxes(c, l) }
		},
	}
}

// listing is what ps lists, and how.
type listing struct{ all, long, quiet, json bool }

func listSandboxes(c *cli.Call, l listing) int {
	if l.long && l.quiet || l.long && l.json || l.quiet && l.json {
		return c.Misused("--long, --quiet and --json exclude each other")
	}
	found, problems := records.List()
	list := []shown{}
	for _, f := range found {
		if f.State != records.Ended || l.all {
			list = append(list, shownOf(f))
		}
	}
	var status int
	switch {
	case l.json:
		status = c.PutJSON(list)
	case l.quiet:
		var b strings.Builder
		for _, s := range list {
			fmt.Fprintln(&b, quote.Word(s.Name))
		}
		status = c.Put(b.String())
	default:
		status = c.Put(sandboxTable(list, l.long, c.Width()))
	}
	for _, err := range problems {
		c.Complain(err)
	}
	if len(problems) > 0 {
		return cli.ExitProblem
	}
	return status
}

func shownOf(f records.Found) shown {
	s := shown{Name: f.Name, State: f.State, Launcher: f.Launcher.PID, Started: f.Started, Profile: f.Profile,
		Namespaces: map[string]uint64{}, Command: f.Command, Detached: f.Detached, Log: f.Log}
	if f.End != nil {
		s.Status = &f.End.Status
	}
	if t := f.Target; t != nil {
		s.Unit = t.Unit
		if f.State != records.Ended {
			s.PID = t.Process.PID
		}
		kinds := make([]string, len(t.Own))
		for i, k := range t.Own {
			s.Namespaces[string(k)], kinds[i] = t.Namespaces[k], string(k)
		}
		if s.kinds = strings.Join(kinds, ","); len(kinds) == len(config.Kinds()) {
			s.kinds = "all"
		}
	}
	return s
}

// sandboxTable is the list for people. On a terminal, commands are cut so that a line fits.
func sandboxTable(list []shown, long bool, width int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }
	head := []string{"NAME", "STATUS", "PID", "AGE", "PROFILE"}
	if long {
		head = append(head, "NAMESPACES", "SCOPE")
	}
	line(append(head, "COMMAND")...)
	for _, s := range list {
		status, pid, age := string(s.State), "-", "-"
		if s.Status != nil {
			status = fmt.Sprintf("ended (%d)", *s.Status)
		}
		if s.PID > 0 {
			pid = fmt.Sprint(s.PID)
		}
		if !s.Started.IsZero() {
			age = ageWords(time.Since(s.Started))
		}
		cells := []string{quote.Word(s.Name), quote.Line(status), pid, age, named(cli.ShortPath(s.Profile))}
		if long {
			cells = append(cells, cmp.Or(quote.Line(s.kinds), "-"), named(s.Unit))
		}
		line(append(cells, quote.Words(s.Command, " "))...)
	}
	w.Flush()
	return cutCommands(b.String(), width)
}

// cutCommands cuts what follows the last column's head to the width of a terminal, or to 60 characters where there is none.
func cutCommands(table string, width int) string {
	const most, least = 60, 12
	head, _, _ := strings.Cut(table, "\n")
	before := strings.LastIndex(head, "COMMAND")
	longest := before + most
	if width > 0 {
		longest = max(width, before+least)
	}
	var b strings.Builder
	for line := range strings.Lines(table) {
		fmt.Fprintln(&b, quote.Cut(strings.TrimSuffix(line, "\n"), longest))
	}
	return b.String()
}

// ageWords is a time in the largest unit that fits.
func ageWords(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%dmin", int(d.Minutes()))
	case d < 2*day:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d/day))
}

// named is a name in a table, "-" where there is none.
func named(s string) string {
	if s == "" {
		return "-"
	}
	return quote.Word(s)
}
