package host

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

// probeScope looks for systemd's managers, by their sockets, and for the service
// that the caller is in.
func (h *Host) probeScope(p *config.Profile) {
	text, _ := ReadFile("/proc/self/cgroup")
	h.Scope.Service = serviceOf(string(text))
	asked := BusOrder(p.Scope.Bus, h.UID)
	if own := h.Scope.Service; own.Name != "" && !slices.Contains(asked, own.Bus) {
		asked = append(asked, own.Bus)
	}
	for _, bus := range asked {
		found, why := managers(bus)
		if why != "" && len(h.Scope.Tried) == 0 {
			h.Scope.Tried = append(h.Scope.Tried, why)
		}
		for _, m := range found {
			if err := reach(m.Address); err != nil {
				h.Scope.Tried = append(h.Scope.Tried, strings.TrimPrefix(m.Address, "unix:path=")+": "+tree.Reason(err))
				continue
			}
			h.Scope.Managers = append(h.Scope.Managers, m)
			break
		}
	}
}

// BusOrder lists whose manager is asked, in that order: root asks the system's
// first, others have nothing to ask it.
func BusOrder(bus config.Bus, uid uint32) []config.Bus {
	switch {
	case bus != config.BusAuto:
		return []config.Bus{bus}
	case uid == 0:
		return []config.Bus{config.BusSystem, config.BusUser}
	}
	return []config.Bus{config.BusUser}
}

// managers lists where a manager may be reached: its own socket, which needs no bus, then the bus; or why not.
func managers(bus config.Bus) (all []Manager, why string) {
	private, address := "/run/systemd/private", os.Getenv("DBUS_SYSTEM_BUS_ADDRESS")
	fallback := "/run/dbus/system_bus_socket"
	if bus == config.BusUser {
		address = os.Getenv("DBUS_SESSION_BUS_ADDRESS")
		run := os.Getenv("XDG_RUNTIME_DIR")
		if run == "" && address == "" {
			run = "/run/user/" + strconv.Itoa(unix.Geteuid())
			if err := ownDir(run); err != nil {
				return nil, "XDG_RUNTIME_DIR is not set, and " + run + " cannot be used: " + tree.Reason(err)
			}
		}
		private, fallback = run+"/systemd/private", run+"/bus"
		if run == "" {
			return []Manager{{bus, address, false}}, ""
		}
	}
	return []Manager{
		{bus, "unix:path=" + escapeAddress(private), true},
		{bus, cmp.Or(address, "unix:path="+escapeAddress(fallback)), false},
	}, ""
}

// ownDir is nil for a directory that is the caller's, and that nobody else may look into.
func ownDir(path string) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != unix.Geteuid() || st.Mode&0o077 != 0 {
		return fmt.Errorf("it belongs to uid %d and has mode %03o, not uid %d and 700", st.Uid, st.Mode&0o777, unix.Geteuid())
	}
	return nil
}

// escapeAddress escapes a path for an address of D-Bus.
func escapeAddress(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if strings.IndexByte("-_/.\\*", c) >= 0 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			b.WriteByte(c)
		} else {
			const hex = "0123456789abcdef"
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// unescapeAddress is the inverse of escapeAddress.
func unescapeAddress(text string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		digits := text[i+1 : min(i+3, len(text))]
		n, err := strconv.ParseUint(digits, 16, 8)
		if err != nil || len(digits) != 2 {
			return "", fmt.Errorf("not an address of D-Bus: %q", text)
		}
		b.WriteByte(byte(n))
		i += 2
	}
	return b.String(), nil
}

// reach reports whether somebody has bound the socket that an address names. It connects with a
// socket of another type, which the kernel refuses with EPROTOTYPE where there is one: a connection
// that says nothing would be a complaint in the manager's log. An address of another
// kind is taken as it is.
func reach(address string) error {
	first, _, _ := strings.Cut(address, ";")
	rest, ok := strings.CutPrefix(first, "unix:")
	if !ok {
		return nil
	}
	for pair := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(pair, "=")
		path, err := unescapeAddress(value)
		switch {
		case err != nil:
			return err
		case key == "path":
		case key == "abstract":
			path = "@" + path
		default:
			continue
		}
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != unix.EPROTOTYPE {
			return cmp.Or(err, error(unix.EPROTOTYPE))
		}
		return nil
	}
	return nil
}

// serviceOf finds the service in a text of /proc/PID/cgroup. A process of a
// scope or of a session is in none, also below a service such as user@1000.service.
func serviceOf(cgroups string) Unit {
	path := unitCgroup(cgroups)
	parts := strings.Split(path, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		switch name := parts[i]; {
		case strings.HasSuffix(name, ".scope"), strings.HasSuffix(name, ".slice"):
			return Unit{}
		case strings.HasSuffix(name, ".service"):
			bus := config.BusSystem
			for _, above := range parts[:i] {
				if strings.HasPrefix(above, "user@") && strings.HasSuffix(above, ".service") {
					bus = config.BusUser
				}
			}
			return Unit{name, bus}
		}
	}
	return Unit{}
}

// unitCgroup is the cgroup by which systemd knows units: that of version 2, or
// that of its own hierarchy of version 1.
func unitCgroup(cgroups string) string {
	unified := ""
	for line := range strings.Lines(cgroups) {
		line = strings.TrimSuffix(line, "\n")
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			unified = path
		} else if _, path, ok := strings.Cut(line, ":name=systemd:"); ok && path != "/" {
			return path
		}
	}
	return unified
}
