package mountprop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Mount is one line of /proc/PID/mountinfo, see proc_pid_mountinfo(5). Mounts
// are comparable: equal ones are the same mount in the same state.
type Mount struct {
	ID            int    // unique among the mounts of now; reused after umount
	Parent        int    // the mount it is mounted on; its own ID for the topmost
	Major, Minor  int    // the device of files in it
	Root          string // which directory of the file system is mounted
	Target        string // the mount point, seen from the process's root
	Options       string // of the mount, such as "rw,nosuid"
	Shared        int    // its peer group, 0 if not shared
	Master        int    // the peer group it is a slave of, 0 if not a slave
	PropagateFrom int    // the nearest dominant peer group under the root, or 0
	Unbindable    bool
	FSType        string // with subtype, such as "fuse.sshfs"
	Source        string // empty where the file system was given an empty one
	SuperOptions  string // of the file system, left escaped as its commas are
}

// Propagation returns the kind that m really is. It is never none.
func (m Mount) Propagation() Propagation {
	switch {
	case m.Shared != 0 && m.Master != 0:
		return SlaveShared
	case m.Shared != 0:
		return Shared
	case m.Master != 0:
		return Slave
	case m.Unbindable:
		return Unbindable
	}
	return Private
}

// Self reads the mounts of this process's mount namespace that are reachable
// from its root directory.
func Self() ([]Mount, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return Read(file)
}

// Read parses the text of a mountinfo file. The mounts are in the file's order.
func Read(r io.Reader) ([]Mount, error) {
	var mounts []Mount
	// Not a bufio.Scanner: options have no limit that it could be given.
	reader := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := reader.ReadString('\n')
		if err != nil && err != io.EOF {
			return nil, err
		}
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			mount, parseErr := parseMount(line)
			if parseErr != nil {
				return nil, fmt.Errorf("mountinfo line %d: %w", number, parseErr)
			}
			mounts = append(mounts, mount)
		}
		if err == io.EOF {
			return mounts, nil
		}
	}
}

// parseMount parses
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw
//
// Fields are apart by exactly one space: a source may be empty.
func parseMount(line string) (Mount, error) {
	var m Mount
	fields := strings.Split(line, " ")
	if len(fields) < 6 {
		return m, fmt.Errorf("%d fields, want at least 10", len(fields))
	}
	major, minor, ok := strings.Cut(fields[2], ":")
	if !ok {
		return m, fmt.Errorf("device %q is not major:minor", fields[2])
	}
	numbers := []struct {
		to   *int
		text string
	}{{&m.ID, fields[0]}, {&m.Parent, fields[1]}, {&m.Major, major}, {&m.Minor, minor}}
	for _, n := range numbers {
		if err := parseNumber(n.to, n.text); err != nil {
			return m, err
		}
	}
	m.Root, m.Target, m.Options = unescape(fields[3]), unescape(fields[4]), fields[5]
	rest, err := m.parseTags(fields[6:])
	if err != nil {
		return m, err
	}
	if len(rest) != 3 {
		return m, fmt.Errorf("%d fields after the separator, want 3", len(rest))
	}
	m.FSType, m.Source, m.SuperOptions = unescape(rest[0]), unescape(rest[1]), rest[2]
	return m, nil
}

// parseTags takes the optional fields up to the separator "-" and returns what
// follows it. Tags of later kernels are passed over, as the format asks.
func (m *Mount) parseTags(fields []string) ([]string, error) {
	for i, field := range fields {
		if field == "-" {
			return fields[i+1:], nil
		}
		var to *int
		tag, group, _ := strings.Cut(field, ":")
		switch tag {
		case "shared":
			to = &m.Shared
		case "master":
			to = &m.Master
		case "propagate_from":
			to = &m.PropagateFrom
		case "unbindable":
			m.Unbindable = true
			continue
		default:
			continue
		}
		if err := parseNumber(to, group); err != nil {
			return nil, err
		}
	}
	return nil, errors.New(`no separator "-"`)
}

func parseNumber(to *int, text string) error {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return fmt.Errorf("%q is not a number", text)
	}
	*to = int(n)
	return nil
}

// unescape undoes the kernel's \040 for a space and its like. A backslash that
// three octal digits do not follow is itself.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
