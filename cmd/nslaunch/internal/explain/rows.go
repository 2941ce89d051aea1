// Package explain shows people what a sandbox may do, as text and as a picture. It reads a [launcher.Summary] and nothing else.
package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

// tone is what a line means, from which its colour comes.
type tone int

const (
	plain   tone = iota
	kept         // it can be changed for good
	thrown       // it can be changed, and the changes are lost
	hidden       // it cannot be seen
	warning      // it is not protected
)

// line is one thing that is said. Tag is said behind it.
type line struct {
	text, tag string
	tone      tone
}

// row is what is said of one subject.
type row struct {
	label string
	lines []line
}

// rowsOf says all of a summary. Long lists are shortened unless all.
func rowsOf(s *launcher.Summary, all bool) []row {
	f := files{s: s, all: all}
	rows := []row{
		{"can write", f.writable()},
		{"can read", f.readable()},
		{"cannot see", f.unseen()},
		{"network", []line{{text: network(s.Network)}}},
		{"runs as", user(s.User, s.Namespaces["user"] == launcher.NSJoined, all)},
		{"processes", processes(s.Processes)},
		{"environment", environment(s, all)},
		{"limits", []line{{text: limits(s)}}},
		{"not protected", gaps(s.Unprotected)},
		{"notes", notes(s)},
	}
	return rows
}

func network(n launcher.Network) string {
	switch {
	case n.Of == launcher.NSOfHost:
		return "the host's: it can reach what you can reach, and localhost"
	case n.Of == launcher.NSJoined:
		return "that of the network namespace that it joins"
	case len(n.Interfaces) > 0:
		return "its own, with " + quote.Words(n.Interfaces, ", ")
	case n.Loopback:
		return "none, only its own loopback"
	}
	return "none, not even loopback"
}

// user says who the command is. Of a user namespace that it joins, the ids on the host are not known.
func user(u launcher.User, joins, all bool) []line {
	who := fmt.Sprintf("uid %s, gid %s", id(u.UID), id(u.GID))
	switch {
	case u.UID != nil && u.HostUID != nil && *u.UID == *u.HostUID && same(u.GID, u.HostGID):
		who += ", the same on the host"
	case u.HostUID != nil:
		who += fmt.Sprintf(" inside; uid %s, gid %s on the host", id(u.HostUID), id(u.HostGID))
	case joins:
		who += " inside; on the host as the user namespace that it joins maps them"
	case u.UID != nil:
		who += " inside; nobody on the host"
	}
	if len(u.Groups) > 0 {
		who += "; other groups " + strings.Trim(strings.ReplaceAll(fmt.Sprint(u.Groups), " ", ", "), "[]")
	}
	switch {
	case u.KeepsGroups && joins:
		who += "; keeps your other groups"
	case u.KeepsGroups:
		who += "; keeps your other groups on the host"
	case len(u.Groups) == 0:
		who += "; no other groups"
	}
	can := capabilities(u, joins, all)
	if u.NoNewPrivs {
		can += "; cannot gain any (no_new_privs)"
	} else {
		can += "; can gain some from set-user-id programs"
	}
	return []line{{text: who}, {text: can}}
}

// mostCapabilities bounds their list.
const mostCapabilities = 8

func capabilities(u launcher.User, joins, all bool) string {
	names := u.Capabilities
	var text string
	switch {
	case len(names) == 0:
		return "no capabilities"
	case u.AllCapabilities:
		text = "all capabilities"
	case len(names) > mostCapabilities && !all:
		text = fmt.Sprintf("%d capabilities", len(names))
	default:
		text = "capabilities " + strings.Join(names, ", ")
	}
	switch u.Over {
	case launcher.OverMachine:
		return text + " over the whole machine"
	case launcher.OverCaller:
		return text + ", as you have"
	}
	if joins {
		return text + " in the user namespace that it joins"
	}
	return text + " in its user namespace, none on the host"
}

func id(v *int64) string {
	if v == nil {
		return "unknown"
	}
	return fmt.Sprint(*v)
}

