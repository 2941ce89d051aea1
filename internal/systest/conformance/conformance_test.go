// Package conformance compares the system calls that nslaunch makes with its plan, by strace.
package conformance

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// conformance checks the processes of a run against a plan.
type conformance struct {
	trace  trace
	plan   []planned
	raw    bool
	fails  bool         // the set-up is to fail
	starts bool         // clocks start at a value: their offsets depend on when that is asked
	seen   map[int]bool // processes of the plan
}

// checkConformance checks every process that the plan's program makes: from
// its first call to its execve or, of init, to its wait, it makes the calls
// that the plan has, in the plan's order, and no other.
func checkConformance(run conformanceRun, raw bool) error {
	const vfork = 0x4000
	tr := run.trace
	plan, err := parsePlan(run.plan)
	if err != nil {
		return err
	}
	c := &conformance{trace: tr, plan: plan, raw: raw, fails: run.status != 0, starts: strings.Contains(run.steps, "starts at "), seen: map[int]bool{}}
	start, err := tr.start()
	if err != nil {
		return err
	}
	if err := (matcher{}).call(plan[0].call, start); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	r, err := start.returned()
	if err != nil {
		return err
	}
	c.trace.calls = maps.Clone(tr.calls)
	c.trace.calls[r.pid] = tr.ofProgram(r.pid, at(plan[0].call.args, 1).number&vfork != 0)
	return c.process(r.pid, 1, registers{})
}

// process checks the process that begins with a line of the plan.
func (c *conformance) process(pid, from int, regs registers) error {
	if c.seen[pid] || c.trace.calls[pid] == nil {
		return fmt.Errorf("process %d: seen twice, or not traced", pid)
	}
	c.seen[pid] = true
	calls := c.trace.calls[pid]
	for at := from; at < len(c.plan); at++ {
		p := c.plan[at]
		switch {
		case p.note:
			if c.fails && len(calls) > 0 && strings.HasPrefix(calls[0], "sendto(") {
				return nothingElse(pid, calls, "sendto(", "exit_group(")
			}
			continue
		case p.skip > 0:
			if refused := regs[p.test] < 0; refused != p.unlessFailed {
				at += p.skip
			}
			continue
		case len(calls) == 0 && c.fails && p.actor == "init":
			return nil // the launcher has killed it
		case len(calls) == 0:
			return fmt.Errorf("process %d, step %s: it ended before %s", pid, p.step, p.call.text)
		}
		got, err := parseCall(calls[0])
		if err == nil {
			err = matcher{regs, c.raw, c.starts}.call(p.call, got)
		}
		var r returned
		if err == nil {
			r, err = c.result(p, got, regs)
		}
		calls = calls[1:]
		if p.again && r.errno == "EAGAIN" {
			at-- // somebody renames or mounts something on this machine
			continue
		}
		if c.fails && errors.Is(err, errFailed) {
			return nothingElse(pid, calls, "sendto(", "exit_group(")
		}
		if err != nil {
			return fmt.Errorf("process %d, step %s: %w", pid, p.step, err)
		}
		switch {
		case p.child != "":
			start, err := first(c.plan, p.child)
			if err == nil {
				err = c.process(r.pid, start, maps.Clone(regs))
			}
			if err != nil {
				return err
			}
		case p.call.name == "execve" && r.errno == "":
			return c.untaken(at + 1)
		case p.call.name == "exit_group":
			return nothingElse(pid, calls)
		case p.call.name == "waitid":
			return nothingElse(pid, calls, "waitid(", "sendto(", "exit_group(")
		}
	}
	if !c.fails {
		return fmt.Errorf("process %d: it comes to the plan's end without an execve", pid)
	}
	return nothingElse(pid, calls, "sendto(", "exit_group(")
}

// errFailed is a call that gave what ends the set-up.
var errFailed = errors.New("it failed")

// result checks what a call gave, and keeps it where the plan does.
func (c *conformance) result(p planned, got traced, regs registers) (returned, error) {
	r, err := got.returned()
	switch {
	case err != nil:
		return r, err
	case r.errno != "" && !slices.Contains(p.passed, r.errno), r.errno == "" && p.mustFail:
		return r, fmt.Errorf("%w: %s", errFailed, got.text)
	}
	if p.register != "" {
		regs[p.register] = r.value
	}
	if got.name == "recvmsg" {
		regs[p.register], err = lent(got)
	}
	return r, err
}

// untaken checks what is left of the plan where the command runs: what would
// have been tried else.
func (c *conformance) untaken(from int) error {
	for _, p := range c.plan[from:] {
		if !p.note && p.call.name != "execve" && p.call.name != "faccessat" || p.step != c.plan[from-1].step {
			return fmt.Errorf("step %s: the command runs and this was left out: %s", p.step, p.call.text)
		}
	}
	return nil
}

// nothingElse checks that what is left of a process' calls is of these kinds.
func nothingElse(pid int, calls []string, allowed ...string) error {
	for _, line := range calls {
		if !slices.ContainsFunc(allowed, func(s string) bool { return strings.HasPrefix(line, s) }) {
			return fmt.Errorf("process %d: a call that is in no plan: %s", pid, line)
		}
	}
	return nil
}

// What `plan --syscalls` prints is what is run.
func TestConformance(t *testing.T) {
	actions := newActions()
	for _, c := range append(exampleCases(t), ownCases()...) {
		if c.placed {
			continue // see TestConformanceInUnit
		}
		t.Run(c.name, func(t *testing.T) {
			compared := 0
			nstest.EachUser(t, func(t *testing.T, u nstest.User) {
				if c.rootOnly && !u.IsRoot() {
					return
				}
				for _, raw := range []bool{false, true} {
					if raw && (c.example || !u.IsRoot()) {
						continue // enough is enough
					}
					run, ok := c.run(t, u, raw)
					if !ok {
						continue
					}
					compared++
					actions.see(t, run.steps)
					if err := checkConformance(run, raw); err != nil {
						t.Errorf("raw %v: %v", raw, err)
					}
					if raw {
						continue
					}
					if err := checkLauncher(run); err != nil {
						t.Errorf("launcher: %v", err)
					}
				}
			})
			if compared == 0 {
				t.Error("there is no plan, for no user")
			}
		})
	}
	actions.check(t)
}
