package summary

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// errEnded reports that a sandbox ended while it was looked at.
var errEnded = errors.New("it has ended")

// ForeignError reports that the kernel does not show a process to the caller.
type ForeignError struct {
	PID int
	Err error
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("process %d belongs to another user, or hides itself: its files in /proc cannot be read (run nslaunch as root)", e.PID)
}

func (e *ForeignError) Unwrap() error { return e.Err }

// Running summarizes a sandbox that runs, as the kernel sees its command. Of the target it uses the process, and the control group.
func Running(t *plan.Target) (*Summary, error) {
	r := reader{pid: t.Process.PID, looks: true}
	s := &Summary{Version: Version, PID: r.pid, Namespaces: map[string]Origin{}}
	for _, k := range config.Kinds() {
		s.Namespaces[string(k)] = r.origin(t, k)
	}
	r.noteMoves(t)
	known := knownTo(os.Getenv)
	files, shared := r.files(t)
	if s.Namespaces[string(config.Mount)] == OfHost {
		shared = nil // it is no sandbox of files
	}
	s.Places = files.sorted()
	s.HostFiles = files.ofHost()
	s.Home = files.home(known)
	s.User = r.user(s.Namespaces[string(config.User)])
	s.Network = r.network(s.Namespaces[string(config.Net)])
	s.Processes = Processes{IPC: s.Namespaces[string(config.IPC)], Signals: s.Namespaces[string(config.PID)], Sees: r.sees(files, s.Namespaces[string(config.PID)], known)}
	s.Limits = r.limits(t)
	s.Descriptors = t.KeptFDs
	if t.Env != nil {
		s.Environment = &Environment{Set: namesOf(t.Env)}
	}
	s.Unprotected = s.gaps(files, ways{shared, known.sockets, nil})
	s.Notes = r.notes
	switch {
	case !t.Process.Running():
		return nil, errEnded
	case errors.Is(r.err, fs.ErrPermission):
		return nil, &ForeignError{r.pid, r.err}
	}
	return s, r.err
}

// reader reads files of a process in /proc. It keeps the first error.
type reader struct {
	pid   int
	err   error
	looks bool // paths below its root directory are those of its mounts
	notes []Note
}

func (r *reader) path(name string) string { return fmt.Sprintf("/proc/%d/%s", r.pid, name) }

func (r *reader) note(err error) { r.err = cmp.Or(r.err, err) }

func (r *reader) text(name string) string {
	text, err := os.ReadFile(r.path(name))
	r.note(err)
	return string(text)
}

// noteMoves says if the process is in other namespaces than its launch gave it: it can make some, and hide there what others of its
// sandbox see.
func (r *reader) noteMoves(t *plan.Target) {
	var moved []string
	for _, k := range config.Kinds() {
		theirs, err := host.NamespaceOf(strconv.Itoa(r.pid), k)
		if recorded, ok := t.Namespaces[k]; ok && err == nil && theirs != recorded {
			moved = append(moved, string(k))
		}
	}
	if moved != nil {
		r.notes = append(r.notes, Note{Text: "since its launch, the command has changed its namespaces (" + strings.Join(moved, ", ") +
			"): other processes of the sandbox may still be in those of the launch, and what they can do is not shown"})
	}
}

// mountinfo is the list of mounts that the sandbox sees: that of its init, which is ours, if the command has moved its root directory.
func (r *reader) mountinfo(t *plan.Target) string {
	text := r.text("mountinfo")
	inode, err := host.NamespaceOf(strconv.Itoa(r.pid), config.Mount)
	if err != nil || inode != t.Namespaces[config.Mount] {
		return text
	}
	if t.Init == 0 {
		if own, err := host.NamespaceOf("self", config.Mount); err != nil || own != inode {
			r.notes = append(r.notes, Note{Text: "no init of nslaunch runs in the sandbox, so the files shown are those of the command: if it has changed its root directory (chroot), the sandbox has others"})
		}
		return text
	}
	init := reader{pid: t.Init}
	all := init.text("mountinfo")
	if init.err != nil || all == text || all != init.text("mountinfo") {
		return text // init has ended, or the mounts are changing
	}
	r.looks = false
	r.notes = append(r.notes, Note{Text: "the command has another root directory than its launch gave it (chroot): the files shown are those of the sandbox"})
	return all
}

// origin says whose a namespace is. One is called the sandbox's own only if its launch made it, which the record of that knows.
func (r *reader) origin(t *plan.Target, k config.NamespaceKind) Origin {
	theirs, err := host.NamespaceOf(strconv.Itoa(r.pid), k)
	r.note(err)
	if own, err := host.OwnNamespace(k); err == nil && own == theirs {
		return OfHost
	}
	if slices.Contains(t.Own, k) && !slices.Contains(t.Joined, k) && t.Namespaces[k] == theirs {
		return Own
	}
	return OfOthers
}

// files are the mounts that the process sees, with their sources on the host if the caller has those mounts, too.
// Shared are those from which mounts reach the caller's.
func (r *reader) files(of *plan.Target) (t places, shared []string) {
	mounts, err := mountprop.Read(strings.NewReader(r.mountinfo(of)))
	r.note(err)
	own, err := mountprop.Self()
	r.note(err)
	for _, m := range mounts {
		t.put(place(m, own, r.look(m.Target, mounts)))
		if m.Shared != 0 && slices.ContainsFunc(own, func(o mountprop.Mount) bool { return o.Shared == m.Shared }) {
			shared = topmost(shared, m.Target)
		}
	}
	return t, shared
}

