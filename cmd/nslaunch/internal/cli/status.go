package cli

// Exit statuses of nslaunch itself. That of a command which relays one is else the other's.
const (
	ExitOK      = 0
	ExitProblem = 1   // of what relays none: problems found, or a failure
	ExitUsage   = 2   // of what relays none
	ExitSetup   = 125 // of what relays one: usage, profile or a step of the set-up
	ExitNoExec  = 126 // the command was found and cannot be executed
	ExitMissing = 127 // the command was not found
)

// Status is an exit status, or some, and what it means.
type Status struct{ Value, Meaning string }

// RelayedStatuses are those of a command that runs another, or waits for it.
func RelayedStatuses() []Status {
	return []Status{
		{"the command's own", "it ran"},
		{"128+n", "it died of signal n"},
		{"124", "its timeout ended it"},
		{"125", "nslaunch failed: usage, profile or any step of the set-up"},
		{"126, 127", "the command cannot be executed, was not found"},
	}
}

// OtherStatuses are those of all other commands.
func OtherStatuses() []Status {
	return []Status{{"0", "fine"}, {"1", "problems found"}, {"2", "usage"}}
}
