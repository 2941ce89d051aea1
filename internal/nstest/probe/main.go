// Probe runs inside of sandboxes, in place of their command, and prints what it
// observes there as one JSON object, a report.Report.
//
// It is a static binary that needs no files. Without /proc it reports what
// system calls alone tell. Other modes serve the tests:
//
//	probe -mounts               a report of the mounts alone, which takes less time
//	probe -escape               take / away, return to the mount namespace's root, print what is there
//	probe -watch                print "up", look into all other processes until the end of stdin, print what was seen
//	probe -nested ARG…          the same with ARG…, in user and mount namespaces of its own
//	probe -tryunshare           which namespaces can be made: {"user": "ok", "net": "EPERM", …}
//	probe -hold PROPAGATION     be a mount namespace: make / of this kind, print "ready", wait
//	                            for the end of stdin
//	probe -enter PID UID GID CMD ARG…   execute CMD in PID's mount namespace as UID, GID
//	probe -systemd DIR SHARED TARGET   boot systemd in namespaces, print "ready PID", wait for the end
//	                            of stdin; -boot is its second stage
//	probe -inside PID UID GID CMD ARG…   run CMD in all of PID's namespaces as UID, GID, and end as it
//	                            does; -become is its second stage
//	probe -ignore CMD ARG…      execute CMD with every signal ignored that a program of the C library
//	                            does not reach: its first two real-time signals
//	probe -queued N             print "up", then NUMBER:VALUE for each of the next N real-time signals,
//	                            which whoever executed it has blocked; see sigqueue(3)
//	probe -type TEXT         put TEXT into the input of terminals, as if it were typed, and print for
//	                         standard input and for /dev/tty what came of it: {"stdin": "EPERM", …}
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"

	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/mountprop"
)

// The death signal, which is reported, is the main thread's. It is locked while packages are initialised: between that
// and main, the runtime may move main to another thread.
var _ = lockMainThread()

func lockMainThread() struct{} {
	runtime.LockOSThread()
	return struct{}{}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return print(look())
	}
	switch mode, args := args[0], args[1:]; {
	case mode == "-mounts" && len(args) == 0:
		mounts, err := mountprop.Self()
		if err != nil {
			return err
		}
		return print(report.Report{Mounts: mounts})
	case mode == "-escape" && len(args) == 0:
		return escape()
	case mode == "-watch" && len(args) == 0:
		return watch()
	case mode == "-nested":
		return nested(args)
	case mode == "-tryunshare" && len(args) == 0:
		return print(tryUnshare())
	case mode == "-try" && len(args) == 1:
		return unshareAlone(args[0])
	case mode == "-hold" && len(args) == 1:
		return hold(args[0])
	case mode == "-type" && len(args) == 1:
		return print(typeText(args[0]))
	case mode == "-queued" && len(args) == 1:
		return queued(args[0])
	case mode == "-ignore" && len(args) > 0:
		return ignore(args)
	case mode == "-enter" && len(args) >= 4:
		return enter(args)
	case mode == "-systemd" && len(args) == 3:
		return systemd(args)
	case mode == "-boot" && len(args) == 5:
		return boot(args)
	case mode == "-inside" && len(args) >= 4:
		return inside(args)
	case mode == "-become" && len(args) >= 5:
		return becomeAndRun(args)
	}
	// A sandbox may append words to its command: they are reported.
	return print(look())
}

func print(value any) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
