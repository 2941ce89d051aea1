package compile

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// service notes what [service] asks for and is not available.
func (c *compiler) service() {
	s, given := c.p.Service, c.h.Service
	if s.Notify == config.NotifyCommand || s.Notify == config.NotifyExec {
		switch first, _, _ := strings.Cut(given.Notify, ":"); {
		case given.Notify == "":
			c.notef(host.NotifyKey, "NOTIFY_SOCKET is not set, so no service manager is notified")
		case first == "vsock" || strings.HasPrefix(first, "vsock-"):
			c.errorf(host.NotifyKey, "NOTIFY_SOCKET is %q, and a manager outside this machine is not supported", given.Notify)
		case len(given.Notify) < 2 || given.Notify[0] != '/' && given.Notify[0] != '@':
			c.errorf(host.NotifyKey, "NOTIFY_SOCKET is %q, which is neither an absolute path nor \"@\" and a name", given.Notify)
		}
	}
	if other := host.MountedOn(c.p, c.h.NotifyPath()); other != "" && c.h.Relays(c.p) {
		c.errorf(host.NotifyKey, "the command's socket must be at %s, and %s mounts something there", c.h.NotifyPath(), other)
	}
	if s.ListenFDs && given.Sockets == 0 {
		c.notef(host.ListenKey, "LISTEN_PID and LISTEN_FDS do not pass any socket to this process, so the command gets none")
	}
	for _, fd := range c.h.Sockets() {
		if s.ListenFDs && !c.h.OpenFDs[fd] {
			c.errorf(host.ListenKey, "LISTEN_FDS is %d, and descriptor %d is not open", given.Sockets, fd)
			break
		}
	}
	if s.Credentials && given.Credentials == "" {
		c.notef(host.CredentialsKey, "CREDENTIALS_DIRECTORY is not set, so the command gets no credentials")
	}
	if s.Credentials && given.Credentials != "" && !path.IsAbs(given.Credentials) {
		c.errorf(host.CredentialsKey, "CREDENTIALS_DIRECTORY is %q, which is not absolute", given.Credentials)
	}
}

// keepFDs are the descriptors that the command gets beside the standard three.
func (c *compiler) keepFDs() []int { return c.h.KeepFDs(c.p) }

// lendSocket: the launcher reads what the command says, and so makes the socket; the stage
// binds it, so that its file is in no tree of the host's.
func (c *compiler) lendSocket() {
	if c.h.Relays(c.p) {
		c.add(plan.ByLauncher, host.NotifyKey, step.LendSocket{})
	}
}

func (c *compiler) receiveSocket() {
	if c.h.Relays(c.p) {
		c.add(plan.ByStage, host.NotifyKey, step.ReceiveSocket{})
	}
}

// socketEntry puts the socket where the command looks for it.
func (c *compiler) socketEntry(m config.MountEntry) {
	a := tree.Attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC}
	c.add(c.stage, m.Key, step.PlaceSocket{At: c.point(m.Key, m.Target, false), Attributes: a, Propagation: c.newPropagation(mountprop.Private)})
}

// notifications begin once the command's program runs.
func (c *compiler) notifications() {
	given := c.h.Service
	switch {
	case c.h.Relays(c.p):
		c.add(plan.ByLauncher, host.NotifyKey, step.RelayNotifications{Address: given.Notify})
	case c.p.Service.Notify == config.NotifyExec && given.Notify != "":
		every := time.Duration(min(given.Watchdog, uint64(maxWatchdog/time.Microsecond))) * time.Microsecond / 2
		c.add(plan.ByLauncher, host.NotifyKey, step.NotifyExec{Address: given.Notify, Every: every})
	}
}

// maxWatchdog is more than any that makes sense, and keeps sums from running over.
const maxWatchdog = 1000 * time.Hour

// sockets describes the passed sockets to the command.
func (c *compiler) sockets() {
	if c.p.Service.ListenFDs && c.h.Service.Sockets > 0 {
		_, set := c.p.Env.Set["LISTEN_PID"]
		c.add(plan.ByCommand, host.ListenKey, step.PassSockets{Sockets: c.h.Sockets(), Names: c.h.Service.SocketNames,
			PID: !set && !slices.Contains(c.p.Env.Unset, "LISTEN_PID")})
	}
}

// serviceVariables adds the variables by which a manager speaks to the
// command. WATCHDOG_PID is not among them: without it, a process that reads
// WATCHDOG_USEC takes it as meant for itself. LISTEN_PID is known when the command is.
func (c *compiler) serviceVariables(values map[string]string) {
	s, given := c.p.Service, c.h.Service
	if c.h.Relays(c.p) {
		values["NOTIFY_SOCKET"] = c.h.NotifyPath()
		if given.Watchdog > 0 {
			values["WATCHDOG_USEC"] = fmt.Sprint(given.Watchdog)
		}
	}
	if s.ListenFDs && given.Sockets > 0 {
		values["LISTEN_FDS"] = fmt.Sprint(given.Sockets)
		values["LISTEN_PID"] = ""
		if given.SocketNames != "" {
			values["LISTEN_FDNAMES"] = given.SocketNames
		}
	}
	if s.Credentials && path.IsAbs(given.Credentials) {
		values["CREDENTIALS_DIRECTORY"] = path.Clean(given.Credentials)
	}
	if host.UsesService(s) && given.JournalStream != "" {
		values["JOURNAL_STREAM"] = given.JournalStream
	}
}
