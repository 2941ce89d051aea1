package cli

// Exit statuses of nslaunch itself. A command that runs another, or waits for it, exits with the status of that, unless nslaunch fails.
const (
	ExitOK      = 0
	ExitProblem = 1   // of a command that runs none: it found problems, or failed
	ExitUsage   = 2   // of a command that runs none: a bad command line
	ExitSetup   = 125 // of a command that runs one: a bad command line or profile, or a failed step
	ExitNoExec  = 126 // the command was found and cannot be executed
	ExitMissing = 127 // the command was not found
)

// Status is an exit status, or some, and what it means.
type Status struct{ Value, Meaning string }

// RelayedStatuses are those of a command that runs another, or waits for it.
func RelayedStatuses() []Status {
	return []Status{
		{"the command's own", "the command ran"},
		{"128+N", "signal N ended the command"},
		{"124", "the timeout ended the command"},
		{"125", "nslaunch failed: a bad command line or profile, or a step of the set-up"},
		{"126", "the command was found, but cannot be executed"},
		{"127", "the command was not found"},
	}
}

// OtherStatuses are those of all other commands.
func OtherStatuses() []Status {
	return []Status{{"0", "success"}, {"1", "problems were found, or the command failed"}, {"2", "a bad command line"}}
}
