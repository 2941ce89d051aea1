package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/state"
)

func cmdStop(args []string) int {
	fs := newFlags("stop")
	patience := fs.String("time", "", "how long the command has to end before it is killed, as 10s (`TIME`; default: the profile's process.stop_timeout)")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	limit := time.Duration(-1)
	if *patience != "" {
		var err error
		if limit, err = config.ParseDuration(*patience); err != nil {
			return misused("stop", exitUsage, "--time: %s", err)
		}
	}
	if fs.NArg() == 0 {
		return misused("stop", exitUsage, "no sandbox")
	}
	// All are asked before the first is waited for.
	status := exitOK
	ends := make(chan error)
	for _, name := range fs.Args() {
		go func() { ends <- stop(name, limit) }()
	}
	for range fs.Args() {
		if err := <-ends; err != nil {
			complain(err)
			status = exitProblem
		}
	}
	return status
}

func stop(name string, limit time.Duration) error {
	f, err := state.Find(name)
	if err != nil {
		return err
	}
	if limit < 0 {
		limit = f.StopTimeout
	}
	return f.Stop(limit)
}

func cmdWait(args []string) int {
	fs := newFlags("wait")
	if status, ok := parse(fs, args, exitSetup); !ok {
		return status
	}
	if fs.NArg() != 1 {
		return misused("wait", exitSetup, "want one sandbox")
	}
	f, err := state.Find(fs.Arg(0))
	if err == nil {
		var end state.End
		if end, err = f.Wait(); err == nil {
			if end.Killed {
				say().Errorf("the launcher of %q was killed, and its command with it", f.Name)
			}
			return end.Status
		}
	}
	complain(err)
	return exitSetup
}

func cmdLogs(args []string) int {
	fs := newFlags("logs")
	follow := fs.Bool("f", false, "go on until the sandbox has ended")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if fs.NArg() != 1 {
		return misused("logs", exitUsage, "want one sandbox")
	}
	if err := printLog(fs.Arg(0), *follow); err != nil {
		complain(err)
		return exitProblem
	}
	return exitOK
}

// printLog prints the output of a detached sandbox.
func printLog(name string, follow bool) error {
	f, err := state.Find(name)
	if err != nil {
		return err
	}
	if f.State == state.Elsewhere || f.State == state.Unproven {
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
		ended := f.State == state.Ended || !f.Launcher.Running()
		if _, err := io.Copy(os.Stdout, log); err != nil {
			return fmt.Errorf("the log to standard output: %w", underlying(err))
		}
		if !follow || ended {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}
