package conformance

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// registers has what the registers of one process hold: results as the kernel
// gave them, negative for an error.
type registers map[string]int64

var registerName = regexp.MustCompile(`^r\d+$`)

var clockOffsets = regexp.MustCompile(`^(monotonic -?\d+ \d+\n)?(boottime -?\d+ \d+\n)?$`)

// matcher compares a call as planned with a call as traced.
type matcher struct {
	regs registers
	raw  bool // traced with raw operands: what is in memory is an address
	// starts: the offsets of clocks that start at a value depend on the time.
	starts bool
}

// call compares names and operands. What one side does not mention is 0.
func (m matcher) call(want, got traced) error {
	if want.name != got.name {
		return fmt.Errorf("%s; want %s", got.text, want.text)
	}
	if m.starts && want.name == "write" && clockOffsets.MatchString(at(want.args, 1).text) {
		if text := at(got.args, 1).text; m.raw || clockOffsets.MatchString(text) {
			return nil
		}
	}
	if n := len(got.args); n > 0 && (got.args[n-1].text == unfinished || got.result == unavailable) {
		// It was killed there: what strace knows from its return is missing.
		got.args = got.args[:n-1]
		want.args = want.args[:min(n-1, len(want.args))]
	}
	for i := range max(len(want.args), len(got.args)) {
		if err := m.operand(at(want.args, i), at(got.args, i)); err != nil {
			return fmt.Errorf("operand %d: %w: %s; want %s", i, err, got.text, want.text)
		}
	}
	return nil
}

// at is operand i, 0 where there is none.
func at(list []operand, i int) operand {
	if i < len(list) {
		return list[i]
	}
	return operand{kind: 'n'}
}

func (m matcher) operand(want, got operand) error {
	switch {
	case want.kind == 'w' && want.text == pidWord:
		return m.withPID(got)
	case want.kind == 'w' && !registerName.MatchString(want.text):
		return nil // an address, or what the kernel writes there
	case want.kind == 'w':
		held, bound := m.regs[want.text]
		if got.kind != 'n' || !bound || uint32(held) != uint32(got.number) {
			return fmt.Errorf("%s is %d, traced is %d", want.text, held, got.number)
		}
		return nil
	case want.kind == 'n':
		if got.kind != 'n' || !sameNumber(want.number, got.number) {
			return fmt.Errorf("%#x is not %#x", got.number, want.number)
		}
		return nil
	case m.raw:
		if got.kind != 'n' || got.number == 0 {
			return fmt.Errorf("not an address")
		}
		return nil
	case want.kind != got.kind:
		return fmt.Errorf("a %c instead of a %c", got.kind, want.kind)
	}
	switch want.kind {
	case 's':
		// The plan can't know which one the pseudoterminal will be.
		if want.text == "/dev/pts/N" && slavePath.MatchString(got.text) {
			return nil
		}
		if want.text != got.text {
			return fmt.Errorf("%q is not %q", got.text, want.text)
		}
	case 'l':
		if len(want.list) != len(got.list) || want.not != got.not {
			return fmt.Errorf("%d elements instead of %d", len(got.list), len(want.list))
		}
		for i := range want.list {
			if err := m.operand(want.list[i], got.list[i]); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
	case 'r':
		return m.record(want, got)
	}
	return nil
}

var slavePath = regexp.MustCompile(`^/dev/pts/\d+$`)

// record compares records by the names of their fields.
func (m matcher) record(want, got operand) error {
	fields := map[string]bool{}
	for _, name := range append(append([]string{}, want.names...), got.names...) {
		fields[name] = true
	}
	for name := range fields {
		w, g := field(want, name), field(got, name)
		if capabilitySets[name] && sameCapabilities(w, g) {
			continue
		}
		if err := m.operand(w, g); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func field(o operand, name string) operand {
	for i, n := range o.names {
		if n == name {
			return o.list[i]
		}
	}
	return operand{kind: 'n'}
}

var capabilitySets = map[string]bool{"effective": true, "permitted": true, "inheritable": true}

// sameCapabilities compares with a set as strace writes it: its lower half, if
// that is not empty, then its upper half, if that is not.
func sameCapabilities(want, got operand) bool {
	low, high := want.number&0xffffffff, want.number>>32
	halves := []uint64{}
	if low != 0 || high == 0 {
		halves = append(halves, low)
	}
	if high != 0 {
		halves = append(halves, high)
	}
	if len(halves) != len(got.parts) {
		return false
	}
	for i := range halves {
		if halves[i] != got.parts[i] {
			return false
		}
	}
	return true
}

// sameNumber compares what may be of 32 bits with a sign or without.
func sameNumber(a, b uint64) bool {
	return a == b || uint32(a) == uint32(b) && (int64(a) < 0 || int64(b) < 0)
}

// returned is what a traced call gave.
type returned struct {
	value int64
	errno string // "" for success
	pid   int    // of a clone: as the machine counts
	none  bool   // it did not return
}

var (
	resultError = regexp.MustCompile(`^= -1 (E[A-Z0-9]+) `)
	resultPID   = regexp.MustCompile(`^= (\w+) /\* (\d+) in strace's PID NS \*/$`)
	resultValue = regexp.MustCompile(`^= (-?\w+)`)
)

func (t traced) returned() (returned, error) {
	if m := resultError.FindStringSubmatch(t.result); m != nil {
		return returned{value: -1, errno: m[1]}, nil
	}
	if strings.HasPrefix(t.result, "= ?") {
		return returned{none: true}, nil
	}
	m, pid := resultPID.FindStringSubmatch(t.result), ""
	if m != nil {
		pid = m[2]
	} else if m = resultValue.FindStringSubmatch(t.result); m != nil {
		pid = m[1]
	} else {
		return returned{}, fmt.Errorf("no result: %s", t.text)
	}
	value, err := strconv.ParseInt(m[1], 0, 64)
	if err != nil {
		return returned{}, fmt.Errorf("%s: %w", t.text, err)
	}
	number, err := strconv.ParseInt(pid, 0, 64)
	return returned{value: value, pid: int(number)}, err
}
