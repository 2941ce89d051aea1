package launcher

import (
	"fmt"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/compile"
	"github.com/nslaunch/nslaunch/launcher/internal/diagnose"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// Host is what [Compile] knows of the machine and of the caller: all that a plan depends on besides the profile. [Probe] fills
// it in. A test may do so by hand.
type Host = host.Host

// The parts of a [Host].
type (
	ClockState    = host.ClockState
	File          = tree.File
	KernelMount   = host.KernelMount
	KernelState   = host.KernelState
	Manager       = host.Manager
	Match         = tree.Match
	Matches       = tree.Matches
	NamespaceFile = host.NamespaceFile
	OtherNames    = host.OtherNames
	Planted       = tree.Planted
	RootState     = host.RootState
	ScopeState    = host.ScopeState
	ServiceState  = host.ServiceState
	SubIDs        = host.SubIDs
	TerminalState = host.TerminalState
	TopEntry      = host.TopEntry
	Unit          = host.Unit
	Unkept        = host.Unkept
)

// NotProbedError says that a plan needs to know what [Probe] has not looked at: of a [Host] that was
// filled in by hand, or by a bug.
type NotProbedError = host.NotProbedError

// Probe asks this machine what [Compile] has to know for the profile, and nothing else. What is missing or forbidden is no error
// here: Compile says so at the profile's line.
func Probe(p *config.Profile) (*Host, error) { return host.Probe(p) }

// ProbeAlone is [Probe] for a program that does nothing but launch. It is faster, and after it the calling thread may have its
// working directory, umask and root for itself: os.Chdir in another thread does not change them any more.
func ProbeAlone(p *config.Profile) (*Host, error) { return host.ProbeAlone(p) }

// OwnNamespace returns the inode number of the namespace of a kind that this process is in.
func OwnNamespace(k config.NamespaceKind) (uint64, error) { return host.OwnNamespace(k) }

// NamespaceOf returns the inode number of the namespace of a kind that a process is in. The process is a pid or "self". The
// error is EACCES if it may not be asked.
func NamespaceOf(process string, k config.NamespaceKind) (uint64, error) {
	return host.NamespaceOf(process, k)
}

// IDMap returns the uid map or the gid map of the user namespace that a process is in. The kind is "uid" or "gid"; see
// user_namespaces(7). Outside ids are in the caller's user namespace.
func IDMap(pid int, kind string) ([]config.IDRange, error) {
	return host.ReadMap(fmt.Sprintf("/proc/%d/%s_map", pid, kind))
}

// HostPath returns the file of the host that a profile shows at an absolute path of the sandbox. It reports whether that can be known: not of
// a mount namespace that is joined, nor of memory. It starts nothing.
func HostPath(p *config.Profile, inside string) (string, bool) { return diagnose.HostPath(p, inside) }

// Interpreter returns the path of what runs a file, see execve(2): the interpreter of a script, or the loader of a program; "" for none.
func Interpreter(file string) string { return diagnose.Interpreter(file) }

// Plan is all that a launch does, in order. It is a pure function of a profile and a [Host], and what it prints is what runs.
type Plan = plan.Plan

// The parts of a [Plan].
type (
	Action = plan.Action
	Actor  = plan.Actor
	Note   = plan.Note
	Step   = plan.Step
)

// The processes that do steps.
const (
	ByLauncher = plan.ByLauncher // the caller's
	ByStage    = plan.ByStage    // the child that enters and makes namespaces
	ByInit     = plan.ByInit     // process 1 of a new pid namespace
	ByCommand  = plan.ByCommand  // what becomes the command
)

// Compile makes the plan of a checked profile on a host. The arguments replace or follow the profile's command as
// [config.Command] says. Its error is a [config.Errors] with all that this host has against the profile.
func Compile(p *config.Profile, h *Host, words []string) (*Plan, error) {
	return compile.Compile(p, h, words)
}

// DefaultPath is the PATH of the command if the profile neither sets nor inherits one.
const DefaultPath = compile.DefaultPath

// DefaultEnv returns what a command gets of an environment if its profile has no [env], sorted by name.
func DefaultEnv(env []string) []string { return compile.DefaultEnv(env) }

// Target is a running sandbox, described for a process that enters it: what its launch left its command with.
type Target = plan.Target

// Entry is a command that enters a running sandbox.
type Entry = compile.Entry

// EntryUser is the user as whom a command enters a running sandbox.
type EntryUser = compile.EntryUser

// ProbeEntry asks this machine what [CompileEntry] has to know.
func ProbeEntry(e *Entry) (*Host, error) { return compile.ProbeEntry(e) }

// CompileEntry makes the plan of running a command in a target: in its namespaces, as its user, and never with more rights than
// its command was started with.
func CompileEntry(e *Entry, h *Host) (*Plan, error) { return compile.CompileEntry(e, h) }

// StepError says which step of a plan failed and why. It unwraps to the errno.
type StepError = plan.StepError

// Advice is the result of a diagnosis: one cause, and what helps against it. Cure is the latter.
type (
	Advice = plan.Advice
	Cure   = plan.Cure
)

// Placement asks for a unit of systemd for a sandbox, Placed is the one that it is in, and PlaceError says why
// it cannot be. See [Options.Place].
type (
	Placement  = step.Placement
	Placed     = step.Placed
	PlaceError = step.PlaceError
)
