// Package compile makes the plan of a profile on a host: which steps, in which order, and the program that they come to.
// It asks nothing of the machine.
package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// Compile makes the plan of a checked profile on a host. The arguments replace or
// follow the profile's command as [config.Command] says. Its error is a
// [config.Errors] with all that this host has against the profile, or a [*host.NotProbedError].
func Compile(p *config.Profile, h *host.Host, words []string) (*plan.Plan, error) {
	c := &compiler{p: h.Arrange(h.Whole(p)), h: h, stage: plan.ByStage, steps: make([]plan.Step, 0, 40+len(p.Mounts))}
	c.p, c.again = h.Once(c.p)
	if len(p.Globs) > 0 {
		c.checkMatches(h.WithMatches(p))
	}
	c.kinds()
	c.command(words)
	c.ids = c.idMaps()
	c.privileges()
	c.service()
	c.noteInherit()
	c.restrictKernel()
	if err := c.failed(); err != nil {
		return nil, err
	}
	plan := &plan.Plan{
		Name: p.Name, Command: c.argv, Source: p, Host: h,
		Layout: plan.NewLayout(c.keepFDs(), p.Process.Init, p.Process.Terminal == config.TerminalPTY),
	}
	c.start()
	c.settle()
	c.inside()
	c.become()
	if err := c.failed(); err != nil {
		return nil, err
	}
	plan.Steps, plan.Notes = c.steps, c.notes
	var atStart uint64
	if len(c.joins) == 0 {
		atStart = host.CloneFlags(c.atOnce)
	}
	var err error
	plan.Program, err = step.Assemble(plan, atStart)
	return plan, err
}

// compiler appends a plan's steps in the order in which they must be done.
// The reasons for the order stand with the methods, in that order.
type compiler struct {
	p     *config.Profile
	h     *host.Host
	steps []plan.Step
	errs  config.Errors
	// missed is what the host was not asked, and should have been.
	missed []string
	notes  []plan.Note

	argv   []string
	fresh  []config.NamespaceKind // new ones
	joins  []config.NamespaceKind // joined ones
	atOnce []config.NamespaceKind // new ones that are made in one call: all but cgroup and time
	ids    idMaps
	stage  plan.Actor // who goes on inside: the stage, or init

	covered  bool // the kernel's settings are
	strayCwd bool // the working directory is reached through a link that may be planted; said once

	// lies has the layer of each mount point in a root of the sandbox's own.
	lies  map[string]tree.Layer
	lacks lacks
	// again are the entries that ask for what another one does.
	again []host.Repeated
}

func (c *compiler) add(by plan.Actor, key string, a plan.Action) {
	c.steps = append(c.steps, plan.Step{By: by, Action: a, Origin: c.p.Origin(key)})
}

func (c *compiler) errorf(key, format string, args ...any) {
	at := plan.Place(c.p, c.p.Origin(key))
	c.errs = append(c.errs, &config.Error{Pos: at.Pos, Key: at.Key, Msg: fmt.Sprintf(format, args...)})
}

// say writes a change of the profile as who wrote that would.
func (c *compiler) say(key string, value any) string { return c.p.Worded(plan.Set(key, value)) }

// sorted gives the errors in source order.
func (c *compiler) sorted() error {
	slices.SortStableFunc(c.errs, func(a, b *config.Error) int { return comparePos(a.Pos, b.Pos) })
	return c.errs
}

func comparePos(a, b config.Pos) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}

func (c *compiler) isNew(k config.NamespaceKind) bool { return c.p.Namespaces.New(k) }

func (c *compiler) isJoined(k config.NamespaceKind) bool { return c.p.Namespaces[k].Joined() }

// kinds sorts the namespaces into new and joined ones.
func (c *compiler) kinds() {
	for _, k := range config.Kinds() {
		switch {
		case c.isNew(k):
			c.fresh = append(c.fresh, k)
			if k != config.Cgroup && k != config.TimeNS {
				c.atOnce = append(c.atOnce, k)
			}
		case c.isJoined(k):
			c.joins = append(c.joins, k)
			c.checkJoin(k)
		}
	}
}

