package launcher

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"golang.org/x/sys/unix"
)

// Target is a running sandbox as one sees it who enters: what its launch left its command
// with. All of it is the launcher's own knowledge; what the sandbox says of itself is not asked.
type Target struct {
	Process process.Process `json:"process"`        // the command
	Init    int             `json:"init,omitempty"` // pid of process 1, where that is an init of ours

	// Namespaces has the inode numbers of those that the command is in, Own the kinds of
	// those that are not the launcher's.
	Namespaces map[config.NamespaceKind]uint64 `json:"namespaces"`
	Own        []config.NamespaceKind          `json:"own,omitempty"`

	// RootUID and RootGID are the ids that are taken up on entry, UID and GID the command's; -1:
	// unchanged. Groups are its supplementary ones; nil: unchanged.
	RootUID int64     `json:"root_uid"`
	RootGID int64     `json:"root_gid"`
	UID     int64     `json:"uid"`
	GID     int64     `json:"gid"`
	Groups  *[]uint32 `json:"groups,omitempty"`

	// Bounding and Capabilities are sets, bit n for capability n; nil: what the kernel
	// leaves to who enters the user namespace.
	Bounding     *uint64 `json:"bounding,omitempty"`
	Capabilities *uint64 `json:"capabilities,omitempty"`
	Ambient      bool    `json:"ambient,omitempty"` // they are ambient, too
	NoNewPrivs   bool    `json:"no_new_privs,omitempty"`

	Cwd         string          `json:"cwd,omitempty"` // "": unchanged
	CwdOrTop    bool            `json:"cwd_or_top,omitempty"`
	Umask       *uint32         `json:"umask,omitempty"`
	Rlimits     []config.Rlimit `json:"rlimits,omitempty"`
	Nice        *int            `json:"nice,omitempty"`
	OOMScoreAdj *int            `json:"oom_score_adj,omitempty"`
	Env         []string        `json:"env"`

	Unit   string `json:"unit,omitempty"`   // of systemd
	Cgroup string `json:"cgroup,omitempty"` // directory of the unit's control group
}

// target says how to enter what the launch has started.
func (l *launch) target() Target {
	t := targetOf(l.plan)
	t.Process, _ = process.At(l.process.PID) // one that has ended is nobody
	t.Namespaces = l.process.Namespaces
	t.Unit, t.Cgroup = l.placed.Unit, l.placed.Cgroup
	if l.plan.profile.Process.Init {
		t.Init = l.children[0]
	}
	return t
}

// targetOf reads from a plan what becomes of its command.
func targetOf(p *Plan) Target {
	t := Target{RootUID: -1, RootGID: -1, UID: -1, GID: -1, NoNewPrivs: ownNoNewPrivs()}
	for _, s := range p.Steps {
		if _, groups := s.Action.(setGroups); groups && s.By != ByCommand {
			continue // the caller's, which are dropped on the way
		}
		if a, ok := s.Action.(lasting); ok {
			a.leave(&t)
		}
	}
	for _, k := range config.Kinds() {
		if n := p.profile.Namespaces[k]; n.Mode != config.NamespaceHost {
			t.Own = append(t.Own, k)
		}
	}
	user := p.profile.Namespaces[config.User]
	if user.Mode == config.NamespaceHost && t.Capabilities == nil {
		inherit(&t, p)
	}
	if t.Cwd == "" {
		t.Cwd, t.CwdOrTop = p.host.Cwd, true
	}
	return t
}

// inherit notes the launcher's own capabilities, where the command keeps those: who
// enters may have more.
func inherit(t *Target, p *Plan) {
	status, _ := host.ReadFile("/proc/self/status")
	bounding, permitted := host.StatusSet(status, "CapBnd"), p.host.Caps
	ambient := p.host.UID != 0 || t.UID > 0
	if ambient {
		permitted = host.StatusSet(status, "CapAmb")
	}
	if t.Bounding == nil {
		t.Bounding = &bounding
	}
	permitted &= *t.Bounding
	t.Capabilities, t.Ambient = &permitted, ambient && permitted != 0
}

// ownNoNewPrivs tells whether this process has no_new_privs, which its children inherit.
func ownNoNewPrivs() bool {
	set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	return err == nil && set == 1
}
