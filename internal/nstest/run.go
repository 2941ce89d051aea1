package nstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest/report"
)

// limit bounds how long a command may take. It is no assertion: it is there
// to turn a hang into a failure that tells what hung.
const limit = 5 * time.Minute

// Result is how a command ended and what it wrote.
type Result struct {
	Stdout, Stderr string
	Status         int            // exit status, or 128+n as shells have it
	Signal         syscall.Signal // what killed it, or 0: tells 128+n apart
}

// Run runs a command to its end and fails the test if it can't be started,
// hangs, or leaves its output open in processes that outlive it. Any status is
// a result. A nil Stdin is empty; Stdout and Stderr are captured if nil.
func Run(t testing.TB, cmd *exec.Cmd) Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	cmd.WaitDelay = limit / 6
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return finish(t, cmd, func() (string, string) { return stdout.String(), stderr.String() })
}

// finish waits for a command that runs. output gives what it wrote; it is
// called when the command has ended.
func finish(t testing.TB, cmd *exec.Cmd, output func() (stdout, stderr string)) Result {
	t.Helper()
	hung := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	var result Result
	result.Stdout, result.Stderr = output()
	if !hung.Stop() {
		t.Fatalf("%q hung and was killed\nstdout: %s\nstderr: %s", cmd.Args, result.Stdout, result.Stderr)
	}
	// Canceled: the test is over, and what was to be killed for that ended just before, as it was to.
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
		t.Fatalf("%q: %v\nstdout: %s\nstderr: %s", cmd.Args, err, result.Stdout, result.Stderr)
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	result.Status = status.ExitStatus()
	if status.Signaled() {
		result.Signal = status.Signal()
		result.Status = 128 + int(result.Signal)
	}
	return result
}

// MustRun is Run for a command that must succeed. It returns its stdout.
func MustRun(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	result := Run(t, cmd)
	if result.Status != 0 {
		t.Fatalf("%q: status %d\nstdout: %s\nstderr: %s", cmd.Args, result.Status, result.Stdout, result.Stderr)
	}
	return result.Stdout
}

// ParseReport decodes what the probe printed.
func ParseReport(t testing.TB, stdout string) report.Report {
	t.Helper()
	var r report.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("not a report of the probe: %v\n%s", err, stdout)
	}
	return r
}
