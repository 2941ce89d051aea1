// Package summary says what a sandbox may do: what it can write, read and not see, its network, who it is, and what is not protected.
// [Of] derives it from a plan, so it says what a launch does. [Running] asks the kernel about a sandbox that runs. A printer of
// summaries only reads them.
package summary

// Version is that of the form of a summary in JSON. It changes when the meaning of a field does, not when one is added.
const Version = 1

// Summary is what a sandbox may do, for people and for programs.
type Summary struct {
	Version int      `json:"version"`
	Name    string   `json:"name"`
	Profile string   `json:"profile,omitempty"` // its file; "" if there is none
	PID     int      `json:"pid,omitempty"`     // of the command of a sandbox that runs
	Command []string `json:"command"`

	// Places are the parts of the file system that differ from what is around them, in the order of their paths.
	Places []Place `json:"places"`
	// HostFiles reports whether all of the host's files are there, except for what Places say.
	HostFiles bool `json:"host_files"`
	// Home is what the sandbox sees of the caller's home directory; nil if that is not known.
	Home *Home `json:"home,omitempty"`

	Namespaces map[string]Origin `json:"namespaces"` // by kind, as a profile names it
	Network    Network           `json:"network"`
	User       User              `json:"user"`
	Processes  Processes         `json:"processes"`
	Limits     Limits            `json:"limits"`
	// Environment is what the command has at its start; nil if that is not known, as of a process that nslaunch did not start.
	Environment *Environment `json:"environment,omitempty"`
	// Descriptors are those of the caller that the command has besides the standard three.
	Descriptors []int `json:"descriptors,omitempty"`

	// Unprotected is what the sandbox does not protect.
	Unprotected []Gap `json:"not_protected"`
	// Notes say where the profile may not do what its author thinks.
	Notes []Note `json:"notes,omitempty"`
}

// Access is what the sandbox can do in a place, as far as file permissions allow.
type Access string

const (
	Write  Access = "write"
	Read   Access = "read"
	Hidden Access = "hidden" // an empty file or directory covers what is there
)

// Shows is what a place shows.
type Shows string

const (
	Host    Shows = "host"    // files of the host
	Memory  Shows = "memory"  // an empty file system in memory
	Overlay Shows = "overlay" // files of the host; changes are kept elsewhere
	Content Shows = "content" // a file that the profile gives
	Kernel  Shows = "kernel"  // a file system of the kernel, such as proc
	Device  Shows = "device"  // a device
	Socket  Shows = "socket"  // a socket of the launcher's
	Nothing Shows = "nothing" // what covers a hidden path
	Joined  Shows = "joined"  // the files of a mount namespace that was there before
)

// Place is a part of the file system.
type Place struct {
	Path   string `json:"path"` // inside
	Access Access `json:"access"`
	// Kept reports whether changes are there after the sandbox has ended.
	Kept  bool  `json:"kept,omitempty"`
	Shows Shows `json:"shows"`
	// Source is the path on the host of what is shown, "" if it has none. Of an overlay it is the topmost directory below the changes.
	Source string `json:"source,omitempty"`
	// Lower are the directories below the changes of an overlay on the host, the topmost first.
	Lower []string `json:"lower,omitempty"`
	// Changes is the directory of the host that has the changes of an overlay, "" for memory.
	Changes string `json:"changes,omitempty"`

	names  []string // other paths on the host of what is at Source
	file   bool     // it is a regular file
	socket bool     // it is a socket of the host
	nodev  bool     // no device can be opened there
	kernel string   // the type of a file system with settings of the kernel
}

// Home is what the sandbox sees of a home directory of the host.
type Home struct {
	Path   string `json:"path"`   // on the host
	Access Access `json:"access"` // of the directory itself; Hidden if it is not shown
	Kept   bool   `json:"kept,omitempty"`
	// Except are paths of the host below it that are shown although it is not.
	Except []string `json:"except,omitempty"`
}

// Origin is where a namespace comes from.
type Origin string

const (
	OfHost   Origin = "host"   // it is the caller's
	Own      Origin = "own"    // it is made for the sandbox
	OfOthers Origin = "joined" // it was there before
)

// Network is the network that the sandbox has.
type Network struct {
	Of       Origin `json:"of"`
	Loopback bool   `json:"loopback"` // the loopback interface of an own network is up
	// Interfaces are those of an own network that runs, besides the loopback.
	Interfaces []string `json:"interfaces,omitempty"`
}

// User is who the command is. Ids are nil if they are not known.
type User struct {
	UID *int64 `json:"uid"` // inside
	GID *int64 `json:"gid"`
	// HostUID and HostGID are the same in the caller's user namespace; nil if that has no such id, or if it is not known.
	HostUID *int64 `json:"host_uid"`
	HostGID *int64 `json:"host_gid"`
	// Groups are supplementary ones inside, without GID. KeepsGroups: the caller has others, which have no number inside and count on the host.
	Groups      []int64 `json:"groups"`
	KeepsGroups bool    `json:"keeps_groups,omitempty"`
	// Capabilities of the command hold over its user namespace and those below. AllCapabilities: the kernel has no others.
	Capabilities    []string `json:"capabilities"`
	AllCapabilities bool     `json:"all_capabilities,omitempty"`
	Over            Over     `json:"capabilities_over,omitempty"`
	NoNewPrivs      bool     `json:"no_new_privs"`
}

// Over is what capabilities hold over; "" if there are none.
type Over string

const (
	OverMachine Over = "machine" // all of it
	OverCaller  Over = "caller"  // the caller's user namespace, which is not that of the machine
	OverSandbox Over = "sandbox" // the user namespace of the sandbox
)

// Processes are those that the command can see and signal.
type Processes struct {
	// Sees is whose processes /proc shows: Own, OfHost, OfOthers, or "none" if there is no /proc. It is OfHost if the host's /proc is
	// visible at any path.
	Sees Origin `json:"sees"`
	// Signals is whose processes can be signalled, as far as the user may.
	Signals  Origin `json:"signals"`
	IPC      Origin `json:"ipc"`
	Hostname string `json:"hostname,omitempty"` // "": the host's, or that of its uts namespace
}

// NoProc is [Processes.Sees] if there is no /proc.
const NoProc Origin = "none"

// Environment has names of variables, sorted. It has no values: these can be secret.
type Environment struct {
	// Inherited have the caller's values. Of a sandbox that runs they are not known, and all variables are in Set.
	Inherited []string `json:"inherited,omitempty"`
	Set       []string `json:"set"`
}

// Limits bound what the sandbox uses. "" is no limit.
type Limits struct {
	Timeout string  `json:"timeout,omitempty"`
	Memory  string  `json:"memory,omitempty"`
	Swap    string  `json:"swap,omitempty"`
	Tasks   string  `json:"tasks,omitempty"`
	CPU     string  `json:"cpu,omitempty"`
	Rlimits []Limit `json:"rlimits,omitempty"` // that the profile sets
}

// Limit is a resource limit; see getrlimit(2).
type Limit struct {
	Name string `json:"name"` // "nofile"
	Soft string `json:"soft"` // a number, or "infinity"
	Hard string `json:"hard"`
}

// Gap is something that the sandbox does not protect. Its text is a phrase that follows "not protected".
type Gap struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Note is a remark on a value of the profile.
type Note struct {
	Text string `json:"text"`
	Key  string `json:"key,omitempty"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}