// start: a stage is cloned straight into its namespaces, or, where some are
// joined, starts among the caller's, enters those, and then makes the others.
func (c *compiler) start() {
	c.layerDirs()
	if c.p.Process.Terminal == config.TerminalPTY {
		c.add(plan.ByLauncher, "process.terminal", step.OpenPTY{})
	}
	if len(c.joins) > 0 {
		c.add(plan.ByLauncher, "namespaces", step.StartStage{Portable: c.h.Portable})
	} else {
		c.add(plan.ByLauncher, "namespaces", step.StartStage{New: c.atOnce, Portable: c.h.Portable, NoGroups: c.dropsAtStart()})
	}
	c.add(plan.ByStage, "", step.DieWithLauncher{})
	c.add(plan.ByStage, "", step.BlockSignals{})
	if c.isNew(config.TimeNS) {
		c.add(plan.ByStage, plan.Key(config.TimeNS), step.OpenSelf{})
	}
	c.join()
	if len(c.joins) > 0 && c.isNew(config.User) {
		c.add(plan.ByStage, plan.Key(config.User), step.Unshare{New: []config.NamespaceKind{config.User}})
	}
}

// join enters namespaces that the caller's user namespace owns before the user
// namespace, with the caller's privilege, and those that it owns after it, with the privilege inside.
func (c *compiler) join() {
	var before, after []config.NamespaceKind
	for _, k := range c.joins {
		c.add(plan.ByStage, plan.Key(k), step.OpenNamespace{Kind: k, File: c.joining(k)})
		switch owner := c.joining(k).Owner; {
		case k == config.User:
		case !c.isJoined(config.User), owner == c.h.OwnNamespaces[config.User]:
			before = append(before, k)
		default:
			after = append(after, k)
		}
	}
	if c.dropsGroups() || len(c.joins) > 0 && c.isNew(config.User) && c.ids.deny && c.h.Has(host.CapSetgid) && !c.h.SetgroupsDenied {
		c.add(plan.ByStage, plan.Key(config.User), step.SetGroups{})
	}
	order := before
	if c.isJoined(config.User) {
		order = append(order, config.User)
	}
	for _, k := range append(order, after...) {
		c.add(plan.ByStage, plan.Key(k), step.Join{Kind: k, Path: c.joining(k).Path})
	}
}

// settle: what the launcher does to the waiting stage: id maps, limits that need its privilege, its unit.
// Then the stage takes up its ids and makes the namespaces that are left.
func (c *compiler) settle() {
	waits := len(c.steps)
	c.writeMaps()
	pr := c.p.Process
	for i, r := range c.p.Limits.Rlimits {
		if c.raises(r) {
			c.add(plan.ByLauncher, "limits.rlimits."+r.Name, step.RaiseRlimit{Rlimit: c.p.Limits.Rlimits[i]})
		}
	}
	if pr.OOMScoreAdj != nil {
		c.add(plan.ByLauncher, "process.oom_score_adj", step.SetOOMScoreAdj{Value: *pr.OOMScoreAdj})
	}
	if pr.Nice != nil {
		c.add(plan.ByLauncher, "process.nice", step.SetNice{Value: *pr.Nice})
	}
	for _, m := range c.idmapped() {
		c.add(plan.ByLauncher, m.Key, step.LendTree{Source: m.Source, File: c.source(m.Key, m.Source), Recursive: m.Recursive, Map: *m.IDMap})
	}
	c.lendSocket()
	c.scope()
	if len(c.steps) > waits { // else there is nothing to wait for
		c.steps = slices.Insert(c.steps, waits, plan.Step{By: plan.ByStage, Action: step.WaitForLauncher{At: step.PointSetup}, Origin: c.p.Origin("")})
		c.add(plan.ByLauncher, "", step.Release{At: step.PointSetup})
	}
	for _, m := range c.idmapped() {
		c.add(plan.ByStage, m.Key, step.ReceiveTree{Source: m.Source, Target: m.Target})
	}
	c.receiveSocket()
	if c.isNew(config.User) || c.isJoined(config.User) {
		origin := "idmap"
		if c.isJoined(config.User) {
			origin = plan.Key(config.User)
		}
		c.add(plan.ByStage, origin, step.EnterUser{UID: c.ids.stageUID, GID: c.ids.stageGID, LastCap: c.h.LastCap, Lenient: c.isJoined(config.User) && !c.h.Has(host.CapSetuid)})
		c.add(plan.ByStage, "", step.DieWithLauncher{})
	}
	if len(c.joins) > 0 {
		if rest := without(c.atOnce, config.User); len(rest) > 0 {
			c.add(plan.ByStage, "namespaces", step.Unshare{New: rest})
		}
	}
	// Its root is the cgroup that the process is in: not before it was placed.
	if c.isNew(config.Cgroup) {
		c.add(plan.ByStage, plan.Key(config.Cgroup), step.Unshare{New: []config.NamespaceKind{config.Cgroup}})
	}
	if c.isNew(config.TimeNS) {
		c.add(plan.ByStage, "time", c.newTime())
	}
	if len(c.p.Restrict.Forbidden()) > 0 {
		c.add(plan.ByStage, "restrict.namespaces", step.OpenLimits{}) // while the caller's /proc is there
	}
	// A pid namespace that was not cloned into holds only later children.
	if len(c.joins) > 0 && (c.isNew(config.PID) || c.isJoined(config.PID)) {
		c.stage = plan.ByCommand
		if c.p.Process.Init {
			c.stage = plan.ByInit
		}
		if c.isJoined(config.PID) {
			c.add(plan.ByStage, plan.Key(config.PID), step.HideProcess{})
		}
		c.add(plan.ByStage, plan.Key(config.PID), step.MoveIntoPID{})
		c.add(c.stage, "", step.DieWithLauncher{})
		c.add(c.stage, "", step.WaitForLauncher{At: step.PointMoved})
		c.add(plan.ByLauncher, "", step.Release{At: step.PointMoved})
	} else if c.p.Process.Init {
		c.stage = plan.ByInit
	}
}

