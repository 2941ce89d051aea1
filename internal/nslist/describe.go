//go:build linux

package nslist

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// person is what we tell about a process: who runs it, and what it is.
type person struct {
	uid     int
	user    string
	command string
}

// describe fills in UID, User and Command. Most namespaces have the same
// lowest process, so each is asked for only once. A process that has ended
// since keeps its pid and has no more to tell.
func describe(found map[string]*Namespace, proc fs.FS, userName func(int) string) {
	people := map[int]person{}
	names := map[int]string{}
	for _, n := range found {
		if n.PID == 0 {
			continue
		}
		p, known := people[n.PID]
		if !known {
			p = ask(proc, n.PID)
			if name, named := names[p.uid]; named || p.uid < 0 {
				p.user = name
			} else {
				p.user = userName(p.uid)
				names[p.uid] = p.user
			}
			people[n.PID] = p
		}
		n.UID, n.User, n.Command = p.uid, p.user, p.command
	}
}

// ask reads a process's status and command line.
func ask(proc fs.FS, pid int) person {
	p := person{uid: -1}
	status, err := fs.ReadFile(proc, fmt.Sprintf("%d/status", pid))
	if err != nil {
		return p
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); name {
		case "Name":
			p.command = "[" + value + "]"
		case "Uid": // real, effective, saved, of the file system
			if f := strings.Fields(value); len(f) > 1 {
				if uid, err := strconv.Atoi(f[1]); err == nil {
					p.uid = uid
				}
			}
		}
	}
	// A kernel thread has no command line and keeps its name.
	line, err := fs.ReadFile(proc, fmt.Sprintf("%d/cmdline", pid))
	if words := strings.TrimRight(string(line), "\x00"); err == nil && words != "" {
		p.command = strings.ReplaceAll(words, "\x00", " ")
	}
	return p
}
