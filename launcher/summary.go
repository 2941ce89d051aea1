package launcher

import "github.com/nslaunch/nslaunch/launcher/internal/summary"

// Summary is what a sandbox may do, for people and for programs: what it can write, read and not see, its network, who it is, and
// what is not protected. Its fields have stable names in JSON.
type Summary = summary.Summary

// The parts of a [Summary].
type (
	Access      = summary.Access
	Environment = summary.Environment
	Gap         = summary.Gap
	Home        = summary.Home
	Limit       = summary.Limit
	Limits      = summary.Limits
	Network     = summary.Network
	NSOrigin    = summary.Origin
	Over        = summary.Over
	Place       = summary.Place
	Processes   = summary.Processes
	Remark      = summary.Note
	Shows       = summary.Shows
	User        = summary.User
)

// What the sandbox can do in a [Place].
const (
	AccessWrite  = summary.Write
	AccessRead   = summary.Read
	AccessHidden = summary.Hidden
)

// What a [Place] shows.
const (
	ShowsHost    = summary.Host
	ShowsMemory  = summary.Memory
	ShowsOverlay = summary.Overlay
	ShowsContent = summary.Content
	ShowsKernel  = summary.Kernel
	ShowsDevice  = summary.Device
	ShowsSocket  = summary.Socket
	ShowsNothing = summary.Nothing
	ShowsJoined  = summary.Joined
)

// What the capabilities of a [User] hold over.
const (
	OverMachine = summary.OverMachine
	OverCaller  = summary.OverCaller
	OverSandbox = summary.OverSandbox
)

// Where a namespace comes from.
const (
	NSOfHost = summary.OfHost
	NSOwn    = summary.Own
	NSJoined = summary.OfOthers
	NSNone   = summary.NoProc // of [Processes].Sees: there is no /proc
)

// Summarize says what the sandbox of a plan may do. The machine says only what a symbolic link to the home directory leads to.
func Summarize(p *Plan) *Summary { return summary.Of(p) }

// SummarizeRunning says what a sandbox that runs may do, as the kernel sees its command. The caller adds its name, command and profile.
func SummarizeRunning(t *Target) (*Summary, error) { return summary.Running(t) }
