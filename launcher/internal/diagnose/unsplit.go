package diagnose

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
)

// unsplit is about a command that only a shell would run as it was written: all of it in one string, or with "~" or "$HOME" in it.
func (f *Failure) unsplit(argv []string) (plan.Advice, bool) {
	name := argv[0]
	inProfile := f.Plan.Source.File != "" && len(f.Plan.Source.Command.Argv) > 0 && f.Plan.Source.Command.Argv[0] == name
	for _, v := range []struct{ shell, ours string }{{"~", "${home}"}, {"$HOME", "${home}"}, {"$PWD", "${cwd}"}} {
		if rest, ok := strings.CutPrefix(name, v.shell+"/"); ok {
			cure := plan.Try("give the path in full")
			if inProfile {
				cure = plan.Try("write " + quote.Line(strconv.Quote(v.ours+"/"+rest)) + " in the profile")
			}
			return plan.Advice{Cause: fmt.Sprintf("%q starts with %s, which only a shell replaces", name, v.shell), Cure: cure}, true
		}
	}
	first, _, several := strings.Cut(name, " ")
	if !several || first == "" || strings.HasPrefix(first, "-") {
		return plan.Advice{}, false
	}
	if _, err := os.Stat(f.machine.root + first); strings.Contains(first, "/") && err != nil {
		return plan.Advice{}, false // a path with a blank in it
	}
	argv = slices.Concat(config.CommandOf(name), argv[1:])
	cure := plan.Change("command", argv)
	if !inProfile {
		var all []string
		for _, arg := range argv {
			all = append(all, quote.Word(arg))
		}
		cure = plan.Try("give each argument by itself: " + strings.Join(all, " "))
	}
	return plan.Advice{Cause: fmt.Sprintf("%q is one string with a space, and no program has that name", name), Cure: cure}, true
}
