package launcher

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
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
