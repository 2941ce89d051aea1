package launcher

import (
	"fmt"
	"os"
	"strconv"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

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

// usesService tells whether [service] asks for anything.
func usesService(s config.Service) bool {
	return s.Notify != "" && s.Notify != config.NotifyNone || s.ListenFDs || s.Credentials
}

// probeService reads what a manager said, in the environment, to this very process.
func (h *Host) probeService(p *config.Profile) {
	if !usesService(p.Service) {
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
		for _, fd := range h.sockets() {
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

// inherited tells whether the caller passed a descriptor: one that is closed
// on exec is our own.
func inherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// sockets are the descriptors that the manager passes.
func (h *Host) sockets() []int {
	fds := make([]int, h.Service.Sockets)
	for i := range fds {
		fds[i] = 3 + i
	}
	return fds
}

// managerVariable tells whether a variable is for the process that a
// service manager started, and not for those that it starts.
func managerVariable(name string) bool {
	switch name {
	case "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES",
		"MAINPID", "MAINPIDFDID", "MANAGERPID", "MANAGERPIDFDID", "SYSTEMD_EXEC_PID", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM",
		"FDSTORE", "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE":
		return true
	}
	return false
}
