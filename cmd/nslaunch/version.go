package main

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
)

// version is the version of this release, or of the next one.
const version = "0.2.0"

// dated is the date of the last change to the manual pages.
const dated = "2026-11-30"

// commit is the commit that the program was built from. "make build" sets it with -ldflags "-X main.commit=HASH"; a
// modified tree adds "-modified". It is empty in other builds, where the Go tool may know the commit.
var commit string

func versionCommand() cli.Command {
	return cli.Command{
		Name:    "version",
		Options: "[--json]",
		Summary: "print the version and the commit",
		Flags: func(fs *flag.FlagSet) cli.Run {
			asJSON := fs.Bool("json", false, "print JSON")
			return func(c *cli.Call) int { return printVersion(c, *asJSON) }
		},
	}
}

func printVersion(c *cli.Call, asJSON bool) int {
	info, _ := debug.ReadBuildInfo()
	from := builtFrom(commit, info)
	if asJSON {
		return c.PutJSON(struct {
			Version string `json:"version"`
			source
			Go   string `json:"go"`
			Arch string `json:"arch"`
		}{version, from, runtime.Version(), runtime.GOARCH})
	}
	return c.Put(fmt.Sprintf("nslaunch %s%s, %s, %s\n", version, from, runtime.Version(), runtime.GOARCH))
}

// A source is the commit that a program was built from.
type source struct {
	Commit   string `json:"commit,omitempty"`   // "" if it is not known
	Modified bool   `json:"modified,omitempty"` // the tree had changes that are not in the commit
}

// builtFrom returns the commit that was set at the build, or else what the Go tool recorded: in a clone the commit, and
// with "go install PACKAGE@COMMIT" the first twelve digits, at the end of the module's version.
func builtFrom(commit string, info *debug.BuildInfo) source {
	if commit != "" {
		hash, modified := strings.CutSuffix(commit, "-modified")
		return source{Commit: hash, Modified: modified}
	}
	if info == nil {
		return source{}
	}
	var s source
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			s.Commit = setting.Value
		case "vcs.modified":
			s.Modified = setting.Value == "true"
		}
	}
	if s.Commit == "" {
		// v0.0.0-20261130125000-65485e1c0ffe
		if parts := strings.Split(info.Main.Version, "-"); len(parts) >= 3 && len(parts[len(parts)-1]) == abbreviated {
			s.Commit = parts[len(parts)-1]
		}
	}
	return s
}

// abbreviated is the number of digits of a commit that people see.
const abbreviated = 12

// String returns " (COMMIT)" or " (COMMIT, modified)", or "" if the commit is not known.
func (s source) String() string {
	if s.Commit == "" {
		return ""
	}
	text := s.Commit[:min(len(s.Commit), abbreviated)]
	if s.Modified {
		text += ", modified"
	}
	return " (" + text + ")"
}
