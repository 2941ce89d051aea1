package config

import (
	"github.com/nslaunch/nslaunch/mountprop"
)

// Root is the tree that the sandbox sees as "/".
type Root struct {
	Mode     RootMode
	Path     string // absolute, of the host; for RootPath
	Readonly bool   // recursively, except for the mounts that the profile makes
	Overlay  Overlay
	Options  []string // of mount(8), as those of an entry of [mounts]
}

// RootMode is where the root comes from.
type RootMode string

const (
	RootHost  RootMode = "host"  // the tree that the launcher sees (default)
	RootTmpfs RootMode = "tmpfs" // an empty one, thrown away at the end
	RootPath  RootMode = "path"  // a directory of the host; never written in a profile
)

// Overlay is a layer that takes the writes to a root.
type Overlay struct {
	Mode   OverlayMode
	Dir    string // for OverlayDir: absolute, holds upper and work
	Create bool   // Dir is made where it is missing; only below ${state}
}

// OverlayMode is where an overlay's upper layer lies.
type OverlayMode string

const (
	OverlayNone  OverlayMode = ""
	OverlayTmpfs OverlayMode = "tmpfs" // in memory, thrown away at the end
	OverlayDir   OverlayMode = "dir"   // in a directory of the host; never written in a profile
)

// Dev says what /dev is in the sandbox.
type Dev struct {
	Mode DevMode
	Exec bool // with DevMinimal: /dev/shm and mappings of devices are executable (default)
}

// DevMode is where /dev comes from; "" keeps that of the root.
type DevMode string

const (
	DevMinimal DevMode = "minimal" // null, zero, full, random, urandom, tty, pts of its own, shm
	DevHost    DevMode = "host"    // the host's
)

// Sys says what /sys is in the sandbox; "" keeps that of the root.
type Sys string

const (
	SysNew  Sys = "new"  // a sysfs of the sandbox's network namespace, read-only
	SysHost Sys = "host" // the host's
	SysNone Sys = "none" // an empty read-only directory
)

// MountType is what a mount shows.
type MountType string

const (
	MountBind    MountType = "bind"    // Source of the host; never written in a profile
	MountMasked  MountType = "masked"  // nothing: an empty read-only directory, or /dev/null
	MountTmpfs   MountType = "tmpfs"   // an empty directory in memory
	MountOverlay MountType = "overlay" // Lower, and Dir or memory for what is written
	MountFile    MountType = "file"    // a file with Content, or a copy of Source
	MountSymlink MountType = "symlink" // a symbolic link to To
	MountDir     MountType = "dir"     // an empty directory, in a layer of ours
	MountPasswd  MountType = "passwd"  // a passwd(5) for the ids inside
	MountGroup   MountType = "group"   // a group(5) for the ids inside
	MountProc    MountType = "proc"    // a proc of the sandbox's pid namespace
	MountSysfs   MountType = "sysfs"   // a sysfs of the sandbox's network namespace
	MountDevpts  MountType = "devpts"  // terminals of its own
	MountMqueue  MountType = "mqueue"  // message queues of the sandbox's ipc namespace
	MountCgroup2 MountType = "cgroup2" // the cgroup hierarchy
)

// MountEntry is one entry of [mounts].
type MountEntry struct {
	Key    string // as in errors and Origin: mounts."/work", mounts.ro[2]
	Target string // absolute and clean, inside
	Type   MountType

	Source      string                // absolute, of the host; for MountBind, and MountFile without Content
	Readonly    bool                  // MountBind, MountFile
	Optional    bool                  // what is missing leaves the entry out: a source; what is masked; the place of what is made
	Recursive   bool                  // MountBind: with what is mounted below (default)
	Options     []string              // of mount(8): dev, suid, noexec, nosymfollow, noatime, …
	Propagation mountprop.Propagation // "" as the root's
	IDMap       *MountIDMap           // nil: none

	Size    uint64   // MountTmpfs: bytes; 0: the kernel's default, half of memory
	Mode    *uint32  // MountTmpfs, MountDir, MountFile, MountPasswd, MountGroup, MountDevpts: permissions
	Content *string  // MountFile
	To      string   // MountSymlink
	Lower   []string // MountOverlay: absolute, of the host, the first on top
	Dir     string   // MountOverlay: absolute, of the host, holds upper and work; "": in memory
	Create  bool     // MountOverlay: Dir is made where it is missing; only below ${state}

	UID, GID *uint32 `json:",omitempty"` // inside, the owner of what is made; nil: whom the command runs as
}

// MountIDMap maps ids on disk to ids of the mount; see mount_setattr(2), MOUNT_ATTR_IDMAP.
type MountIDMap struct {
	User     bool      // by the map of the sandbox's user namespace
	UID, GID []IDRange // else by this one: Inside on disk, Outside what is seen
}
