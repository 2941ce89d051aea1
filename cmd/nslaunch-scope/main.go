// Command nslaunch-scope asks systemd for the scope of one sandbox. nslaunch starts it, and
// only for profiles that have a scope: the libraries of D-Bus cost time at the start of a program.
// It answers once and ends. If no pid namespace ends the sandbox, it stays until its input closes, and then ends the scope.
//
// It ends with status 0, with 1 if it could not end a scope that it was to end, and with 2 if
// it was not asked right.
//
// Its standard input has a placement.Request, its standard output gets a
// placement.Response, and descriptor 3 is a pidfd of the process to place.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/nslaunch/nslaunch/internal/placement"
	"github.com/nslaunch/nslaunch/units"
	"golang.org/x/sys/unix"
)

// pidfd is the descriptor of the process to place.
const pidfd = 3

func main() { os.Exit(run(os.Stdin, os.Stdout, os.Stderr)) }

func run(stdin io.Reader, stdout, stderr io.Writer) int {
	misuse := func(err error) int {
		fmt.Fprintln(stderr, "nslaunch-scope: error:", err)
		return 2
	}
	if len(os.Args) > 1 {
		return misuse(fmt.Errorf("nslaunch starts this program; it takes no arguments"))
	}
	// What ends the launcher, or a reader of its output that is gone, must not
	// end this process before it has ended what the launcher leaves.
	signal.Ignore(unix.SIGPIPE, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGTERM, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU)
	in := bufio.NewReader(stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return misuse(fmt.Errorf("no request on standard input: %w", err))
	}
	var request placement.Request
	if err := json.Unmarshal(line, &request); err != nil {
		return misuse(fmt.Errorf("bad request: %w", err))
	}
	if _, err := unix.FcntlInt(pidfd, unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
		return misuse(fmt.Errorf("descriptor %d, a pidfd of the process to place: %w", pidfd, err))
	}
	unit, response := units.Place(context.Background(), request, pidfd)
	answer, err := json.Marshal(response)
	if err != nil {
		return misuse(err)
	}
	if _, err = stdout.Write(append(answer, '\n')); unit == nil || !request.Watch {
		return 0
	}
	if err == nil {
		_, _ = io.Copy(io.Discard, in)
	} // else nobody is there any more
	if err := unit.End(); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}
