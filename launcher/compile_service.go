package launcher

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// Keys of [service], to which the steps that follow from them belong.
const (
	notifyKey      = "service.notify"
	listenKey      = "service.listen_fds"
	credentialsKey = "service.credentials"
)

// mountSocket is the entry of the socket on which the command speaks to the
// manager. No profile has one.
const mountSocket config.MountType = "socket"

// notifyPath is where the command finds the manager: where the host has
// it, as some programs know only that, or else where systemd has it.
func (h *Host) notifyPath() string {
	if strings.HasPrefix(h.Service.Notify, "/") {
		return path.Clean(h.Service.Notify)
	}
	return "/run/systemd/notify"
}

// relays tells whether the command's notifications are passed on.
func (h *Host) relays(p *config.Profile) bool {
	return p.Service.Notify == config.NotifyCommand && h.Service.Notify != ""
}

// withService returns the profile with the entries of [mounts] that stand for [service].
// They come last: what the profile mounts above them is there by then.
func (h *Host) withService(p *config.Profile) *config.Profile {
	if !p.Namespaces.New(config.Mount) {
		return p
	}
	var entries []config.MountEntry
	if dir := h.Service.Credentials; p.Service.Credentials && path.IsAbs(dir) && mountedOn(p, path.Clean(dir)) == "" {
		entries = append(entries, config.MountEntry{Key: credentialsKey, Target: path.Clean(dir), Type: config.MountBind,
			Source: path.Clean(dir), Readonly: true, Options: []string{"noexec"}})
	}
	if h.relays(p) && mountedOn(p, h.notifyPath()) == "" {
		entries = append(entries, config.MountEntry{Key: notifyKey, Target: h.notifyPath(), Type: mountSocket})
	}
	if entries == nil {
		return p
	}
	with := *p
	with.Mounts = slices.Concat(p.Mounts, entries)
	return &with
}

// mountedOn is the key of the profile's own entry for a target, "" without one.
func mountedOn(p *config.Profile, target string) string {
	for _, m := range p.Mounts {
		if m.Target == target && m.Type != mountSocket && m.Key != credentialsKey {
			return m.Key
		}
	}
	return ""
}

// service says what cannot be had of what [service] asks for.
func (c *compiler) service() {
	s, host := c.p.Service, c.h.Service
	if s.Notify == config.NotifyCommand || s.Notify == config.NotifyExec {
		switch first, _, _ := strings.Cut(host.Notify, ":"); {
		case host.Notify == "":
			c.notef(notifyKey, "NOTIFY_SOCKET is not set: there is no service manager to be told anything")
		case first == "vsock" || strings.HasPrefix(first, "vsock-"):
			c.errorf(notifyKey, "NOTIFY_SOCKET is %q, and a manager outside of this machine cannot be spoken to", host.Notify)
		case len(host.Notify) < 2 || host.Notify[0] != '/' && host.Notify[0] != '@':
			c.errorf(notifyKey, "NOTIFY_SOCKET is %q, and neither an absolute path nor \"@\" and a name", host.Notify)
		}
	}
	if other := mountedOn(c.p, c.h.notifyPath()); other != "" && c.h.relays(c.p) {
		c.errorf(notifyKey, "%s is where the command's socket has to be, and %s mounts something there", c.h.notifyPath(), other)
	}
	if s.ListenFDs && host.Sockets == 0 {
		c.notef(listenKey, "LISTEN_PID and LISTEN_FDS do not pass any socket to this process: the command gets none")
	}
	for _, fd := range c.h.sockets() {
		if s.ListenFDs && !c.h.OpenFDs[fd] {
			c.errorf(listenKey, "LISTEN_FDS is %d, and descriptor %d is not open", host.Sockets, fd)
			break
		}
	}
	if s.Credentials && host.Credentials == "" {
		c.notef(credentialsKey, "CREDENTIALS_DIRECTORY is not set: the command gets none")
	}
	if s.Credentials && host.Credentials != "" && !path.IsAbs(host.Credentials) {
		c.errorf(credentialsKey, "CREDENTIALS_DIRECTORY is %q, and not absolute", host.Credentials)
	}
}

