package config

import (
	"path"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/mountprop"
)

// root checks what "/" is made of.
func (c *checker) root() {
	r := c.p.Root
	if (r.Mode == RootTmpfs || r.Mode == RootPath || r.Readonly || r.Overlay.Mode != OverlayNone || len(r.Options) > 0) && c.lacks(Mount) {
		c.needs("root", Mount)
	}
	if r.Mode == RootTmpfs && r.Overlay.Mode != OverlayNone && c.sound("root.path") {
		c.misplaced("root.overlay", "needs root.path = %q or a directory (it is %q)", RootHost, RootTmpfs)
	}
}

// devSys checks dev and sys.
func (c *checker) devSys() {
	switch _, execGiven := c.p.origins["dev.exec"]; {
	case c.p.Dev.Mode != "" && c.lacks(Mount):
		c.needs("dev.mode", Mount)
	case execGiven && c.p.Dev.Mode != DevMinimal && c.sound("dev"):
		c.misplaced("dev.exec", "needs dev.mode = %q", DevMinimal)
	}
	if c.p.Sys != "" && c.lacks(Mount) {
		c.needs("sys", Mount)
	}
	if c.p.Sys == SysNew {
		c.needsOwn("sys", Net)
	}
}

// needsOwn notes where the namespace of that kind is the launcher's.
func (c *checker) needsOwn(key string, k NamespaceKind) {
	if c.known(k) && c.p.Namespaces[k].Mode == NamespaceHost {
		c.misplaced(key, "needs %s or a joined one", c.newOne(k))
	}
}

func (c *checker) mounts() {
	if len(c.p.Mounts)+len(c.p.Globs) > 0 && c.lacks(Mount) {
		c.needs("mounts", Mount)
	}
	// What is mounted so far; parents come first.
	seen := make(map[string]*MountEntry, len(c.p.Mounts))
	for i := range c.p.Mounts {
		m := &c.p.Mounts[i]
		if first, ok := seen[m.Target]; ok {
			by := c.p.Origin(first.Key).Key
			if pos := c.p.origins.KeyPos(first.Key); !pos.IsZero() {
				by += ", at " + pos.String()
			}
			if !c.homeIsProject(first, m) {
				c.misplaced(m.Key, "%q is mounted already by %s (remove one of them)", m.Target, by)
			}
			continue
		}
		seen[m.Target] = m
		c.mountPlace(m, seen)
		c.mountType(m)
		c.mountBind(m)
	}
	c.globs()
}

// globs checks the patterns of entries. What they match is checked when it is known.
func (c *checker) globs() {
	first := map[string]string{}
	for _, g := range c.p.Globs {
		if key, ok := first[g.Pattern]; ok {
			c.misplaced(g.Entry.Key, "the pattern %q is given already, at %s", g.Pattern, c.p.origins.KeyPos(key))
			continue
		}
		first[g.Pattern] = g.Entry.Key
		if strings.HasPrefix(g.Pattern, "/proc/") {
			m := g.Entry
			m.Target, m.Source = g.Pattern, g.Pattern
			c.mountPlace(&m, nil)
		}
	}
}

// homeIsProject notes that one of two entries of a target shows the project and the other one hides the home directory, which are the
// same here, and reports whether it is so. The error is at what the user wrote, which is seldom the entry.
func (c *checker) homeIsProject(a, b *MountEntry) bool {
	what := ""
	for _, m := range []*MountEntry{a, b} {
		text, _ := c.p.origins[m.Key].Text()
		switch {
		case strings.Contains(text, "${cwd}"):
			what = "the working directory"
		case strings.Contains(text, "${git:work_tree}"):
			what = "the git work tree"
		}
	}
	if what == "" || a.Type == b.Type {
		return false
	}
	hides := a
	if a.Type == MountBind {
		hides = b
	}
	at := c.p.origins.KeyPos(hides.Key)
	by := at.String()
	if IsPreset(at.File) {
		by = at.File
		if way := c.p.origins[hides.Key].Src.Via(); len(way) > 0 {
			at = way[len(way)-1]
		} else {
			at = Pos{File: c.p.File}
		}
	}
	if !c.counted() {
		c.add(hides.Key, at, "%s is %q, which %s hides (start nslaunch in the directory of a project)", what, hides.Target, by)
	}
	return true
}

// mountPlace checks the target of an entry.
func (c *checker) mountPlace(m *MountEntry, above map[string]*MountEntry) {
	for dir := path.Dir(m.Target); len(dir) > 1; dir = path.Dir(dir) {
		parent, ok := above[dir]
		if !ok {
			continue
		}
		switch parent.Type {
		case MountFile, MountSymlink, MountPasswd, MountGroup:
			c.misplaced(m.Key, "%q is below %s, which is not a directory (type = %q)", m.Target, c.p.Origin(parent.Key).Key, parent.Type)
		}
		break
	}
	switch {
	case m.Type == "":
	case m.Target == "/proc" && m.Type != MountProc:
		c.misplaced(m.Key, "/proc is made by proc = \"new\", \"host\" or \"none\"")
	case m.Target == "/proc" && c.sound("proc.mode") && c.p.Proc.Mode != ProcHost:
		c.misplaced(m.Key, "/proc is made already, by proc = %q", c.p.Proc.Mode)
	case strings.HasPrefix(m.Target, "/proc/"):
		cure := "proc.readonly_paths or proc.masked_paths"
		switch {
		case m.Type == MountMasked:
			cure = "proc.masked_paths"
		case m.Readonly && m.Source == m.Target:
			cure = "proc.readonly_paths"
		}
		c.misplaced(m.Key, "nothing is mounted below /proc, want it in %s", cure)
	case m.Target == "/dev" && c.p.Dev.Mode != "":
		c.misplaced(m.Key, "/dev is made already, by dev = %q", c.p.Dev.Mode)
	case m.Target == "/sys" && c.p.Sys != "":
		c.misplaced(m.Key, "/sys is made already, by sys = %q", c.p.Sys)
	}
}

// mountType checks what a type needs of the namespaces.
func (c *checker) mountType(m *MountEntry) {
	switch m.Type {
	case MountProc:
		c.needsOwn(toml.JoinKey(m.Key, "type"), PID)
	case MountSysfs:
		c.needsOwn(toml.JoinKey(m.Key, "type"), Net)
	case MountMqueue:
		c.needsOwn(toml.JoinKey(m.Key, "type"), IPC)
	case MountCgroup2:
		if c.known(Cgroup, User) && c.p.Namespaces[Cgroup].Mode == NamespaceHost && c.p.Namespaces.New(User) {
			// It is mounted by who owns the cgroup namespace.
			c.misplaced(toml.JoinKey(m.Key, "type"), "needs %s, as namespaces.user is \"new\"", c.newOne(Cgroup))
		}
	}
}

// mountBind checks what only a bind mount has.
func (c *checker) mountBind(m *MountEntry) {
	if m.Propagation == mountprop.Shared {
		c.sharedInUser(toml.JoinKey(m.Key, "propagation"))
	}
	if m.IDMap == nil {
		return
	}
	key := toml.JoinKey(m.Key, "idmap")
	switch {
	case !m.IDMap.User:
		c.ranges(toml.JoinKey(key, "uid"), m.IDMap.UID)
		c.ranges(toml.JoinKey(key, "gid"), m.IDMap.GID)
	case c.lacks(User):
		c.misplaced(key, "needs %s, or maps of its own: %s", c.newOne(User), exampleMaps)
	case c.sound("idmap") && c.p.IDMap.Mode == IDMapNone:
		c.problem(key, "idmap.mode is %q, which maps nothing", IDMapNone)
	}
}
