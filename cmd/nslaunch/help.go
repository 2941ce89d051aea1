package main

import (
	"flag"
	"fmt"
	"strings"
)

func helpText() string {
	var b strings.Builder
	b.WriteString("nslaunch runs commands in sandboxes that a TOML profile declares.\n\nusage:\n")
	b.WriteString("  nslaunch PROFILE [ARGV…]     PROFILE has a \"/\", ends in .toml, is preset:NAME, or - for standard input\n")
	width := 0
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %s\n", strings.TrimRight("nslaunch "+c.name+" "+c.usage, " "))
		width = max(width, len(c.name))
	}
	b.WriteString("\ncommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, c.name, c.summary)
	}
	fmt.Fprintf(&b, "\nexit status of %s:\n", commandStatusOf)
	for _, s := range runStatuses() {
		fmt.Fprintf(&b, "  %-28s %s\n", s.value, s.meaning)
	}
	var others []string
	for _, s := range otherStatuses() {
		others = append(others, s.value+" "+s.meaning)
	}
	fmt.Fprintf(&b, "of the others: %s\n\n", strings.Join(others, ", "))
	b.WriteString("nslaunch man 5 describes every key of a profile.\n")
	return b.String()
}

// cmdHelp prints help. A command's own comes from its flags, which only the
// command knows: it is asked for them.
func cmdHelp(args []string) int {
	fs := newFlags("help")
	asJSON := fs.Bool("json", false, "print the commands and their flags as JSON")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	args = fs.Args()
	if len(args) == 0 {
		if *asJSON {
			return printJSON(helpJSON(commands()))
		}
		return put(helpText())
	}
	c, ok := find(args[0])
	if !ok || len(args) > 1 {
		say().Errorf("no such command: %q (see nslaunch help)", strings.Join(args, " "))
		return exitUsage
	}
	if *asJSON {
		return printJSON(helpJSON([]command{c}))
	}
	return c.run([]string{"--help"})
}

// flagHelp is one flag of a command.
type flagHelp struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"` // what stands for it in texts; "" of a flag without one
	Usage string `json:"usage"`
}

// dashed is the flag as it is typed.
func (f flagHelp) dashed() string {
	if len(f.Name) == 1 {
		return "-" + f.Name
	}
	return "--" + f.Name
}

type commandJSON struct {
	Name    string     `json:"name"`
	Usage   string     `json:"usage"`
	Summary string     `json:"summary"`
	Flags   []flagHelp `json:"flags"`
}

func helpJSON(all []command) []commandJSON {
	var list []commandJSON
	for _, c := range all {
		list = append(list, commandJSON{c.name, c.usage, c.summary, flagsHelp(c.flags())})
	}
	return list
}

func flagsHelp(fs *flag.FlagSet) []flagHelp {
	all := []flagHelp{}
	if fs != nil {
		fs.VisitAll(func(f *flag.Flag) {
			value, usage := flag.UnquoteUsage(f)
			all = append(all, flagHelp{f.Name, value, usage})
		})
	}
	return all
}

// commandHelp is the help of one command.
func commandHelp(c command, fs *flag.FlagSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n%s\n", strings.TrimRight("nslaunch "+c.name+" "+c.usage, " "), c.summary)
	b.WriteString("\nflags:\n")
	for _, f := range flagsHelp(fs) {
		fmt.Fprintf(&b, "  %-28s %s\n", strings.TrimRight(f.dashed()+" "+f.Value, " "), f.Usage)
	}
	return b.String()
}
