//go:build linux

package nslist

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/passwd"
)

// Process is a process in a namespace. One that has ended since it was found has its pid alone.
type Process struct {
	PID     int
	PPID    int    // of the process that started it; 0 if that is in another pid namespace
	UID     int    // who runs it, effectively; -1 if it has ended
	User    string // the user's name, or its number
	Command string // arguments apart by spaces, or "[name]" of one that has none; at most 4096 bytes
}

// longestCommand is how much of a command line is read: a process can have megabytes of it.
const longestCommand = 4096

// describe asks each process what it is.
func (c *census) describe(userName func(int) string) {
	names := map[int]string{}
	for _, p := range c.processes {
		p.ask(c.proc)
		if p.UID < 0 {
			continue
		}
		if _, known := names[p.UID]; !known {
			names[p.UID] = userName(p.UID)
		}
		p.User = names[p.UID]
	}
}

// ask reads a process's status and command line.
func (p *Process) ask(proc fs.FS) {
	status, err := fs.ReadFile(proc, fmt.Sprintf("%d/status", p.PID))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); name {
		case "Name":
			p.Command = "[" + value + "]"
		case "PPid":
			p.PPID, _ = strconv.Atoi(value)
		case "Uid": // real, effective, saved, of the file system
			if f := strings.Fields(value); len(f) > 1 {
				if uid, err := strconv.Atoi(f[1]); err == nil {
					p.UID = uid
				}
			}
		}
	}
	// A kernel thread has no command line and keeps its name.
	if line := commandLine(proc, p.PID); line != "" {
		p.Command = line
	}
}

func commandLine(proc fs.FS, pid int) string {
	file, err := proc.Open(fmt.Sprintf("%d/cmdline", pid))
	if err != nil {
		return ""
	}
	defer file.Close()
	line, err := io.ReadAll(io.LimitReader(file, longestCommand))
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(strings.TrimRight(string(line), "\x00"), "\x00", " ")
}

func userName(uid int) string {
	return cmp.Or(passwd.ByID(uid).Name, strconv.Itoa(uid))
}
