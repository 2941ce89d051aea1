package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the version of the next release.
const version = "0.1.0"

// dated is when the manual pages were last changed.
const dated = "2026-11-28"

func cmdVersion(args []string) int {
	fs := newFlags("version")
	asJSON := fs.Bool("json", false, "print it as JSON")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if fs.NArg() > 0 {
		return misused("version", exitUsage, "unexpected argument %q", fs.Arg(0))
	}
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	if *asJSON {
		return printJSON(struct {
			Version string `json:"version"`
			Commit  string `json:"commit,omitempty"`
			Go      string `json:"go"`
			Arch    string `json:"arch"`
		}{version, commit, runtime.Version(), runtime.GOARCH})
	}
	if commit != "" {
		commit = " (" + commit[:12] + ")"
	}
	return put(fmt.Sprintf("nslaunch %s%s, %s, %s\n", version, commit, runtime.Version(), runtime.GOARCH))
}
