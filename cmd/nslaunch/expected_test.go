package main

// The exit statuses that the manual promises, written once more: what a test expects does not come from the
// program that it tests.
const (
	wantOK      = 0
	wantProblem = 1   // of what runs no command: problems found, or a failure
	wantUsage   = 2   // of what runs no command
	wantSetup   = 125 // of what runs a command: usage, profile or a step of the set-up
	wantNoExec  = 126 // the command was found and cannot be executed
	wantMissing = 127 // the command was not found
)
