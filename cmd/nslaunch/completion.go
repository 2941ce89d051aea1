package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// The scripts ask nslaunch itself what fits, so they are the same for every version.
var (
	//go:embed completion/nslaunch.bash
	bashCompletion string
	//go:embed completion/nslaunch.zsh
	zshCompletion string
	//go:embed completion/nslaunch.fish
	fishCompletion string
)

func cmdCompletion(args []string) int {
	fs := newFlags("completion")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if fs.NArg() != 1 {
		return misused("completion", exitUsage, "want the name of one shell: bash, zsh or fish")
	}
	switch fs.Arg(0) {
	case "bash":
		return put(bashCompletion)
	case "zsh":
		return put(zshCompletion)
	case "fish":
		return put(fishCompletion)
	}
	return misused("completion", exitUsage, "unknown shell %q, want bash, zsh or fish", fs.Arg(0))
}

// completeWord is what the scripts call nslaunch with, and the words up to the cursor.
const completeWord = "__complete"

// cmdComplete prints what may stand in the place of the last word, one a line, perhaps with what it is
// after a tab. ":files" stands for the names of files, which are the shell's own matter.
func cmdComplete(words []string) int {
	if len(words) == 0 {
		words = []string{""}
	}
	var b strings.Builder
	for _, o := range complete(words[:len(words)-1], words[len(words)-1]) {
		if o.says == "" {
			fmt.Fprintln(&b, o.word)
		} else {
			fmt.Fprintf(&b, "%s\t%s\n", o.word, o.says)
		}
	}
	return put(b.String())
}
