package main

// Exit statuses of nslaunch itself; that of run is else the command's.
const (
	exitOK      = 0
	exitProblem = 1   // check, plan: problems found
	exitUsage   = 2   // all but run
	exitSetup   = 125 // run: usage, profile or a step of the set-up
	exitNoExec  = 126 // run: the command was found and cannot be executed
	exitMissing = 127 // run: the command was not found
)

// status is an exit status, or some, and what it means.
type status struct{ value, meaning string }

// runStatuses are those of what runs a command.
func runStatuses() []status {
	return []status{
		{"the command's own", "it ran"},
		{"128+n", "it died of signal n"},
		{"124", "its timeout ended it"},
		{"125", "nslaunch failed: usage, profile or any step of the set-up"},
		{"126, 127", "the command cannot be executed, was not found"},
	}
}

// otherStatuses are those of all other commands.
func otherStatuses() []status {
	return []status{{"0", "fine"}, {"1", "problems found"}, {"2", "usage"}}
}
