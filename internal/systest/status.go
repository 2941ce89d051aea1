package systest

// The exit statuses that the manual promises, written once more: what a test expects does not come from the
// program that it tests.
const (
	StatusOK      = 0
	StatusProblem = 1   // of what runs no command: problems found, or a failure
	StatusUsage   = 2   // of what runs no command
	StatusSetup   = 125 // of what runs a command: usage, profile or a step of the set-up
	StatusNoExec  = 126 // the command was found and cannot be executed
	StatusMissing = 127 // the command was not found
)
