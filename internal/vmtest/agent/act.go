package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// act is what the agent does as the command of a sandbox, where a shell could not say so exactly. It says what came of it.
func act(name string, args []string) {
	n := 0
	if len(args) > 0 {
		n, _ = strconv.Atoi(args[0])
	}
	switch name {
	case "eat": // so many MiB of memory, all of it written to
		eaten := make([][]byte, n)
		for i := range eaten {
			eaten[i] = make([]byte, 1<<20)
			for j := 0; j < len(eaten[i]); j += 4096 {
				eaten[i][j] = 1
			}
		}
		fmt.Println("ate", len(eaten))
		os.Exit(0)
	case "burn": // one processor, for so many ms; of how many hundredths of that it had one
		start := time.Now()
		for time.Since(start) < time.Duration(n)*time.Millisecond {
		}
		var usage unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		used := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		fmt.Println(int(100 * used / time.Since(start)))
		os.Exit(0)
	}
	fmt.Fprintf(os.Stderr, "agent: %q is nothing that it does\n", name)
}
