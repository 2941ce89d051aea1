package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

// Entry asks to run a command in what runs already.
type Entry struct {
	Name   string // of the target, for people: "sandbox dev"
	Target plan.Target
	// Kinds are the namespaces to enter; nil: all that are not the caller's own.
	Kinds    []config.NamespaceKind
	Argv     []string
	User     *EntryUser      // nil: that of the target's command
	Cwd      string          // "": that of the target's command
	Env      []string        // NAME=VALUE, beside and over the target's own
	Terminal config.Terminal // "": a new one where the caller has one, else the caller's streams
	// CgroupOptional: who may not join Target.Cgroup stays where it is.
	CgroupOptional bool
}

// profile is what the entry comes to in the language of profiles: what the launcher
// and its diagnoses ask about.
func (e *Entry) profile(kinds []config.NamespaceKind) *config.Profile {
	p := config.NewEntry()
	p.File, p.Name = e.Name, e.Name
	p.Command = config.Command{Argv: e.Argv, Args: config.ArgsReplace}
	p.Namespaces = config.Namespaces{}
	p.Process = config.Process{Terminal: e.Terminal, StopSignal: "TERM", StopTimeout: 10 * time.Second,
		Capabilities: config.Capabilities{Mode: config.CapabilitiesKeep}}
	p.Scope, p.Service = config.Scope{Mode: config.ScopeOff}, config.Service{Notify: config.NotifyNone}
	for _, k := range config.Kinds() {
		p.Namespaces[k] = config.Namespace{Mode: config.NamespaceHost}
	}
	for _, k := range kinds {
		p.Namespaces[k] = config.Namespace{Mode: config.NamespacePID, PID: e.Target.Process.PID}
	}
	return p
}

// ProbeEntry asks this machine what [CompileEntry] has to know.
func ProbeEntry(e *Entry) (*host.Host, error) {
	h, err := host.Probe(e.profile(config.Kinds()))
	if err == nil {
		status, _ := host.ReadFile("/proc/self/status")
		h.Bounding = host.StatusSet(status, "CapBnd")
		h.Terminal.Streams = host.StreamTerminals()
	}
	return h, err
}

// CompileEntry makes the plan of running a command in a target: in its namespaces, as its
// user, and never with more rights than its command was started with.
func CompileEntry(e *Entry, h *host.Host) (*plan.Plan, error) {
	kinds, err := e.kinds(h)
	if err != nil {
		return nil, err
	}
	p := e.profile(kinds)
	if p.Process.Terminal == "" {
		p.Process.Terminal = config.TerminalInherit
		if h.Terminal.Any() {
			p.Process.Terminal = config.TerminalPTY
		}
	}
	c := &entryCompiler{compiler{p: p, h: h, argv: e.Argv, joins: kinds, stage: plan.ByStage}, e}
	if err := c.check(); err != nil {
		return nil, err
	}
	plan := &plan.Plan{Name: e.Name, Command: e.Argv, Source: p, Host: h, Layout: plan.NewLayout(nil, false, p.Process.Terminal == config.TerminalPTY)}
	c.reach()
	c.attach()
	c.become()
	if err := c.failed(); err != nil {
		return nil, err
	}
	plan.Steps = c.steps
	plan.Program, err = step.Assemble(plan, 0)
	return plan, err
}

