package main

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
)

// version is the version of the next release.
const version = "0.1.0"

// dated is when the manual pages were last changed.
const dated = "2026-11-28"

func versionCommand() cli.Command {
	return cli.Command{
		Name:    "version",
		Options: "[--json]",
		Summary: "print the version",
		Flags: func(fs *flag.FlagSet) cli.Run {
			asJSON := fs.Bool("json", false, "print it as JSON")
			return func(c *cli.Call) int { return printVersion(c, *asJSON) }
		},
	}
}

func printVersion(c *cli.Call, asJSON bool) int {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	if asJSON {
		return c.PutJSON(struct {
			Version string `json:"version"`
			Commit  string `json:"commit,omitempty"`
			Go      string `json:"go"`
			Arch    string `json:"arch"`
		}{version, commit, runtime.Version(), runtime.GOARCH})
	}
	if commit != "" {
		commit = " (" + commit[:12] + ")"
	}
	return c.Put(fmt.Sprintf("nslaunch %s%s, %s, %s\n", version, commit, runtime.Version(), runtime.GOARCH))
}
