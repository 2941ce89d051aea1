package main

import (
	"fmt"
	"os"
	"strings"
)

func helpText() string {
	var b strings.Builder
	b.WriteString("nslaunch runs commands in sandboxes that a TOML profile declares.\n\nusage:\n")
	b.WriteString("  nslaunch PROFILE [ARGV…]     PROFILE has a \"/\", ends in .toml, is preset:NAME, or - for standard input\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  nslaunch %s %s\n", c.name, c.usage)
	}
	b.WriteString("\ncommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-8s  %s\n", c.name, c.summary)
	}
	b.WriteString(`
exit status of run:
  the command's own            it ran
  128+n                        it died of signal n
  124                          its timeout ended it
  125                          nslaunch failed: usage, profile or any step of the set-up
  126, 127                     the command cannot be executed, was not found
of the others: 0 fine, 1 problems found, 2 usage

docs/profile.md describes every key of a profile.
`)
	return b.String()
}

// cmdHelp prints help. A command's own comes from its flags, which only the
// command knows: it is asked for them.
func cmdHelp(args []string) int {
	if len(args) == 0 {
		os.Stdout.WriteString(helpText())
		return exitOK
	}
	c, ok := find(args[0])
	if !ok || len(args) > 1 {
		return misused("help", exitUsage, "no such command: %q", strings.Join(args, " "))
	}
	if c.name == "help" {
		os.Stdout.WriteString(helpText())
		return exitOK
	}
	return c.run([]string{"--help"})
}
