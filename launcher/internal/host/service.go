package host

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// Keys of [service], to which the steps that follow from them belong.
const (
	NotifyKey      = "service.notify"
	ListenKey      = "service.listen_fds"
	CredentialsKey = "service.credentials"
)

// MountSocket is the entry of the socket on which the command speaks to the
// manager. No profile has one.
const MountSocket config.MountType = "socket"

// NotifyPath is where the command finds the manager: where the host has
// it, as some programs know only that, or else where systemd has it.
func (h *Host) NotifyPath() string {
	if strings.HasPrefix(h.Service.Notify, "/") {
		return path.Clean(h.Service.Notify)
	}
	return "/run/systemd/notify"
}

// Relays reports whether the command's notifications are passed on.
func (h *Host) Relays(p *config.Profile) bool {
	return p.Service.Notify == config.NotifyCommand && h.Service.Notify != ""
}

// withService returns the profile with the entries of [mounts] that [service] implies.
// They come last: what the profile mounts above them is there by then.
func (h *Host) withService(p *config.Profile) *config.Profile {
	if !p.Namespaces.New(config.Mount) {
		return p
	}
	var entries []config.MountEntry
	if dir := h.Service.Credentials; p.Service.Credentials && path.IsAbs(dir) && MountedOn(p, path.Clean(dir)) == "" {
		entries = append(entries, config.MountEntry{Key: CredentialsKey, Target: path.Clean(dir), Type: config.MountBind,
			Source: path.Clean(dir), Readonly: true, Options: []string{"noexec"}})
	}
	if h.Relays(p) && MountedOn(p, h.NotifyPath()) == "" {
		entries = append(entries, config.MountEntry{Key: NotifyKey, Target: h.NotifyPath(), Type: MountSocket})
	}
	if entries == nil {
		return p
	}
	with := *p
	with.Mounts = slices.Concat(p.Mounts, entries)
	return &with
}

// MountedOn is the key of the profile's own entry for a target, "" without one.
func MountedOn(p *config.Profile, target string) string {
	for _, m := range p.Mounts {
		if m.Target == target && m.Type != MountSocket && m.Key != CredentialsKey {
			return m.Key
		}
	}
	return ""
}

// KeepFDs are the descriptors that the command gets besides its standard streams.
func (h *Host) KeepFDs(p *config.Profile) []int {
	if !p.Service.ListenFDs {
		return p.Process.KeepFDs
	}
	all := append(h.Sockets(), p.Process.KeepFDs...)
	slices.Sort(all)
	return slices.Compact(all)
}

// ServiceState is what a service manager gave the caller for this launch; see
// sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3), systemd.exec(5).
type ServiceState struct {
	Notify   string // where it listens, $NOTIFY_SOCKET; "" if nobody does
	Watchdog uint64 // how often it wants to hear, in microseconds; 0 if it does not
	// Sockets is how many it passes, from descriptor 3 on; SocketNames is
	// $LISTEN_FDNAMES.
	Sockets     int
	SocketNames string
	Credentials string // a directory; "" without any
	// JournalStream names the standard output or error: "9:1234", its device
	// and inode.
	JournalStream string
}

// UsesService reports whether [service] asks for anything.
func UsesService(s config.Service) bool {
	return s.Notify != "" && s.Notify != config.NotifyNone || s.ListenFDs || s.Credentials
}

// probeService reads what a manager said, in the environment, to this very process.
func (h *Host) probeService(p *config.Profile) {
	if !UsesService(p.Service) {
		return
	}
	s := &h.Service
	own := fmt.Sprint(os.Getpid())
	s.Notify = os.Getenv("NOTIFY_SOCKET")
	if pid := os.Getenv("WATCHDOG_PID"); pid == "" || pid == own {
		s.Watchdog, _ = strconv.ParseUint(os.Getenv("WATCHDOG_USEC"), 10, 63)
	}
	s.Credentials = os.Getenv("CREDENTIALS_DIRECTORY")
	if os.Getenv("LISTEN_PID") == own && p.Service.ListenFDs {
		s.Sockets, _ = strconv.Atoi(os.Getenv("LISTEN_FDS"))
		s.Sockets = min(max(s.Sockets, 0), mostSockets)
		s.SocketNames = os.Getenv("LISTEN_FDNAMES")
		for _, fd := range h.Sockets() {
			h.OpenFDs[fd] = inherited(fd)
		}
	}
	for _, fd := range []int{1, 2} {
		var st unix.Stat_t
		if stream := os.Getenv("JOURNAL_STREAM"); unix.Fstat(fd, &st) == nil && stream == fmt.Sprintf("%d:%d", st.Dev, st.Ino) {
			s.JournalStream = stream
		}
	}
}

// mostSockets is more than any manager passes.
const mostSockets = 1 << 12

// inherited reports whether the caller passed a descriptor: one that is closed
// on exec is our own.
func inherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// Sockets are the descriptors that the manager passes.
func (h *Host) Sockets() []int {
	fds := make([]int, h.Service.Sockets)
	for i := range fds {
		fds[i] = 3 + i
	}
	return fds
}

// ManagerVariable reports whether a variable is for the process that a
// service manager started, and not for those that it starts.
func ManagerVariable(name string) bool {
	switch name {
	case "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES",
		"MAINPID", "MAINPIDFDID", "MANAGERPID", "MANAGERPIDFDID", "SYSTEMD_EXEC_PID", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM",
		"FDSTORE", "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE":
		return true
	}
	return false
}
