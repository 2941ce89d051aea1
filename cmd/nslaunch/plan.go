package main

import (
	"os"

	"github.com/nslaunch/nslaunch/launcher"
)

func cmdPlan(args []string) int {
	fs := newFlags("plan")
	var r request
	requestFlags(fs, &r)
	asJSON := fs.Bool("json", false, "print the steps as JSON")
	syscalls := fs.Bool("syscalls", false, "print the system calls of the children")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if *asJSON && *syscalls {
		return misused("plan", exitUsage, "--json and --syscalls exclude each other")
	}
	if err := r.complete(fs, args); err != nil {
		return misused("plan", exitUsage, "%s", err)
	}
	plan, err := r.plan()
	if err != nil {
		complain(err)
		return exitProblem
	}
	plan.NoteTyping()
	return printPlan(plan, *asJSON, *syscalls)
}

// printPlan prints a plan for programs, or for people, who get it drawn on a terminal.
func printPlan(plan *launcher.Plan, asJSON, syscalls bool) (status int) {
	switch {
	case asJSON:
		return printJSON(plan)
	case syscalls:
		status = put(plan.Syscalls())
	case isTerminal(os.Stdout) || bool(paint()):
		status = put(drawPlan(plan, paint()))
	default:
		status = put(plan.String())
	}
	remark(plan.Notes)
	return status
}
