package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	case "inject":
		if err := inject(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
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
	case "burn": // one processor, for so many ms; what of that it had, and what its control group says
		if err := burn(time.Duration(n) * time.Millisecond); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	fmt.Fprintf(os.Stderr, "agent: %q is nothing that it does\n", name)
}

// burnt is what "burn" prints.
type burnt struct {
	Share     float64 // of one processor
	Used      int64   // µs, by the process's own account
	Usage     int64   // µs, by that of its control group, which had others before
	Throttled int64   // how often the group was held up
	Max       string  // cpu.max
}

func burn(d time.Duration) error {
	start := time.Now()
	for time.Since(start) < d {
	}
	took := time.Since(start)
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	var b burnt
	b.Used = (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
	b.Share = float64(b.Used) / float64(took.Microseconds())
	group, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	dir := filepath.Join("/sys/fs/cgroup", strings.TrimSpace(strings.TrimPrefix(string(group), "0::")))
	stat, err := os.ReadFile(filepath.Join(dir, "cpu.stat"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(stat)) {
		var name string
		var n int64
		if _, err := fmt.Sscan(line, &name, &n); err != nil {
			return err
		}
		switch name {
		case "usage_usec":
			b.Usage = n
		case "nr_throttled":
			b.Throttled = n
		}
	}
	// The root of all groups has no such file.
	limit, _ := os.ReadFile(filepath.Join(dir, "cpu.max"))
	b.Max = strings.TrimSpace(string(limit))
	return json.NewEncoder(os.Stdout).Encode(b)
}
