package main

import (
	"flag"
	"fmt"
	"time"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/records"
)

func stopCommand() cli.Command {
	return cli.Command{
		Name:    "stop",
		Options: "[--time TIME]",
		Args:    []cli.Arg{{Word: "NAME", Kind: cli.Sandbox, Many: true}},
		Summary: "stop running sandboxes",
		Examples: []cli.Example{
			{Line: "nslaunch stop dev web", Says: "stop two sandboxes"},
			{Line: "nslaunch stop -t 1s dev", Says: "kill it if it has not ended after a second"},
		},
		Flags: func(fs *flag.FlagSet) cli.Run {
			patience := fs.String("time", "", "kill the command if it has not ended after `TIME` (default: process.stop_timeout of the profile, 10s)")
			cli.Alias(fs, "t", "time", nil)
			return func(c *cli.Call) int {
				limit := time.Duration(-1)
				if *patience != "" {
					var err error
					if limit, err = config.ParseDuration(*patience); err != nil {
						return c.Misused("--time: %s", err)
					}
				}
				if len(c.Args) == 0 {
					return c.Misused("no sandbox")
				}
				return stopAll(c, limit)
			}
		},
	}
}

// stopAll stops the sandboxes that the caller names, all at once, and says what became of each, in their order.
func stopAll(c *cli.Call, limit time.Duration) int {
	status := cli.ExitOK
	ends := make([]chan end, len(c.Args))
	for i, name := range c.Args {
		ends[i] = make(chan end, 1)
		go func() {
			line, err := stop(name, limit)
			ends[i] <- end{line, err}
		}()
	}
	for i := range c.Args {
		if e := <-ends[i]; e.err != nil {
			status = c.Fail(e.err)
		} else if failed := c.Put(e.line + "\n"); failed != cli.ExitOK {
			status = failed
		}
	}
	return status
}

// end is what became of a sandbox that is stopped.
type end struct {
	line string
	err  error
}

// stop stops the sandbox of a name, and returns a line that says how it ended.
func stop(name string, limit time.Duration) (string, error) {
	f, err := records.Find(name)
	if err != nil {
		return "", err
	}
	if limit < 0 {
		limit = f.StopTimeout
	}
	began := time.Now()
	stopped, err := f.Stop(limit)
	if err != nil {
		return "", err
	}
	return stopLine(f.Name, stopped, time.Since(began)), nil
}

// stopLine says how a sandbox ended: "stopped dev after 0.1s (status 143)".
func stopLine(name string, s records.Stopped, took time.Duration) string {
	status := ""
	if s.Status != nil {
		status = fmt.Sprintf(" (status %d)", *s.Status)
	}
	how := "stopped"
	switch {
	case s.Ended:
		return name + " had ended" + status
	case s.Killed:
		how = "killed"
	}
	return fmt.Sprintf("%s %s after %.1fs%s", how, name, took.Seconds(), status)
}