// keepFDs are the descriptors that the command gets beside the standard three.
func (c *compiler) keepFDs() []int { return c.h.keepFDs(c.p) }

// keepFDs are the descriptors that the command gets besides its standard streams.
func (h *Host) keepFDs(p *config.Profile) []int {
	if !p.Service.ListenFDs {
		return p.Process.KeepFDs
	}
	all := append(h.sockets(), p.Process.KeepFDs...)
	slices.Sort(all)
	return slices.Compact(all)
}

// lendSocket: the launcher reads what the command says, and so makes the socket; the stage
// binds it, so that its file is in no tree of the host's.
func (c *compiler) lendSocket() {
	if c.h.relays(c.p) {
		c.add(ByLauncher, notifyKey, lendSocket{})
	}
}

func (c *compiler) receiveSocket() {
	if c.h.relays(c.p) {
		c.add(ByStage, notifyKey, receiveSocket{})
	}
}

// socketEntry puts the socket where the command looks for it.
func (c *compiler) socketEntry(m config.MountEntry) {
	a := attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC}
	c.add(c.stage, m.Key, placeSocket{c.point(m.Key, m.Target, false), a, c.newPropagation(mountprop.Private)})
}

// notifications begin once the command's program runs.
func (c *compiler) notifications() {
	host := c.h.Service
	switch {
	case c.h.relays(c.p):
		c.add(ByLauncher, notifyKey, relayNotifications{host.Notify})
	case c.p.Service.Notify == config.NotifyExec && host.Notify != "":
		every := time.Duration(min(host.Watchdog, uint64(maxWatchdog/time.Microsecond))) * time.Microsecond / 2
		c.add(ByLauncher, notifyKey, notifyExec{host.Notify, every})
	}
}

// maxWatchdog is more than any that makes sense, and keeps sums from running over.
const maxWatchdog = 1000 * time.Hour

// sockets tells the command of those that it is passed.
func (c *compiler) sockets() {
	if c.p.Service.ListenFDs && c.h.Service.Sockets > 0 {
		_, set := c.p.Env.Set["LISTEN_PID"]
		c.add(ByCommand, listenKey, passSockets{c.h.sockets(), c.h.Service.SocketNames,
			!set && !slices.Contains(c.p.Env.Unset, "LISTEN_PID")})
	}
}

// serviceVariables adds the variables by which a manager speaks to the
// command. WATCHDOG_PID is not among them: without it, whoever reads
// WATCHDOG_USEC takes it as meant for itself. LISTEN_PID is known when the command is.
func (c *compiler) serviceVariables(values map[string]string) {
	s, host := c.p.Service, c.h.Service
	if c.h.relays(c.p) {
		values["NOTIFY_SOCKET"] = c.h.notifyPath()
		if host.Watchdog > 0 {
			values["WATCHDOG_USEC"] = fmt.Sprint(host.Watchdog)
		}
	}
	if s.ListenFDs && host.Sockets > 0 {
		values["LISTEN_FDS"] = fmt.Sprint(host.Sockets)
		values["LISTEN_PID"] = ""
		if host.SocketNames != "" {
			values["LISTEN_FDNAMES"] = host.SocketNames
		}
	}
	if s.Credentials && path.IsAbs(host.Credentials) {
		values["CREDENTIALS_DIRECTORY"] = path.Clean(host.Credentials)
	}
	if usesService(s) && host.JournalStream != "" {
		values["JOURNAL_STREAM"] = host.JournalStream
	}
}

// Sockets are the descriptors of the sockets that a service manager passed to this process
// and the command gets. Once it runs nobody else needs them.
func (p *Plan) Sockets() []int {
	if !p.profile.Service.ListenFDs {
		return nil
	}
	return p.host.sockets()
}