func same(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

func processes(p launcher.Processes) []line {
	var text string
	switch p.Sees {
	case launcher.NSOwn:
		text = "sees only its own processes, none of the host's"
	case launcher.NSOfHost:
		text = "sees the host's processes"
	case launcher.NSJoined:
		text = "sees the processes of the pid namespace that it joins"
	default:
		text = "sees no processes: there is no /proc"
	}
	if p.Signals == launcher.NSOfHost && p.Sees != launcher.NSOfHost {
		text += "; can signal the host's"
	}
	switch p.IPC {
	case launcher.NSOwn:
		text += "; IPC of its own"
	case launcher.NSOfHost:
		text += "; the host's IPC"
	default:
		text += "; the IPC of the namespace that it joins"
	}
	if p.Hostname != "" {
		text += "; host name " + quote.Word(p.Hostname)
	}
	return []line{{text: text}}
}

// mostNames bounds a list of variables.
const mostNames = 12

// environment says which variables and descriptors the command has. It has nothing of a process that nslaunch did not start.
func environment(s *launcher.Summary, all bool) []line {
	e := s.Environment
	if e == nil {
		return nil
	}
	list := func(names []string) string {
		if most := mostNames; len(names) > most+1 && !all {
			return fmt.Sprintf("%s and %d more", quote.Words(names[:most], ", "), len(names)-most)
		}
		return quote.Words(names, ", ")
	}
	var lines []line
	switch {
	case s.PID > 0 && len(e.Set) > 0:
		lines = append(lines, line{text: "had at its start " + list(e.Set)})
	case len(e.Inherited) > 0:
		lines = append(lines, line{text: "inherits " + list(e.Inherited) + " from you"})
	case s.PID == 0:
		lines = append(lines, line{text: "inherits no variables from you"})
	}
	if s.PID == 0 && len(e.Set) > 0 {
		lines[0].text += "; sets " + list(e.Set)
	}
	if len(lines) == 0 {
		return []line{{text: "no variables"}}
	}
	return lines
}

// limits are those of a sandbox. Of one that runs, the timeout is not known.
func limits(s *launcher.Summary) string {
	l := s.Limits
	var parts []string
	for _, limit := range []struct{ name, text string }{
		{"time", l.Timeout}, {"memory", l.Memory}, {"swap", l.Swap}, {"processes and threads", l.Tasks}, {"CPU", l.CPU},
	} {
		if limit.text != "" {
			parts = append(parts, limit.name+" "+limit.text)
		}
	}
	for _, limit := range l.Rlimits {
		text := withUnit(limit.Name, limit.Soft)
		if limit.Hard != limit.Soft {
			text += " (at most " + withUnit(limit.Name, limit.Hard) + ")"
		}
		if limit.Name == "as" || limit.Name == "data" {
			text += " per process"
		}
		parts = append(parts, limit.Name+" "+text)
	}
	switch {
	case len(parts) == 0 && s.PID > 0:
		return "none in the kernel; its timeout is not known"
	case len(parts) == 0:
		return "none"
	}
	return quote.Line(strings.Join(parts, ", "))
}

// withUnit writes the value of a resource limit as a profile can: a size as "500M", a time as "10s".
func withUnit(name, value string) string {
	n, err := strconv.ParseUint(value, 10, 64)
	switch {
	case err != nil || n == 0:
		return value
	case name == "cpu":
		return value + "s"
	case name == "rttime":
		return value + "us"
	case !slices.Contains([]string{"as", "core", "data", "fsize", "memlock", "msgqueue", "rss", "stack"}, name):
		return value
	}
	unit := ""
	for _, larger := range []string{"K", "M", "G", "T"} {
		if n%1024 != 0 {
			break
		}
		n, unit = n/1024, larger
	}
	return strconv.FormatUint(n, 10) + unit
}

func gaps(list []launcher.Gap) []line {
	var lines []line
	for _, g := range list {
		lines = append(lines, line{text: quote.Line(g.Text), tone: warning})
	}
	return lines
}

func notes(s *launcher.Summary) []line {
	var lines []line
	for _, n := range s.Notes {
		text := quote.Line(n.Text)
		switch {
		case config.IsPreset(n.File) && n.File == s.Profile: // its lines are not the reader's to change
		case config.IsPreset(n.File):
			text = quote.Word(n.File) + ": " + text
		case n.Line > 0 && n.File != s.Profile:
			text = fmt.Sprintf("%s, line %d: %s", quote.Word(n.File), n.Line, text)
		case n.Line > 0:
			text = fmt.Sprintf("line %d: %s", n.Line, text)
		}
		lines = append(lines, line{text: text})
	}
	return lines
}
