package plan

import (
	"os"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
)

// NoteTyping adds a note to the plan if its command could type into the caller's terminal, by TIOCSTI of ioctl_tty(2). It asks
// the machine what no launch needs to know, so only commands that print a plan call it.
func (p *Plan) NoteTyping() {
	if p.Source.Process.Terminal != config.TerminalInherit || host.StreamTerminals() == [3]bool{} {
		return
	}
	why := "it has CAP_SYS_ADMIN in the initial user namespace"
	if !p.keepsSysAdmin() {
		// Before Linux 6.2 there is no such setting, and all may.
		setting, err := os.ReadFile("/proc/sys/dev/tty/legacy_tiocsti")
		if !p.Host.Terminal.Controlling || err == nil && strings.TrimSpace(string(setting)) == "0" {
			return
		}
		why = "it shares that terminal, and the kernel allows it (dev.tty.legacy_tiocsti)"
	}
	p.Notes = append(p.Notes, Note{Origin: p.Source.Origin("process.terminal"),
		Text: "the command can type into the caller's terminal, and so into the shell that reads from it next: " + why +
			" (" + p.Source.Worded(Set("process.terminal", config.TerminalPTY)) + " gives it its own)"})
}

// keepsSysAdmin reports whether the command has CAP_SYS_ADMIN in the initial user namespace.
func (p *Plan) keepsSysAdmin() bool {
	user, pr := p.Source.Namespaces[config.User], p.Source.Process
	if user.Mode != config.NamespaceHost || !p.Host.InitialUser() || !p.Host.Has(host.CapSysAdmin) {
		return false
	}
	if pr.Capabilities.Mode == config.CapabilitiesKeep {
		return pr.UID == nil || *pr.UID == 0
	}
	return slices.Contains(pr.Capabilities.List, "SYS_ADMIN")
}