// topmost adds a path to a list of paths none of which is below another.
func topmost(list []string, p string) []string {
	if slices.ContainsFunc(list, func(above string) bool { return tree.Below(p, above) }) {
		return list
	}
	return append(slices.DeleteFunc(list, func(below string) bool { return tree.Below(below, p) }), p)
}

// look returns the mode of a mount's root, fs.ModeIrregular if it is not known. A process of the sandbox may serve a FUSE mount, and
// need not answer.
func (r *reader) look(target string, mounts []mountprop.Mount) fs.FileMode {
	if r.looks && !slices.ContainsFunc(mounts, func(m mountprop.Mount) bool {
		return strings.HasPrefix(m.FSType, "fuse") && tree.Below(target, m.Target)
	}) {
		if info, err := os.Lstat(r.path("root") + target); err == nil {
			return info.Mode()
		}
	}
	return fs.ModeIrregular
}

// place says what a mount shows, given the mode of its root.
func place(m mountprop.Mount, own []mountprop.Mount, mode fs.FileMode) Place {
	names := onHost(m, own)
	ofHost, source := len(names) > 0, ""
	if ofHost {
		source = names[0]
	}
	p := Place{Path: m.Target, Access: Write, names: names, file: mode.IsRegular(), nodev: m.HasOption("nodev")}
	p.kernel = settingsOf(m.FSType, strings.Split(m.SuperOptions, ","))
	p.socket = ofHost && mode&fs.ModeSocket != 0
	if m.HasOption("ro") || slices.Contains(strings.Split(m.SuperOptions, ","), "ro") {
		p.Access = Read
	}
	switch {
	case mode&fs.ModeDevice != 0:
		if m.Root == "/null" && path.Base(m.Target) != "null" {
			return hidden(m.Target)
		}
		p.Access, p.Shows, p.Source = Write, Device, source
	case mode&fs.ModeSocket != 0 && !ofHost:
		p.Shows = Socket
	case kernelType(m.FSType) && (!ofHost || m.FSType == "proc"):
		p.Shows = Kernel
		for _, name := range names {
			if m.FSType == "proc" && (m.Root == "/" || ofProcess(m.Root, "/")) {
				p.Shows, p.Source, p.Kept = Host, name, p.Access == Write
				break
			}
		}
	case ofHost:
		p.Shows, p.Source, p.Kept = Host, source, p.Access == Write
	case m.FSType == "overlay":
		p.Shows = Overlay
		p.Lower, p.Changes = layersOf(m.SuperOptions)
		if len(p.Lower) > 0 {
			p.Source = p.Lower[0]
		}
		p.Kept = p.Access == Write && p.Changes != ""
	case m.FSType == "tmpfs" && p.Access == Read && (m.Root == "/empty" || tree.Below(m.Target, "/proc")):
		return hidden(m.Target)
	case p.file:
		p.Shows = Content
	default:
		p.Shows = Memory
	}
	return p
}

// onHost finds the paths that the caller has for the root of a mount: the shortest first, but before it that where it is mounted.
func onHost(m mountprop.Mount, own []mountprop.Mount) []string {
	var names []string
	for _, o := range own {
		if o.Major != m.Major || o.Minor != m.Minor || !tree.Below(m.Root, o.Root) {
			continue
		}
		names = append(names, path.Join(o.Target, within(m.Root, o.Root)))
	}
	rank := func(name string) int {
		if name == m.Target {
			return 0
		}
		return len(name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return names
}

// kernelType reports whether the files of a file system are the kernel's own.
func kernelType(fstype string) bool {
	return host.KernelFS(fstype) || fstype == "mqueue" || fstype == "devpts"
}

// layersOf returns the lower directories of an overlay, and the directory with its changes, "" for memory.
func layersOf(options string) (lower []string, changes string) {
	for option := range strings.SplitSeq(options, ",") {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "lowerdir", "lowerdir+":
			lower = append(lower, strings.Split(value, ":")...)
		case "upperdir":
			if path.IsAbs(value) && path.Base(value) == "upper" {
				if _, err := os.Stat(value); err == nil {
					changes = path.Dir(value)
				}
			}
		}
	}
	return lower, changes
}

// sees says whose processes /proc shows. A proc of the caller's pid namespace knows the caller.
func (r *reader) sees(files places, pid Origin, known known) Origin {
	sees := files.sees(pid, known)
	if sees == NoProc || sees == OfHost {
		return sees
	}
	if self, err := os.Readlink(r.path("root/proc/self")); err == nil && self == strconv.Itoa(os.Getpid()) {
		return OfHost
	}
	return sees
}

// network says which interfaces the process has.
func (r *reader) network(of Origin) Network {
	n := Network{Of: of}
	if of == OfHost {
		return n
	}
	n.Loopback = strings.Contains(r.text("net/fib_trie"), "127.0.0.1")
	lines := strings.Split(r.text("net/dev"), "\n")
	for _, line := range lines[min(2, len(lines)):] { // below the heading
		if name, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && name != "lo" {
			n.Interfaces = append(n.Interfaces, name)
		}
	}
	return n
}
