package main

// Exit statuses of nslaunch itself; that of what runs a command is else the command's.
const (
	exitOK      = 0
	exitProblem = 1   // of the others: problems found
	exitUsage   = 2   // of the others
	exitSetup   = 125 // of what runs a command: usage, profile or a step of the set-up
	exitNoExec  = 126 // the command was found and cannot be executed
	exitMissing = 127 // the command was not found
)

// commandStatusOf are the commands whose status is that of another, or of what kept it from running.
const commandStatusOf = "run, exec, shell and wait"

// status is an exit status, or some, and what it means.
type status struct{ value, meaning string }

// runStatuses are those of what runs a command, or waits for it.
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
