package config

import (
	"fmt"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/mountprop"
)

// checker collects the settings of a profile that do not fit each other. What
// depends on a spoilt key is left alone: its problem is reported already.
type checker struct {
	p      *Profile
	spoilt map[string]bool
	errs   Errors
	more   int // problems that are not in errs
}

func (c *checker) run() {
	c.uts()
	c.propagation()
	c.root()
	c.proc()
	c.devSys()
	c.network()
	c.clocks()
	c.idmap()
	c.ids()
	c.initProcess()
	c.mounts()
	c.restrict()
	c.limits()
	c.scope()
	c.service()
}

// counted reports whether there are enough problems. It then counts one more, which is not reported.
func (c *checker) counted() bool {
	if len(c.errs) < lang.MaxProblems {
		return false
	}
	c.more++
	return true
}

// problem notes a value that does not fit, at the value.
func (c *checker) problem(key, format string, args ...any) {
	if !c.counted() {
		c.add(key, c.p.origins.ValuePos(key), format, args...)
	}
}

// misplaced notes a key that does not belong there, at the key.
func (c *checker) misplaced(key, format string, args ...any) {
	if !c.counted() {
		c.add(key, c.p.origins.KeyPos(key), format, args...)
	}
}

// add notes a problem of key. Where a bare value was written for it, the
// message names that.
func (c *checker) add(key string, pos Pos, format string, args ...any) {
	c.errs = append(c.errs, &Error{Pos: pos, Key: c.p.origins.Written(key), Msg: fmt.Sprintf(format, args...)})
}

// sound reports whether the keys, the tables above them and the keys below them have no known problem.
func (c *checker) sound(keys ...string) bool {
	for bad := range c.spoilt {
		for _, key := range keys {
			if toml.Within(bad, key) || toml.Within(key, bad) {
				return false
			}
		}
	}
	return true
}

// known reports whether it is sure what the namespace of that kind is.
func (c *checker) known(kinds ...NamespaceKind) bool {
	if len(c.spoilt) == 0 {
		return true
	}
	for _, k := range kinds {
		key := toml.JoinKey("namespaces", string(k))
		if !c.sound(key) {
			return false
		}
		if _, ok := c.p.origins[key]; !ok && !c.sound("namespaces.all") {
			return false
		}
	}
	return true
}

// lacks reports whether there is no new namespace of that kind.
func (c *checker) lacks(k NamespaceKind) bool {
	return c.known(k) && !c.p.Namespaces.New(k)
}

// needs notes that key needs a new namespace of that kind.
func (c *checker) needs(key string, k NamespaceKind) {
	need := c.newOne(k)
	if !c.p.ofFlags() && c.p.Origin(key).Pos.File == FromSet {
		need = asSetFlag(Setting{Key: "namespaces." + string(k), Value: "new"})
	}
	c.misplaced(key, "needs %s", need)
}

// newOne is how the caller asks for a new namespace of that kind.
func (c *checker) newOne(k NamespaceKind) string {
	return c.p.named(Setting{Key: "namespaces." + string(k), Value: "new"})
}

func (c *checker) uts() {
	if c.p.Hostname != "" && c.lacks(UTS) {
		c.needs("hostname", UTS)
	}
	if c.p.Domainname != "" && c.lacks(UTS) {
		c.needs("domainname", UTS)
	}
}

func (c *checker) propagation() {
	key := c.p.propagationKey()
	switch {
	case c.p.Propagation == "":
	case c.lacks(Mount):
		c.needs(key, Mount)
	case c.p.Propagation == mountprop.Shared:
		c.sharedInUser(key)
	}
}

// sharedInUser notes a propagation of "shared" in a new user namespace.
func (c *checker) sharedInUser(key string) {
	if c.known(User) && c.p.Namespaces.New(User) {
		// mount_namespaces(7): shared mounts become slaves in a less privileged namespace.
		c.problem(key, "the kernel allows no shared mounts with namespaces.user = \"new\", want %q", mountprop.SlaveShared)
	}
}

func (c *checker) proc() {
	p := c.p.Proc
	if !c.sound("proc.mode") {
		return
	}
	switch p.Mode {
	case ProcNew:
		if c.lacks(Mount) {
			c.needs("proc.mode", Mount)
		}
		if c.known(PID, User) && c.p.Namespaces[PID].Mode == NamespaceHost && c.p.Namespaces.New(User) {
			// A proc shows a pid namespace and is mounted by who owns that.
			c.misplaced("proc.mode", "needs %s, as namespaces.user is \"new\"", c.newOne(PID))
		}
	case ProcNone:
		if c.lacks(Mount) {
			c.needs("proc.mode", Mount)
		}
	}
	if p.Mode != ProcNew && c.known(PID, Mount) {
		c.procOption("proc.hidepid", p.Hidepid != "")
		c.procOption("proc.subset", p.Subset != "")
		c.procOption("proc.fallback", p.Fallback != "")
	}
	c.procPaths("proc.readonly_paths", p.ReadonlyPaths)
	c.procPaths("proc.masked_paths", p.MaskedPaths)
}

// procOption notes an option of a new proc where proc is not new.
func (c *checker) procOption(key string, given bool) {
	if given {
		c.misplaced(key, "needs proc.mode = %q (it is %q)", ProcNew, c.p.Proc.Mode)
	}
}

func (c *checker) procPaths(key string, paths []string) {
	switch {
	case len(paths) == 0:
	case c.p.Proc.Mode == ProcNone:
		c.misplaced(key, "needs a proc, and proc.mode is %q", ProcNone)
	case c.lacks(Mount):
		c.needs(key, Mount)
	case c.sound(key):
		c.procPathsThere(key, paths)
	}
}

func (c *checker) network() {
	if c.p.Network != "" && c.lacks(Net) {
		c.needs("network", Net)
	}
}

func (c *checker) clocks() {
	if (c.p.Time.Monotonic.Mode != ClockHost || c.p.Time.Boottime.Mode != ClockHost) && c.lacks(TimeNS) {
		c.needs("time", TimeNS)
	}
}

func (c *checker) initProcess() {
	if c.p.Process.Init && c.lacks(PID) {
		c.problem("process.init", "an init needs %s", c.newOne(PID))
	}
}
