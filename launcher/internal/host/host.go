// Package host reads the machine once, for one profile: files, users, ids, limits, the terminal, and whether the sealed image can run.
// It changes nothing.
//
// [Probe] fills a [Host]. The methods that return a profile add what the machine demands: names under which the
// same file is shown, files that must stay read-only, entries that a pattern matches.
package host

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// NotProbedError says that a plan needs to know what [Probe] has not looked at.
type NotProbedError struct{ What []string }

func (e *NotProbedError) Error() string {
	return "a bug of nslaunch: the probe did not look at everything that the profile needs: " + strings.Join(e.What, ", ")
}

// Host is what launcher.Compile knows of the machine and of the caller: all that
// a plan depends on besides the profile. [Probe] fills it in; a test may do so by hand.
type Host struct {
	UID, GID uint32 // effective
	Caps     uint64 // effective, bit n is capability n
	Bounding uint64 // bounding set; asked only for an entry
	LastCap  int    // the kernel's highest capability
	Kernel   [2]int // major and minor of uname(2)'s release
	PageSize int
	// Portable says why the stage cannot be the sealed image, and is a re-exec of this
	// program; "": it can.
	Portable string

	Cwd     string
	Env     []string // "NAME=value"
	Rlimits map[string]config.Rlimit

	// UIDMap and GIDMap are those of the caller's user namespace.
	UIDMap, GIDMap []config.IDRange
	// SetgroupsDenied: setgroups(2) is denied in the caller's user namespace,
	// and so in every one below it.
	SetgroupsDenied bool
	// SubUID and SubGID are the caller's subordinate ids, of subuid(5).
	SubUID, SubGID SubIDs
	// NewUIDMap and NewGIDMap are the paths of newuidmap(1) and newgidmap(1), "" where not found.
	NewUIDMap, NewGIDMap string

	Monotonic, Boottime ClockState

	// Joins has the namespaces to enter, by kind.
	Joins map[config.NamespaceKind]NamespaceFile
	// Files has the paths that the profile names and the compiler asks about.
	Files map[string]tree.File
	// Targets has the mount points that have to be there, by their path inside.
	Targets map[string]tree.File
	// Order has the targets of the profile's entries in the order in which they are mounted on, where that is not the profile's.
	Order []string
	// Contents has the files that are copied into the sandbox.
	Contents map[string]string
	// Matches has what each glob matches, by its key.
	Matches map[string]tree.Matches
	// Names has the other names of what entries hide, by their targets.
	Names map[string]OtherNames
	// Kept are entries for what the sandbox must not change below what it can write to: its own profile, and what
	// git believes. Unkept is what cannot be kept so.
	Kept   []config.MountEntry
	Unkept []Unkept
	// Over are the targets of entries that make something read-only that is writable below them.
	Over map[string]bool
	// Pins are entries for the directories above what is covered, which must not be renamed.
	Pins []config.MountEntry
	// RootPins are the targets of those that lie in the root itself.
	RootPins map[string]bool
	// Top lists the host's "/", where an overlay of it is made of parts.
	Top []TopEntry
	// User is who the caller is, for a passwd of the sandbox.
	User, Home string
	// Root is how "/" lies in the caller's mount namespace.
	Root RootState
	// Umask is the caller's.
	Umask uint32
	// OwnNamespaces has the inode number of each namespace that the caller is in.
	OwnNamespaces map[config.NamespaceKind]uint64

	// Scope is what there is of systemd, where the profile asks for it.
	Scope ScopeState

	// Service is what a service manager gave the caller, where the profile asks for it.
	Service ServiceState

	// Settings is what restrict.kernel is about, where the command may be the host's root.
	Settings KernelState

	Terminal TerminalState
	// Console is the caller's terminal, if it becomes the sandbox's console.
	Console string
	// OpenFDs has which of process.keep_fds and of the manager's sockets are open.
	OpenFDs map[int]bool
	// KeptTerminals are those of process.keep_fds that are terminals.
	KeptTerminals []int

	seen  map[string]tree.File // what was looked at, by paths without symbolic links
	table []mountprop.Mount    // the caller's mounts, where they were read
}

// ScopeState is how the caller stands to systemd.
type ScopeState struct {
	// Managers are those that can be reached, at most one of each bus.
	Managers []Manager
	// Tried says what cannot be reached, and why: "/run/systemd/private: ENOENT".
	Tried []string
	// Service is the service whose cgroup the caller is in; no name: none.
	Service Unit
}

// Manager is how a manager of systemd is reached.
type Manager struct {
	Bus     config.Bus // system or user
	Address string     // of D-Bus: "unix:path=/run/systemd/private"
	Private bool       // the manager itself listens there, and no bus
}

func (m Manager) String() string {
	return fmt.Sprintf("the %s manager at %s", m.Bus, strings.TrimPrefix(m.Address, "unix:path="))
}

// Unit is a unit and whose it is.
type Unit struct {
	Name string
	Bus  config.Bus
}

// ClockState is one of the caller's clocks.
type ClockState struct {
	Now    time.Duration // at the time of the probe
	Offset time.Duration // from the initial time namespace
}

// SubIDs are the subordinate ids of a user.
type SubIDs struct {
	Ranges []config.IDRange // Outside and Count; Inside is 0
	User   string           // whose they are, as it was looked up
	File   string           // where they were looked up
	Lines  []int            // the line of each range in it, from 1
	Free   uint32           // the first of 65536 ids that nobody has, where the user has none; 0 if unknown
}

// NamespaceFile is a namespace to enter.
type NamespaceFile struct {
	Path     string // as opened
	Dev, Ino uint64
	Kind     config.NamespaceKind // "" if it is no namespace
	// Owner is the inode number of the user namespace that owns it, 0 where
	// the kernel does not say.
	Owner uint64
	Err   syscall.Errno // why it cannot be opened; 0 if it can
	// Real is the path of it that is the same for every process, and Planted a link on the way that a sandbox may have made.
	Real    string
	Planted tree.Planted
}

// TerminalState is how the caller's standard streams relate to a terminal.
type TerminalState struct {
	// Interactive: standard input, output and error are the controlling terminal.
	Interactive bool
	// Controlling: there is a controlling terminal.
	Controlling bool
	// Foreground: the caller's process group has it.
	Foreground bool
	// Streams has the standard streams that are terminals. Only [ProbeEntry] looks.
	Streams [3]bool
}

// Any reports whether there is any terminal.
func (s TerminalState) Any() bool { return s.Controlling || s.Streams != [3]bool{} }

// Has reports whether the caller has a capability.
func (h *Host) Has(c Capability) bool { return h.Caps>>c&1 == 1 }

// InitialUser reports whether the caller is in the initial user namespace, or in one that maps
// every id as the initial one does.
func (h *Host) InitialUser() bool { return InitialMap(h.UIDMap) }

// InitialMap reports whether a map of ids is that of the initial user namespace.
func InitialMap(ranges []config.IDRange) bool {
	return len(ranges) == 1 && ranges[0] == config.IDRange{Count: 1<<32 - 1}
}

// AtLeast reports whether the kernel has at least that version.
func (h *Host) AtLeast(major, minor int) bool {
	return h.Kernel[0] > major || h.Kernel[0] == major && h.Kernel[1] >= minor
}
