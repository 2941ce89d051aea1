package launcher

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// Compile makes the plan of a checked profile on a host. The words replace or
// follow the profile's command as [config.Command] says. Its error is a
// [config.Errors] with all that this host has against the profile.
func Compile(p *config.Profile, h *host.Host, words []string) (*Plan, error) {
	c := &compiler{p: h.Arrange(h.Whole(p)), h: h, stage: ByStage, steps: make([]Step, 0, 40+len(p.Mounts))}
	c.p, c.again = h.Once(c.p)
	if len(p.Globs) > 0 {
		c.checkMatches(h.WithMatches(p))
	}
	c.kinds()
	c.command(words)
	c.ids = c.idMaps()
	c.privileges()
	c.service()
	c.restrictKernel()
	if len(c.errs) > 0 {
		return nil, c.sorted()
	}
	plan := &Plan{
		Name: p.Name, Command: c.argv, profile: p, host: h,
		layout: newLayout(c.keepFDs(), p.Process.Init, p.Process.Terminal == config.TerminalPTY),
	}
	c.start()
	c.settle()
	c.inside()
	c.become()
	if len(c.errs) > 0 {
		return nil, c.sorted()
	}
	plan.Steps, plan.Notes = c.steps, c.notes
	var atStart uint64
	if len(c.joins) == 0 {
		atStart = host.CloneFlags(c.atOnce)
	}
	var err error
	plan.program, err = assemble(plan, atStart)
	return plan, err
}

// compiler appends a plan's steps in the order in which they must be done.
// The reasons for the order stand with the methods, in that order.
type compiler struct {
	p     *config.Profile
	h     *host.Host
	steps []Step
	errs  config.Errors
	notes []Note

	argv   []string
	fresh  []config.NamespaceKind // new ones
	joins  []config.NamespaceKind // joined ones
	atOnce []config.NamespaceKind // new ones that are made in one call: all but cgroup and time
	ids    idMaps
	stage  Actor // who goes on inside: the stage, or init

	covered  bool // the kernel's settings are
	strayCwd bool // the working directory is reached through a link that may be planted; said once

	// lies has the layer of each mount point in a root of the sandbox's own.
	lies map[string]tree.Layer
	// again are the entries that ask for what another one does.
	again []host.Repeated
}

func (c *compiler) add(by Actor, key string, a Action) {
	c.steps = append(c.steps, Step{by, a, c.p.Origin(key)})
}

func (c *compiler) errorf(key, format string, args ...any) {
	c.errs = append(c.errs, &config.Error{Pos: place(c.p, c.p.Origin(key)).Pos, Key: key, Msg: fmt.Sprintf(format, args...)})
}

// say writes a change of the profile as who wrote that would.
func (c *compiler) say(key string, value any) string { return c.p.Worded(set(key, value)) }

// sorted gives the errors in source order.
func (c *compiler) sorted() error {
	slices.SortStableFunc(c.errs, func(a, b *config.Error) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	return c.errs
}

func (c *compiler) isNew(k config.NamespaceKind) bool { return c.p.Namespaces.New(k) }

func (c *compiler) isJoined(k config.NamespaceKind) bool { return c.p.Namespaces[k].Joined() }

func key(k config.NamespaceKind) string { return "namespaces." + string(k) }

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
		c.add(ByLauncher, "process.terminal", openPTY{})
	}
	if len(c.joins) > 0 {
		c.add(ByLauncher, "namespaces", startStage{Portable: c.h.Portable})
	} else {
		c.add(ByLauncher, "namespaces", startStage{c.atOnce, c.h.Portable, c.dropsAtStart()})
	}
	c.add(ByStage, "", dieWithLauncher{})
	c.add(ByStage, "", blockSignals{})
	if c.isNew(config.TimeNS) {
		c.add(ByStage, key(config.TimeNS), openSelf{})
	}
	c.join()
	if len(c.joins) > 0 && c.isNew(config.User) {
		c.add(ByStage, key(config.User), unshare{[]config.NamespaceKind{config.User}})
	}
}

