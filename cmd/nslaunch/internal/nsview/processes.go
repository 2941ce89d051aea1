package nsview

import (
	"fmt"

	"github.com/nslaunch/nslaunch/internal/nslist"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// Processes writes the processes of a namespace, each below the one that started it.
func Processes(n *nslist.Namespace, l Layout) string {
	var lines [][]string
	if !l.NoHeadings {
		lines = append(lines, []string{"PID", "PPID", "USER", "COMMAND"})
	}
	children := map[int][]*nslist.Process{}
	here := map[int]bool{}
	for _, p := range n.Processes {
		here[p.PID] = true
	}
	for _, p := range n.Processes {
		parent := p.PPID
		if !here[parent] || parent == p.PID {
			parent = 0
		}
		children[parent] = append(children[parent], p)
	}
	var add func(parent int, indent string)
	add = func(parent int, indent string) {
		for i, p := range children[parent] {
			branch, deeper := "├─", "│ "
			switch {
			case parent == 0 || l.Raw:
				branch, deeper = "", ""
			case i == len(children[parent])-1:
				branch, deeper = "└─", "  "
			}
			lines = append(lines, []string{fmt.Sprint(p.PID), fmt.Sprint(p.PPID), text(orNil(p.User, "")), indent + branch + quote.Line(p.Command)})
			add(p.PID, indent+deeper)
		}
	}
	add(0, "")
	if l.Raw {
		return raw(lines)
	}
	return aligned(lines, []bool{true, true, false, false}, l.Width)
}

// process is one in JSON.
type process struct {
	PID     int    `json:"pid"`
	PPID    int    `json:"ppid"`
	User    string `json:"user,omitempty"`
	Command string `json:"command,omitempty"`
}

// ProcessList is what JSON says of the processes of a namespace.
type ProcessList struct {
	Processes []process `json:"processes"`
}

// ProcessesJSON returns what is encoded as JSON.
func ProcessesJSON(n *nslist.Namespace) ProcessList {
	l := ProcessList{[]process{}}
	for _, p := range n.Processes {
		l.Processes = append(l.Processes, process{p.PID, p.PPID, p.User, p.Command})
	}
	return l
}
