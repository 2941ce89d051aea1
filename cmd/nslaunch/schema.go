package main

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/docs"
)

func cmdSchema(args []string) int {
	fs := newFlags("schema")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if fs.NArg() > 0 {
		return misused("schema", exitUsage, "unexpected argument %q", fs.Arg(0))
	}
	return printJSON(config.Schema(docs.Describe()))
}
