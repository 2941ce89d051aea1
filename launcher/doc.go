// Package launcher starts the sandbox of a profile and stays with it until its command has ended.
//
// A launch has three parts. [Probe] looks at the machine, as far as the profile asks for it. [Compile] makes a [Plan]: the
// ordered steps of this launch, and the system calls that they come to. [Start] does them, and [Sandbox.Wait] returns how the
// command ended. [Run] is Start and Wait.
//
//	func main() {
//		launcher.Child() // the launcher executes this binary again
//		profile, err := config.Load("profile.toml", nil)
//		…
//		host, err := launcher.Probe(profile)
//		…
//		plan, err := launcher.Compile(profile, host, nil)
//		…
//		exit, err := launcher.Run(context.Background(), plan, launcher.Options{})
//		…
//	}
//
// The launcher is the process that calls Start. Compile asks nothing of the machine: the same profile and the same [Host] make the same plan. So a plan can be shown,
// compared and tested without a launch.
//
// The launcher does not talk to systemd and keeps no records. Its caller does, and passes functions that use them:
// [Options.Place], [Options.Notify], [Options.Lasting].
//
// # Entering
//
// A running sandbox is a [Target]. [ProbeEntry] and [CompileEntry] make the plan of a command that enters it, and Start runs that too.
//
// # Threads
//
// A [Plan] and a [Host] do not change once they are made, and may be shared. Start keeps a thread for itself as long as the
// launch needs one. With [Options.Signals], [Options.JobControl] or [Options.Resident] the sandbox is the only one of its process.
//
// # Errors
//
// Compile's error is a [config.Errors] with every reason why this machine cannot run the profile; nothing has happened then. A step that
// fails is a [*StepError], which names the step, its errno, the cause and what helps. Nothing of the sandbox is left then. How
// the command ends is no error: see [Exit].
//
// All of it needs Linux 6.1 or later.
package launcher
