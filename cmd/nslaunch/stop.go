package main

import (
	"flag"
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
		Summary: "end sandboxes",
		Flags: func(fs *flag.FlagSet) cli.Run {
			patience := fs.String("time", "", "how long the command has to end before it is killed, as 10s (`TIME`; default: the profile's process.stop_timeout)")
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

// stopAll stops the sandboxes that the caller names. All are asked before the first is waited for.
func stopAll(c *cli.Call, limit time.Duration) int {
	status := cli.ExitOK
	ends := make(chan error)
	for _, name := range c.Args {
		go func() { ends <- stop(name, limit) }()
	}
	for range c.Args {
		if err := <-ends; err != nil {
			status = c.Fail(err)
		}
	}
	return status
}

func stop(name string, limit time.Duration) error {
	f, err := records.Find(name)
	if err != nil {
		return err
	}
	if limit < 0 {
		limit = f.StopTimeout
	}
	return f.Stop(limit)
}
