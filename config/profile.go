// Package config reads nslaunch profiles: TOML text in, checked values out,
// each of which knows the place that it was written at.
//
// It reads the files of the profile. The facts of the caller (ids, home, environment) come in as [Vars], which [CallerVars] fills in,
// so a profile can be checked on any machine. A preset is a profile that others extend.
package config

import (
	"time"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/mountprop"
)

// Version is the profile language's version, the only value of `version`.
const Version = 1

// Profile is a decoded and checked profile. Every default is filled in;
// [Profile.Origin] returns where a value was written, or that it is a default.
type Profile struct {
	File        string // as named by the caller; "-" for standard input, "" for flags alone
	Name        string // names the sandbox; the file's base name without .toml by default
	Taken       Taken  // what becomes of a launch whose name a running sandbox has
	Hostname    string // "" where not declared
	Domainname  string // "" where not declared
	Command     Command
	Namespaces  Namespaces
	Propagation mountprop.Propagation // of "/", recursively; "" without a new mount namespace
	Proc        Proc
	Network     Network // "" without a new network namespace
	Time        Time
	IDMap       IDMap
	Process     Process
	Env         Env
	Limits      Limits
	Root        Root
	Mounts      []MountEntry // parents before children, one for each target
	Globs       []Glob       `json:",omitempty"` // entries of which the targets are known at the launch
	Dev         Dev
	Sys         Sys
	Restrict    Restrict
	Scope       Scope
	Service     Service

	others  *leftForOthers   // nil where none is left out
	inherit *replacedInherit // nil if env.inherit replaces no other
	here    bool             // ${cwd} or a variable of git's has been looked at
	origins toml.Marks
	entry   bool                    // see NewEntry
	sources map[string]*toml.Source // by name, where there are several
}

// Taken says what a launch does whose name a running sandbox has already.
type Taken string

const (
	TakenError  Taken = "error"  // it fails (default of a name that was written)
	TakenNumber Taken = "number" // it is NAME.2, NAME.3, … (default of one that was not)
)

// Command is what runs in the sandbox.
type Command struct {
	Argv []string
	Args ArgsMode
}

// ArgsMode is what arguments after the profile on the command line do.
type ArgsMode string

const (
	ArgsReplace ArgsMode = "replace" // they are the command (default)
	ArgsAppend  ArgsMode = "append"  // they follow Argv
)

// NamespaceKind is a type of namespace by its name in a profile; see
// namespaces(7).
type NamespaceKind string

const (
	User   NamespaceKind = "user"
	Mount  NamespaceKind = "mount"
	PID    NamespaceKind = "pid"
	Net    NamespaceKind = "net"
	IPC    NamespaceKind = "ipc"
	UTS    NamespaceKind = "uts"
	Cgroup NamespaceKind = "cgroup"
	TimeNS NamespaceKind = "time"
)

// Kinds returns the eight namespace types in the order in which plans list them.
func Kinds() []NamespaceKind {
	return []NamespaceKind{User, Mount, PID, Net, IPC, UTS, Cgroup, TimeNS}
}

// NamespaceMode says where a namespace comes from.
type NamespaceMode string

const (
	NamespaceHost NamespaceMode = "host" // the launcher's own
	NamespaceNew  NamespaceMode = "new"  // made for the sandbox
	NamespacePath NamespaceMode = "path" // joined: a namespace file, Namespace.Path
	NamespacePID  NamespaceMode = "pid"  // joined: that of process Namespace.PID
	// NamespaceSandbox is joined: that of the running sandbox Namespace.Sandbox. A caller that knows
	// which those are sets Namespace.PID and Inode before the profile is probed.
	NamespaceSandbox NamespaceMode = "sandbox"
)

// Namespace is the sandbox's namespace of one kind.
type Namespace struct {
	Mode NamespaceMode
	Path string // absolute; for NamespacePath
	PID  int    // > 0; for NamespacePID, and, once it was looked up, NamespaceSandbox

	Sandbox string `json:",omitempty"` // its name; for NamespaceSandbox
	Inode   uint64 `json:",omitempty"` // of the namespace that it was started with, once it was looked up
}

// Joined reports whether an existing namespace is entered.
func (n Namespace) Joined() bool {
	return n.Mode == NamespacePath || n.OfProcess()
}

// OfProcess reports whether the one that is joined is Namespace.PID's.
func (n Namespace) OfProcess() bool { return n.Mode == NamespacePID || n.Mode == NamespaceSandbox }

// Namespaces holds one entry for each of the eight kinds.
type Namespaces map[NamespaceKind]Namespace

// New reports whether the sandbox gets a namespace of that kind of its own.
func (n Namespaces) New(k NamespaceKind) bool { return n[k].Mode == NamespaceNew }

// Proc says what /proc is in the sandbox; see proc(5).
type Proc struct {
	Mode          ProcMode
	Hidepid       Hidepid  // "" where not declared
	Subset        string   // "pid" or ""; Linux 5.8
	ReadonlyPaths []string // absolute, below /proc
	MaskedPaths   []string // absolute, below /proc
	Fallback      ProcMode // ProcHost, ProcNone or "": what to do where the kernel refuses a new proc
}