// join enters namespaces that the caller's user namespace owns before the user
// namespace, with the caller's privilege, and those that it owns after it, with what is had inside.
func (c *compiler) join() {
	var before, after []config.NamespaceKind
	for _, k := range c.joins {
		c.add(ByStage, key(k), openNamespace{k, c.h.Joins[k]})
		switch owner := c.h.Joins[k].Owner; {
		case k == config.User:
		case !c.isJoined(config.User), owner == c.h.OwnNamespaces[config.User]:
			before = append(before, k)
		default:
			after = append(after, k)
		}
	}
	if c.dropsGroups() || len(c.joins) > 0 && c.isNew(config.User) && c.ids.deny && c.h.Has(host.CapSetgid) && !c.h.SetgroupsDenied {
		c.add(ByStage, key(config.User), setGroups{})
	}
	order := before
	if c.isJoined(config.User) {
		order = append(order, config.User)
	}
	for _, k := range append(order, after...) {
		c.add(ByStage, key(k), join{k, c.h.Joins[k].Path})
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
			c.add(ByLauncher, "limits.rlimits."+r.Name, raiseRlimit{c.p.Limits.Rlimits[i]})
		}
	}
	if pr.OOMScoreAdj != nil {
		c.add(ByLauncher, "process.oom_score_adj", setOOMScoreAdj{*pr.OOMScoreAdj})
	}
	if pr.Nice != nil {
		c.add(ByLauncher, "process.nice", setNice{*pr.Nice})
	}
	for _, m := range c.idmapped() {
		c.add(ByLauncher, m.Key, lendTree{m.Source, c.source(m.Key, m.Source), m.Recursive, *m.IDMap})
	}
	c.lendSocket()
	c.scope()
	if len(c.steps) > waits { // else there is nothing to wait for
		c.steps = slices.Insert(c.steps, waits, Step{ByStage, waitForLauncher{pointSetup}, c.p.Origin("")})
		c.add(ByLauncher, "", release{pointSetup})
	}
	for _, m := range c.idmapped() {
		c.add(ByStage, m.Key, receiveTree{m.Source, m.Target})
	}
	c.receiveSocket()
	if c.isNew(config.User) || c.isJoined(config.User) {
		origin := "idmap"
		if c.isJoined(config.User) {
			origin = key(config.User)
		}
		c.add(ByStage, origin, enterUser{UID: c.ids.stageUID, GID: c.ids.stageGID, LastCap: c.h.LastCap, Lenient: c.isJoined(config.User) && !c.h.Has(host.CapSetuid)})
		c.add(ByStage, "", dieWithLauncher{})
	}
	if len(c.joins) > 0 {
		if rest := without(c.atOnce, config.User); len(rest) > 0 {
			c.add(ByStage, "namespaces", unshare{rest})
		}
	}
	// Its root is the cgroup that the process is in: not before it was placed.
	if c.isNew(config.Cgroup) {
		c.add(ByStage, key(config.Cgroup), unshare{[]config.NamespaceKind{config.Cgroup}})
	}
	if c.isNew(config.TimeNS) {
		c.add(ByStage, "time", c.newTime())
	}
	if len(c.p.Restrict.Forbidden()) > 0 {
		c.add(ByStage, "restrict.namespaces", openLimits{}) // while the caller's /proc is there
	}
	// A pid namespace that was not cloned into holds only later children.
	if len(c.joins) > 0 && (c.isNew(config.PID) || c.isJoined(config.PID)) {
		c.stage = ByCommand
		if c.p.Process.Init {
			c.stage = ByInit
		}
		if c.isJoined(config.PID) {
			c.add(ByStage, key(config.PID), hideProcess{})
		}
		c.add(ByStage, key(config.PID), moveIntoPID{})
		c.add(c.stage, "", dieWithLauncher{})
		c.add(c.stage, "", waitForLauncher{pointMoved})
		c.add(ByLauncher, "", release{pointMoved})
	} else if c.p.Process.Init {
		c.stage = ByInit
	}
}

func without(kinds []config.NamespaceKind, k config.NamespaceKind) []config.NamespaceKind {
	return slices.DeleteFunc(slices.Clone(kinds), func(o config.NamespaceKind) bool { return o == k })
}

