// Package notify translates and sends messages of sd_notify(3) from a command in a sandbox to the
// service manager, in the name of the process that the manager watches. cmd/nslaunch uses it; the launcher only receives.
//
// It does not use D-Bus, and needs only a socket from the kernel.
package notify

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxMessage is the longest message that systemd reads, in bytes.
const MaxMessage = 4096

// Sender is who a message is passed on as.
type Sender struct {
	PID int           // the manager's main process
	Now time.Duration // the manager's CLOCK_MONOTONIC, of which a time namespace has another
}

// Translate returns what to pass to the manager for a message of the command's; nothing if
// there is nothing to pass. A line stays if it means to the manager what the command meant:
//
//   - MAINPID becomes the sender, who is the manager's main process and stays it; the
//     command's number means another process to the manager, or none;
//   - MONOTONIC_USEC becomes the sender's time;
//   - what is about descriptors that the manager should keep, or about who may send messages
//     (NOTIFYACCESS), is left out, as is what has no meaning yet.
func Translate(message []byte, s Sender) []byte {
	message = bytes.TrimSuffix(message, []byte{0})
	if len(message) > MaxMessage || bytes.IndexByte(message, 0) >= 0 {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(string(message), "\n") {
		name, value, ok := strings.Cut(line, "=")
		if !ok || !utf8.ValidString(line) {
			continue
		}
		switch name {
		case "MAINPID":
			value = strconv.Itoa(s.PID)
		case "MONOTONIC_USEC":
			value = strconv.FormatInt(s.Now.Microseconds(), 10)
		default:
			if !passes(name, value) {
				continue
			}
		}
		lines = append(lines, name+"="+value)
	}
	out := strings.Join(lines, "\n")
	if len(out) > MaxMessage {
		return nil
	}
	return []byte(out)
}

// passes reports whether a line is passed on as it is.
func passes(name, value string) bool {
	switch name {
	case "READY", "RELOADING", "STOPPING":
		return value == "1"
	case "WATCHDOG":
		return value == "1" || value == "trigger"
	case "WATCHDOG_USEC", "EXTEND_TIMEOUT_USEC", "ERRNO":
		_, err := strconv.ParseUint(value, 10, 64)
		return err == nil
	case "STATUS", "BUSERROR", "EXIT_STATUS":
		return true
	}
	return custom(name)
}

// custom reports whether a name is one of those that mean nothing to systemd.
func custom(name string) bool {
	rest, ok := strings.CutPrefix(name, "X_")
	return ok && rest != "" && strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// Barrier reports whether a message asks that its one descriptor be closed once all
// before it were read: sd_notify_barrier(3). It has to be alone.
func Barrier(message []byte) bool {
	return string(bytes.TrimRight(message, "\n\x00")) == "BARRIER=1"
}
