package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/internal/records"
)

func logsCommand() cli.Command {
	return cli.Command{
		Name:    "logs",
		Options: "[-f]",
		Args:    []cli.Arg{{Word: "NAME", Kind: cli.PastSandbox}},
		Summary: "print the output of a detached sandbox",
		Flags: func(fs *flag.FlagSet) cli.Run {
			follow := fs.Bool("f", false, "go on until the sandbox has ended")
			return func(c *cli.Call) int {
				if len(c.Args) != 1 {
					return c.Misused("want one sandbox")
				}
				if err := printLog(c.Args[0], *follow); err != nil {
					return c.Fail(err)
				}
				return cli.ExitOK
			}
		},
	}
}

// printLog prints the output of a detached sandbox.
func printLog(name string, follow bool) error {
	f, err := records.Find(name)
	if err != nil {
		return err
	}
	if f.State == records.Elsewhere || f.State == records.Unproven {
		return fmt.Errorf("the output of %q cannot be found: %s", name, f.Why)
	}
	if f.Log == "" {
		return fmt.Errorf("%q writes to where it was started from: only what is started with --detach has a log", name)
	}
	log, err := f.OpenLog()
	if err != nil {
		return err
	}
	defer log.Close()
	for {
		// Asked before the rest is read, so that nothing is missed.
		ended := f.State == records.Ended || !f.Launcher.Running()
		if _, err := io.Copy(os.Stdout, log); err != nil {
			return fmt.Errorf("the log to standard output: %w", cli.Underlying(err))
		}
		if !follow || ended {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}
