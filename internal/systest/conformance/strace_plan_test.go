package conformance

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// planned is a line of `plan --syscalls`.
type planned struct {
	step, actor string
	call        traced
	register    string   // that holds the result, or ""
	passed      []string // errnos that are no failures
	mustFail    bool     // with one of them
	child       string   // the step at which a forked child goes on, or ""
	again       bool     // while it gives EAGAIN

	skip         int // lines passed over, if what test says
	test         string
	unlessFailed bool
	note         bool // a comment that stands for what is no call
}

var (
	planHead  = regexp.MustCompile(`^# (\d+) (\w+): `)
	planSkip  = regexp.MustCompile(`^if (r\d+) is (an|no) error, skip (\d+)$`)
	planChild = regexp.MustCompile(`# the child goes on at step (\d+)$`)
	planAgain = regexp.MustCompile(`# again while EAGAIN$`)
	planTail  = regexp.MustCompile(`^(?:= (r\d+))? ?(?:(or|fails with) ([A-Z0-9, ]+))?$`)
)

// parsePlan parses what `plan --syscalls` prints.
func parsePlan(text string) ([]planned, error) {
	var lines []planned
	var step, actor string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := planHead.FindStringSubmatch(line); m != nil {
			step, actor = m[1], m[2]
			continue
		}
		p, err := parsePlanned(line)
		if err != nil {
			return nil, err
		}
		p.step, p.actor = step, actor
		lines = append(lines, p)
	}
	return lines, nil
}

func parsePlanned(line string) (planned, error) {
	if strings.HasPrefix(line, "#") {
		return planned{note: true}, nil
	}
	if m := planSkip.FindStringSubmatch(line); m != nil {
		n, err := strconv.Atoi(m[3])
		return planned{test: m[1], unlessFailed: m[2] == "no", skip: n}, err
	}
	call, err := parseCall(line)
	if err != nil {
		return planned{}, err
	}
	p := planned{call: call}
	if m := planChild.FindStringSubmatch(call.result); m != nil {
		p.child = m[1]
	}
	p.again = planAgain.MatchString(call.result)
	tail, _, _ := strings.Cut(call.result, "#")
	m := planTail.FindStringSubmatch(strings.TrimSpace(tail))
	if m == nil {
		return planned{}, fmt.Errorf("what is %q in %s", tail, line)
	}
	p.register, p.mustFail = m[1], m[2] == "fails with"
	if planPID.MatchString(call.result) {
		p.register = pidWord
	}
	if m[3] != "" {
		p.passed = strings.Split(m[3], ", ")
	}
	return p, nil
}

// first is the index of a step's first line.
func first(lines []planned, step string) (int, error) {
	for i := range lines {
		if lines[i].step == step {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no step %s", step)
}
