package main

import (
	"fmt"
	"os"
)

// put writes the result of a command to standard output, and is the one place that does. It returns the command's
// status: a result that cannot be written is a problem, such as a full disk.
func put(text string) int {
	if _, err := os.Stdout.WriteString(text); err != nil {
		complain(fmt.Errorf("standard output: %w", underlying(err)))
		return exitProblem
	}
	return exitOK
}

// underlying leaves the name of a file out of an error.
func underlying(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}
