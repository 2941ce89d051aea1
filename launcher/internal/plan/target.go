package plan

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
)

// Target is a running sandbox, described for a process that enters it: what its launch left its command
// with. All of it is the launcher's own knowledge; what the sandbox says of itself is not asked.
type Target struct {
	Process process.Process `json:"process"`        // the command
	Init    int             `json:"init,omitempty"` // pid of process 1, where that is an init of ours

	// Namespaces has the inode numbers of those that the command is in, Own the kinds of
	// those that are not the launcher's, and Joined those of Own that were there before.
	Namespaces map[config.NamespaceKind]uint64 `json:"namespaces"`
	Own        []config.NamespaceKind          `json:"own,omitempty"`
	Joined     []config.NamespaceKind          `json:"joined,omitempty"`

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
	KeptFDs     []int           `json:"kept_fds,omitempty"` // above 2, which the command has from the launcher; an entry does not

	Unit   string `json:"unit,omitempty"`   // of systemd
	Cgroup string `json:"cgroup,omitempty"` // directory of the unit's control group
}
