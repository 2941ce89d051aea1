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
		Options: "[--all] [--json]",
		Summary: "list the sandboxes that run",
		Flags: func(fs *flag.FlagSet) cli.Run {
			all := fs.Bool("all", false, "also detached sandboxes that have ended")
			asJSON := fs.Bool("json", false, "print them as JSON")
			return func(c *cli.Call) int { return listSandboxes(c, *all, *asJSON) }
		},
	}
}

func listSandboxes(c *cli.Call, all, asJSON bool) int {
	found, problems := records.List()
	list := []shown{}
	for _, f := range found {
		if f.State != records.Ended || all {
			list = append(list, shownOf(f))
		}
	}
	var status int
	if asJSON {
		status = c.PutJSON(list)
	} else {
		status = c.Put(sandboxTable(list))
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

// sandboxTable is the list for people.
func sandboxTable(list []shown) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tPID\tAGE\tPROFILE\tNAMESPACES\tSCOPE\tCOMMAND")
	for _, s := range list {
		pid, age := string(s.State), "-"
		switch {
		case s.Status != nil:
			pid = fmt.Sprintf("ended %d", *s.Status)
		case s.PID > 0 && s.State == records.Running:
			pid = fmt.Sprint(s.PID)
		}
		if !s.Started.IsZero() {
			age = ageWords(time.Since(s.Started))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", quote.Word(s.Name), quote.Line(pid), age, named(cli.ShortPath(s.Profile)),
			cmp.Or(quote.Line(s.kinds), "-"), named(s.Unit), shortCommand(s.Command))
	}
	w.Flush()
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

// shortCommand is the beginning of a command.
func shortCommand(argv []string) string {
	const most = 60
	text := []rune(quote.Words(argv, " "))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