// newTime works out the offsets, which the kernel takes relative to the
// initial time namespace, whichever the caller is in.
func (c *compiler) newTime() newTime {
	offset := func(clock config.Clock, host host.ClockState) clockOffset {
		switch clock.Mode {
		case config.ClockOffset:
			return clockOffset{true, host.Offset + clock.Value, seconds(clock.Value, "+")}
		case config.ClockStart:
			return clockOffset{true, host.Offset + clock.Value - host.Now, "starts at " + seconds(clock.Value, "")}
		}
		return clockOffset{}
	}
	return newTime{offset(c.p.Time.Monotonic, c.h.Monotonic), offset(c.p.Time.Boottime, c.h.Boottime)}
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
		c.add(c.stage, "hostname", setHostname{c.p.Hostname})
	}
	if c.p.Domainname != "" {
		c.add(c.stage, "domainname", setDomainname{c.p.Domainname})
	}
	if c.p.Network == config.NetworkLoopback {
		c.add(c.stage, "network", loopbackUp{})
	}
	// A mount that is in no tree yet counts as a mount namespace, so all are made by now.
	if kinds := c.p.Restrict.Forbidden(); len(kinds) > 0 {
		c.add(c.stage, "restrict.namespaces", forbidNamespaces{kinds})
	}
}

// hostTree: the host's tree stays as it is, but for proc.
func (c *compiler) hostTree() {
	propagation := c.p.Propagation
	if propagation == mountprop.Unbindable && (c.touchesProc() || c.covered) {
		propagation = mountprop.Private // while there is something to bind
	}
	if propagation != "" {
		c.add(c.stage, "propagation", setPropagation{"/", propagation, true})
	}
	c.proc()
	c.sealKernel()
	if propagation != c.p.Propagation {
		c.add(c.stage, "propagation", setPropagation{"/", c.p.Propagation, true})
	}
}

// become: the tail, in which the last process becomes the command, each step
// needing a privilege that a later one takes away.
func (c *compiler) become() {
	pr := c.p.Process
	if pr.Init {
		c.add(ByInit, "process.init", forkCommand{})
		c.add(ByInit, "process.init", beInit{})
		c.add(ByCommand, "", dieWithLauncher{})
	} else {
		c.stage = ByCommand
	}
	c.attach()
	switch {
	case pr.Umask != nil:
		c.add(ByCommand, "process.umask", setUmask{*pr.Umask})
	case tree.ChangesTree(c.p):
		c.add(ByCommand, "process.umask", setUmask{c.h.Umask})
	}
	c.add(ByCommand, "", newKeyring{})
	c.rlimits()
	c.credentials()
	switch {
	case pr.Cwd != "":
		c.add(ByCommand, "process.cwd", changeDir{pr.Cwd, false})
	case tree.ChangesTree(c.p), c.covered:
		// What the caller's directory was may lie below a mount.
		c.add(ByCommand, "process.cwd", changeDir{cmp.Or(c.h.Cwd, "/"), true})
	}
	if pr.NoNewPrivs {
		c.add(ByCommand, "process.no_new_privs", setNoNewPrivs{})
	}
	c.seal()
	env := c.environment()
	c.add(ByCommand, "command", execute{c.argv, env, lookup(env, "PATH")})
}

// attach: what will be the command gets its session, and the launcher's last words.
func (c *compiler) attach() {
	pr := c.p.Process
	// The group exists before the launcher hands it the terminal.
	inGroup := pr.Terminal == config.TerminalInherit && (c.h.Terminal.Interactive || !c.h.Terminal.Controlling)
	c.add(ByCommand, "process.terminal", setSession{pr.Terminal, inGroup})
	c.add(ByCommand, "", waitForLauncher{pointCommand})
	if pr.Init {
		c.add(ByLauncher, "process.init", awaitInit{})
	}
	if inGroup && c.h.Terminal.Interactive && c.h.Terminal.Foreground {
		c.add(ByLauncher, "process.terminal", giveTerminal{})
	}
	c.notifications()
	c.add(ByLauncher, "", release{pointCommand})
}

// seal: nothing of the launcher's is left with the command.
func (c *compiler) seal() {
	c.add(ByCommand, "", dieWithLauncher{Check: true})
	c.sockets()
	c.add(ByCommand, "process.keep_fds", closeFDs{c.keepFDs()})
	c.add(ByCommand, "", unblockSignals{})
}

// raises tells whether a limit is set by the launcher: where its hard limit goes up.
func (c *compiler) raises(r config.Rlimit) bool { return r.Hard > c.h.Rlimits[r.Name].Hard }

func (c *compiler) rlimits() {
	nofile := false
	for _, r := range c.p.Limits.Rlimits {
		nofile = nofile || r.Name == "nofile"
		if !c.raises(r) || r.Name == "nofile" {
			c.add(ByCommand, "limits.rlimits."+r.Name, setRlimit{Rlimit: r})
		}
	}
	if !nofile {
		c.add(ByCommand, "limits.rlimits.nofile", setRlimit{c.h.Rlimits["nofile"], true})
	}
}
