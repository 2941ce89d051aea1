package main

import (
	"flag"
	"os"
	"os/exec"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
	"github.com/nslaunch/nslaunch/docs"
)

func manCommand() cli.Command {
	return cli.Command{
		Name:    "man",
		Args:    []cli.Arg{{Words: []string{"1", "5"}, Optional: true}},
		Summary: "show the manual page of nslaunch (1) or of profiles (5)",
		Examples: []cli.Example{
			{Line: "nslaunch man", Says: "read about commands and flags"},
			{Line: "nslaunch man 5", Says: "read about every key of a profile"},
		},
		Flags: func(*flag.FlagSet) cli.Run { return man },
	}
}

func man(c *cli.Call) int {
	if len(c.Args) > 1 {
		return c.Misused("unexpected argument %q", c.Args[1])
	}
	switch c.Arg(0) {
	case "", "1":
		return showPage(c, edition().Program(commands), func() string { return manual.Text(commands) })
	case "5":
		return showPage(c, edition().Profile(), func() string { return docs.Profile + "\n" + docs.Extending })
	}
	return c.Misused("no manual page in section %q, want 1 or 5", c.Args[0])
}

// showPage shows a page of the manual. On a terminal man(1) formats it and pages it; without man(1) a pager shows plain text.
// Elsewhere it is the source of the page, which man -l - reads.
func showPage(c *cli.Call, source string, plain func() string) int {
	if !cli.IsTerminal(os.Stdout) {
		return c.Put(source)
	}
	if passTo(source, "man", "-l", "-") {
		return cli.ExitOK
	}
	text := plain()
	// The words of PAGER are executed as they are: no shell reads them.
	for _, pager := range [][]string{strings.Fields(os.Getenv("PAGER")), {"less"}, {"more"}} {
		if len(pager) > 0 && passTo(text, pager[0], pager[1:]...) {
			return cli.ExitOK
		}
	}
	return c.Put(text)
}

// passTo gives a text to a program, which reads keys from the terminal. It reports whether that showed it.
func passTo(text, program string, args ...string) bool {
	path, err := exec.LookPath(program)
	if err != nil {
		return false
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), os.Stdout, os.Stderr
	return cmd.Run() == nil
}

// edition is which manual this is.
func edition() manual.Edition { return manual.Edition{Version: version, Date: dated} }
