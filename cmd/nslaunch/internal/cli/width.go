package cli

import "os"

// Width returns how many columns the terminal of standard output has; 0 if standard output is not a terminal.
func (c *Call) Width() int { return columnsOf(os.Stdout) }