// kinds are the namespaces that are entered: those asked for, as far as the caller is not in them.
func (e *Entry) kinds(h *host.Host) ([]config.NamespaceKind, error) {
	var kinds []config.NamespaceKind
	for _, k := range config.Kinds() {
		inode, known := e.Target.Namespaces[k]
		wanted := e.Kinds == nil || slices.Contains(e.Kinds, k)
		switch {
		case !wanted:
		case !known && (e.Kinds != nil || slices.Contains(e.Target.Own, k)):
			return nil, fmt.Errorf("%s: its %s namespace is unknown, because its process cannot be inspected (run nslaunch as root)", e.Name, k)
		case known && inode != h.OwnNamespaces[k]:
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

// entryCompiler appends the steps of an entry. Each is put down to the target.
type entryCompiler struct {
	compiler
	e *Entry
}

// add notes a step that the target asks for.
func (c *entryCompiler) add(by plan.Actor, a plan.Action) {
	c.steps = append(c.steps, plan.Step{By: by, Action: a, Origin: config.Origin{Pos: config.Pos{File: c.e.Name}}})
}

// sameUser reports whether the ids and capabilities of the target's command mean anything to who
// enters: not where its user namespace is left out.
func (c *entryCompiler) sameUser() bool {
	return c.isJoined(config.User) || c.e.Target.Namespaces[config.User] == c.h.OwnNamespaces[config.User]
}

// sameFiles reports whether the command is in the target's mount namespace, where its directories are.
func (c *entryCompiler) sameFiles() bool {
	return c.isJoined(config.Mount) || c.e.Target.Namespaces[config.Mount] == c.h.OwnNamespaces[config.Mount]
}

// check refuses what could give more rights than the target has, or cannot be done.
func (c *entryCompiler) check() error {
	t := &c.e.Target
	switch {
	case len(c.e.Argv) == 0 || c.e.Argv[0] == "":
		return fmt.Errorf("no command to run in %s", c.e.Name)
	case c.e.Cwd != "" && !c.sameFiles():
		return fmt.Errorf("%s: a directory of it needs its mount namespace, which is not entered", c.e.Name)
	}
	if err := c.checkUser(); err != nil {
		return err
	}
	switch {
	case c.isJoined(config.User) || !c.sameUser():
		return nil
	case len(c.joins) > 0 && !c.h.Has(host.CapSysAdmin):
		return fmt.Errorf("%s: entering a namespace needs CAP_SYS_ADMIN, which uid %d does not have here (run nslaunch as root)", c.e.Name, c.h.UID)
	case t.Bounding != nil && !t.NoNewPrivs && !c.h.Has(host.CapSetpcap) && c.h.Bounding&^*t.Bounding != 0:
		return fmt.Errorf("%s: its capability bounding set is smaller than that of this process, which cannot reduce its own without CAP_SETPCAP (run nslaunch as root)", c.e.Name)
	case t.Capabilities != nil && *t.Capabilities&^c.h.Caps != 0:
		return fmt.Errorf("%s: its command has the capabilities %s, which uid %d does not have here (run nslaunch as root)", c.e.Name, step.CapabilityWords(*t.Capabilities&^c.h.Caps), c.h.UID)
	}
	return nil
}

// reach: the stage starts among the caller's namespaces, waits until it is in the target's control
// group, hides, and then enters all namespaces in one call. From there on it is among processes
// that may have the same ids and capabilities: those must not look into it before its execve, while
// it still has what came with it from outside (CVE-2016-9962).
func (c *entryCompiler) reach() {
	t := &c.e.Target
	if c.p.Process.Terminal == config.TerminalPTY {
		c.compiler.add(plan.ByLauncher, "", step.OpenPTY{})
	}
	c.compiler.add(plan.ByLauncher, "", step.StartStage{Portable: c.h.Portable})
	c.compiler.add(plan.ByStage, "", step.DieWithLauncher{})
	c.compiler.add(plan.ByStage, "", step.BlockSignals{})
	c.compiler.add(plan.ByStage, "", step.WaitForLauncher{At: step.PointSetup})
	if t.OOMScoreAdj != nil {
		c.add(plan.ByLauncher, step.SetOOMScoreAdj{Value: *t.OOMScoreAdj})
	}
	if t.Nice != nil {
		c.add(plan.ByLauncher, step.SetNice{Value: *t.Nice})
	}
	if t.Cgroup != "" {
		c.add(plan.ByLauncher, step.JoinCgroup{Dir: t.Cgroup, Optional: c.e.CgroupOptional})
	}
	if len(c.joins) > 0 {
		c.add(plan.ByLauncher, step.LendProcess{Process: t.Process, Namespaces: t.Namespaces, Kinds: c.joins})
	}
	c.compiler.add(plan.ByLauncher, "", step.Release{At: step.PointSetup})
	c.add(plan.ByStage, step.HideProcess{})
	if c.dropsGroups() {
		c.add(plan.ByStage, step.SetGroups{})
	}
	if len(c.joins) > 0 {
		c.add(plan.ByStage, step.Enter{Process: t.Process, Kinds: c.joins})
	}
	if c.isJoined(config.User) {
		c.add(plan.ByStage, step.EnterUser{UID: t.RootUID, GID: t.RootGID, LastCap: c.h.LastCap, Lenient: !c.h.Has(host.CapSetuid), Hidden: true})
		c.compiler.add(plan.ByStage, "", step.DieWithLauncher{})
	}
	c.stage = plan.ByCommand
	if c.isJoined(config.PID) {
		c.add(plan.ByStage, step.MoveIntoPID{})
		c.compiler.add(plan.ByCommand, "", step.DieWithLauncher{})
		c.compiler.add(plan.ByCommand, "", step.WaitForLauncher{At: step.PointMoved})
		c.compiler.add(plan.ByLauncher, "", step.Release{At: step.PointMoved})
	}
}

// become is the tail of a launch, with what the target's launch did in its own.
func (c *entryCompiler) become() {
	t := &c.e.Target
	if t.Umask != nil {
		c.add(plan.ByCommand, step.SetUmask{Mask: *t.Umask})
	}
	c.compiler.add(plan.ByCommand, "", step.NewKeyring{})
	c.limits()
	if c.sameUser() {
		c.credentials()
	}
	switch {
	case c.e.Cwd != "":
		c.add(plan.ByCommand, step.ChangeDir{Path: c.e.Cwd})
	case c.sameFiles():
		c.add(plan.ByCommand, step.ChangeDir{Path: cmp.Or(t.Cwd, "/"), OrTop: t.CwdOrTop || t.Cwd == ""})
	}
	if t.NoNewPrivs {
		c.add(plan.ByCommand, step.SetNoNewPrivs{})
	}
	c.seal()
	env := c.environment()
	c.compiler.add(plan.ByCommand, "command", step.Execute{Argv: c.argv, Env: env, Path: host.Lookup(env, "PATH")})
}

// limits are the target's, but never higher than the caller's own.
func (c *entryCompiler) limits() {
	for _, r := range c.e.Target.Rlimits {
		own := c.h.Rlimits[r.Name]
		r.Hard = min(r.Hard, own.Hard)
		r.Soft = min(r.Soft, r.Hard)
		c.add(plan.ByCommand, step.SetRlimit{Rlimit: r})
	}
	if !slices.ContainsFunc(c.e.Target.Rlimits, func(r config.Rlimit) bool { return r.Name == "nofile" }) {
		c.compiler.add(plan.ByCommand, "", step.SetRlimit{Rlimit: c.h.Rlimits["nofile"], Restore: true})
	}
}

// credentials are those of the target's command, in the order in which a launch takes them up.
func (c *entryCompiler) credentials() {
	t := &c.e.Target
	if t.Bounding != nil && (c.isJoined(config.User) || c.h.Has(host.CapSetpcap)) {
		c.add(plan.ByCommand, step.DropBounding{Keep: *t.Bounding, LastCap: c.h.LastCap})
	}
	if t.Groups != nil {
		c.add(plan.ByCommand, step.SetGroups{Groups: *t.Groups})
	}
	if uid, gid := c.user(); uid >= 0 || gid >= 0 {
		c.add(plan.ByCommand, step.BecomeUser{UID: uid, GID: gid, KeepCaps: t.Capabilities != nil && *t.Capabilities != 0})
	}
	if t.Capabilities != nil {
		c.add(plan.ByCommand, step.SetCapabilities{Set: *t.Capabilities, Ambient: t.Ambient})
	}
}

// environment is the target's, except for what describes the caller's terminal, and what the entry says.
func (c *entryCompiler) environment() []string {
	env := c.terminalEnv()
	for _, v := range c.e.Env {
		name, _, _ := strings.Cut(v, "=")
		env = slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, name+"=") })
		env = append(env, v)
	}
	slices.Sort(env)
	return env
}

func (c *entryCompiler) terminalEnv() []string {
	env := slices.Clone(c.e.Target.Env)
	if c.p.Process.Terminal == config.TerminalNone || !c.h.Terminal.Any() {
		return env
	}
	for _, v := range c.h.Env {
		if !strings.HasPrefix(v, "TERM=") {
			continue
		}
		env = slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, "TERM=") })
		env = append(env, v)
	}
	slices.Sort(env)
	return env
}