func without(kinds []config.NamespaceKind, k config.NamespaceKind) []config.NamespaceKind {
	return slices.DeleteFunc(slices.Clone(kinds), func(o config.NamespaceKind) bool { return o == k })
}

// newTime works out the offsets, which the kernel takes relative to the
// initial time namespace, whichever the caller is in.
func (c *compiler) newTime() step.NewTime {
	offset := func(clock config.Clock, host host.ClockState) step.ClockOffset {
		switch clock.Mode {
		case config.ClockOffset:
			return step.ClockOffset{Set: true, Offset: host.Offset + clock.Value, Text: seconds(clock.Value, "+")}
		case config.ClockStart:
			return step.ClockOffset{Set: true, Offset: host.Offset + clock.Value - host.Now, Text: "starts at " + seconds(clock.Value, "")}
		}
		return step.ClockOffset{}
	}
	return step.NewTime{Monotonic: offset(c.p.Time.Monotonic, c.h.Monotonic), Boottime: offset(c.p.Time.Boottime, c.h.Boottime)}
}

// seconds writes a duration in full, with plus before one that is not negative.
func seconds(d time.Duration, plus string) string {
	if d < 0 {
		plus = ""
	}
	return plus + strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// inside: what is done in the namespaces: propagation before any mount, proc once inside the
// pid namespace, names, loopback.
func (c *compiler) inside() {
	if tree.ChangesTree(c.p) {
		c.build()
	} else {
		c.hostTree()
	}
	if c.p.Hostname != "" {
		c.add(c.stage, "hostname", step.SetHostname{Name: c.p.Hostname})
	}
	if c.p.Domainname != "" {
		c.add(c.stage, "domainname", step.SetDomainname{Name: c.p.Domainname})
	}
	if c.p.Network == config.NetworkLoopback {
		c.add(c.stage, "network", step.LoopbackUp{})
	}
	// A mount that is in no tree yet counts as a mount namespace, so all are made by now.
	if kinds := c.p.Restrict.Forbidden(); len(kinds) > 0 {
		c.add(c.stage, "restrict.namespaces", step.ForbidNamespaces{Kinds: kinds})
	}
}

// hostTree: the host's tree stays as it is, except for proc.
func (c *compiler) hostTree() {
	propagation := c.p.Propagation
	if propagation == mountprop.Unbindable && (c.touchesProc() || c.covered) {
		propagation = mountprop.Private // while there is something to bind
	}
	if propagation != "" {
		c.add(c.stage, "propagation", step.SetPropagation{Target: "/", Propagation: propagation, Recursive: true})
	}
	c.proc()
	c.sealKernel()
	if propagation != c.p.Propagation {
		c.add(c.stage, "propagation", step.SetPropagation{Target: "/", Propagation: c.p.Propagation, Recursive: true})
	}
}

// become: the tail, in which the last process becomes the command, each step
// needing a privilege that a later one takes away.
func (c *compiler) become() {
	pr := c.p.Process
	if pr.Init {
		c.add(plan.ByInit, "process.init", step.ForkCommand{})
		c.add(plan.ByInit, "process.init", step.BeInit{})
		c.add(plan.ByCommand, "", step.DieWithLauncher{})
	} else {
		c.stage = plan.ByCommand
	}
	c.attach()
	switch {
	case pr.Umask != nil:
		c.add(plan.ByCommand, "process.umask", step.SetUmask{Mask: *pr.Umask})
	case tree.ChangesTree(c.p):
		c.add(plan.ByCommand, "process.umask", step.SetUmask{Mask: c.h.Umask})
	}
	c.add(plan.ByCommand, "", step.NewKeyring{})
	c.rlimits()
	c.credentials()
	switch {
	case pr.Cwd != "":
		c.add(plan.ByCommand, "process.cwd", step.ChangeDir{Path: pr.Cwd, OrTop: false})
	case tree.ChangesTree(c.p), c.covered:
		// What the caller's directory was may lie below a mount.
		c.add(plan.ByCommand, "process.cwd", step.ChangeDir{Path: cmp.Or(c.h.Cwd, "/"), OrTop: true})
	}
	if pr.NoNewPrivs {
		c.add(plan.ByCommand, "process.no_new_privs", step.SetNoNewPrivs{})
	}
	c.seal()
	env := c.environment()
	c.add(plan.ByCommand, "command", step.Execute{Argv: c.argv, Env: env, Path: host.Lookup(env, "PATH")})
}

// attach: what will be the command gets its session, and the launcher does its last steps.
func (c *compiler) attach() {
	pr := c.p.Process
	// The group exists before the launcher hands it the terminal.
	inGroup := pr.Terminal == config.TerminalInherit && (c.h.Terminal.Interactive || !c.h.Terminal.Controlling)
	c.add(plan.ByCommand, "process.terminal", step.SetSession{Terminal: pr.Terminal, Group: inGroup})
	c.add(plan.ByCommand, "", step.WaitForLauncher{At: step.PointCommand})
	if pr.Init {
		c.add(plan.ByLauncher, "process.init", step.AwaitInit{})
	}
	if inGroup && c.h.Terminal.Interactive && c.h.Terminal.Foreground {
		c.add(plan.ByLauncher, "process.terminal", step.GiveTerminal{})
	}
	c.notifications()
	c.add(plan.ByLauncher, "", step.Release{At: step.PointCommand})
}

// seal: nothing of the launcher's is left with the command.
func (c *compiler) seal() {
	c.add(plan.ByCommand, "", step.DieWithLauncher{Check: true})
	c.sockets()
	c.add(plan.ByCommand, "process.keep_fds", step.CloseFDs{Keep: c.keepFDs()})
	c.add(plan.ByCommand, "", step.UnblockSignals{})
}

// raises reports whether a limit is set by the launcher: where its hard limit goes up.
func (c *compiler) raises(r config.Rlimit) bool { return r.Hard > c.h.Rlimits[r.Name].Hard }

func (c *compiler) rlimits() {
	nofile := false
	for _, r := range c.p.Limits.Rlimits {
		nofile = nofile || r.Name == "nofile"
		if !c.raises(r) || r.Name == "nofile" {
			c.add(plan.ByCommand, "limits.rlimits."+r.Name, step.SetRlimit{Rlimit: r})
		}
	}
	if !nofile {
		c.add(plan.ByCommand, "limits.rlimits.nofile", step.SetRlimit{Rlimit: c.h.Rlimits["nofile"], Restore: true})
	}
}