// ProcMode is where /proc comes from.
type ProcMode string

const (
	ProcNew  ProcMode = "new"  // a proc of the sandbox's pid namespace
	ProcHost ProcMode = "host" // what the mount namespace has there already
	ProcNone ProcMode = "none" // an empty read-only directory
)

// Hidepid is proc's mount option of that name. Its values need Linux 5.8.
type Hidepid string

const (
	HidepidOff        Hidepid = "off"
	HidepidNoaccess   Hidepid = "noaccess"
	HidepidInvisible  Hidepid = "invisible"
	HidepidPtraceable Hidepid = "ptraceable"
)

// Network is what a new network namespace gets.
type Network string

const (
	NetworkLoopback Network = "loopback" // lo is up
	NetworkDown     Network = "down"     // nothing is done
)

// Time sets the clocks of a new time namespace; see time_namespaces(7).
type Time struct {
	Monotonic Clock
	Boottime  Clock
}

// Clock is how one clock of a new time namespace differs from the host's.
type Clock struct {
	Mode  ClockMode
	Value time.Duration // the offset, or the value that the clock starts at
}

// ClockMode says whether a value is an offset or a start value.
type ClockMode string

const (
	ClockHost   ClockMode = ""       // as the host's
	ClockOffset ClockMode = "offset" // the host's plus Value; written with a sign
	ClockStart  ClockMode = "start"  // starts at Value, which is not negative; written without a sign
)

// IDMap maps ids inside a new user namespace to ids outside; see
// user_namespaces(7).
type IDMap struct {
	Mode      IDMapMode // "" without a new user namespace
	UID, GID  []IDRange // for IDMapExplicit
	Setgroups Setgroups // "" where not declared
}

// IDMapMode is a ready-made map.
type IDMapMode string

const (
	IDMapRoot      IDMapMode = "root"       // 0 inside is the caller (default)
	IDMapKeep      IDMapMode = "keep"       // the caller is itself
	IDMapSubid     IDMapMode = "subid"      // 0… inside are the caller's subordinate ids
	IDMapRootSubid IDMapMode = "root+subid" // 0 is the caller, 1… are subordinate ids
	IDMapKeepSubid IDMapMode = "keep+subid" // the caller is itself, subordinate ids fill 0… around it
	IDMapIdentity  IDMapMode = "identity"   // every id that the caller's namespace has, as itself
	IDMapNone      IDMapMode = "none"       // no id is mapped
	IDMapExplicit  IDMapMode = "explicit"   // the lists UID and GID; never written in a profile
)

// IDRange is one line of a uid_map or gid_map.
type IDRange struct {
	Inside, Outside uint32
	Count           uint32 // > 0
}

// Setgroups is what is written to /proc/PID/setgroups.
type Setgroups string

const (
	SetgroupsAllow Setgroups = "allow"
	SetgroupsDeny  Setgroups = "deny"
)

// Process is how the command is run.
type Process struct {
	Cwd          string   // absolute, inside; "" where not declared
	UID, GID     *uint32  // inside; nil where not declared
	Groups       []uint32 // supplementary, inside; nil where not declared
	Capabilities Capabilities
	NoNewPrivs   bool
	Umask        *uint32 // nil where not declared
	OOMScoreAdj  *int    // -1000 … 1000; nil where not declared
	Nice         *int    // -20 … 19; nil where not declared
	Init         bool    // an init of ours is process 1
	Terminal     Terminal
	KeepFDs      []int  // > 2, ascending
	StopSignal   string // as in signal(7), without SIG: "TERM"
	StopTimeout  time.Duration
}

// Capabilities says which capabilities the command has; see capabilities(7).
type Capabilities struct {
	Mode CapabilityMode
	List []string // for CapabilitiesList: upper case, without CAP_, in the kernel's order
}

// CapabilityMode is one of three ways to say it.
type CapabilityMode string

const (
	CapabilitiesKeep CapabilityMode = "keep" // what the kernel leaves
	CapabilitiesNone CapabilityMode = "none"
	CapabilitiesList CapabilityMode = "list" // exactly Capabilities.List; never written in a profile
)

// Terminal says what the command gets for one.
type Terminal string

const (
	TerminalInherit Terminal = "inherit" // the caller's, with job control
	TerminalPTY     Terminal = "pty"     // one of its own
	TerminalNone    Terminal = "none"    // none: a session without one
)

// Env is the command's environment.
type Env struct {
	Inherit []string          // names, a trailing * matches any rest
	Set     map[string]string // these win over inherited ones
	Unset   []string          // sorted: names that are not there in the end (`set.NAME = false`)
}

// Limits bounds the command, and by its unit's control group the whole sandbox.
type Limits struct {
	Timeout  time.Duration // 0: none
	Rlimits  []Rlimit      // in the kernel's order
	Optional bool          // a limit of the control group that cannot be enforced is a note, no error

	memory, swap, tasks, cpu *Property
}

// Rlimit is one resource limit; see getrlimit(2).
type Rlimit struct {
	Name       string // lower case, without RLIMIT_: "nofile"
	Soft, Hard uint64 // RlimitInfinity: none
}

// RlimitInfinity is a limit that does not limit.
const RlimitInfinity = ^uint64(0)
