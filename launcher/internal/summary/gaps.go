package summary

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/gitrepo"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// ways lead out of a sandbox besides its files.
type ways struct {
	shared  []string          // paths inside whose mounts reach the host
	sockets []string          // directories of the host outside /run with sockets of services
	mounts  []mountprop.Mount // of the caller, if the places do not have them one by one
}

// gaps lists what the sandbox does not protect, the gravest first.
func (s *Summary) gaps(files places, w ways) []Gap {
	var all []Gap
	add := func(id, format string, args ...any) { all = append(all, Gap{id, fmt.Sprintf(format, args...)}) }
	if s.User.Over == OverMachine {
		what := "capabilities over the whole machine"
		if s.User.AllCapabilities {
			what = "all capabilities over the whole machine"
		}
		add("root", "the machine from its root: it has %s", what)
	} else if id := s.User.HostUID; id != nil && *id == 0 {
		add("root", "files of root: the sandbox's user is root on the host")
	}
	settings, groups := files.settings(w.mounts)
	root, _ := host.MachineRoot()
	if id := s.User.HostUID; id != nil && root != nil && *id == int64(*root) {
		if len(settings) > 0 {
			add("settings", "kernel settings of the whole machine: it can change them in %s", some(settings))
		}
	} else if len(groups) > 0 && ownsGroups() {
		add("cgroups", "control groups of your user in %s: it can freeze and kill what runs in them", some(groups))
	}
	if len(w.shared) > 0 {
		slices.Sort(w.shared)
		add("mounts", "the host's mounts: what is mounted in %s inside can appear on the host", quote.Words(slices.Compact(w.shared), ", "))
	}
	if s.changesMounts() {
		add("covers", "read-only and hidden paths: it can undo both (CAP_SYS_ADMIN)")
	}
	if h := s.Home; h != nil && h.Access != Hidden {
		add("home", "your home directory: it can read keys and passwords there")
	}
	if list := files.devices(); len(list) > 0 {
		add("devices", "the host's devices %s", quote.Words(list, ", "))
	}
	if len(s.Descriptors) > 0 {
		add("descriptors", "what the descriptors that it inherits lead to: %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Descriptors), " ", ", "), "[]"))
	}
	if names := s.Environment.private(); len(names) > 0 {
		add("environment", "your variables %s: it can read their values", quote.Words(names, ", "))
	}
	if s.Network.Of == OfHost {
		add("network", "the host's network, and services that listen on localhost")
	}
	if list := files.sockets(w.sockets); len(list) > 0 {
		add("sockets", "services of the host with sockets in %s", quote.Words(list, ", "))
	}
	if s.Processes.Signals == OfHost {
		add("processes", "processes of the same user: it can see and signal them")
	} else if s.Processes.Sees == OfHost {
		add("processes", "the list of the host's processes in /proc")
	}
	if s.Processes.IPC == OfHost {
		add("ipc", "System V IPC and POSIX message queues of the host")
	}
	if joined := s.kinds(OfOthers); len(joined) > 0 {
		add("joined", "others in the namespaces that it joins: %s", strings.Join(joined, ", "))
	}
	if lost := s.lostRepositories(); len(lost) > 0 {
		add("commits", "commits in %s: they are thrown away at the end, unless they are pushed", quote.Words(lost, ", "))
	}
	if slices.ContainsFunc(s.Places, func(p Place) bool { return p.Kept }) {
		add("results", "what it writes: kept files can harm you when you run them")
	}
	if text := s.unbounded(); text != "" {
		add("resources", "%s", text)
	}
	add("syscalls", "system calls: none is filtered")
	add("kernel", "the kernel: it is the host's, and a bug in it can be a way out")
	return all
}

// lostRepositories are the git repositories in which changes are thrown away, at their paths inside, if it is the repository itself that the
// profile shows in this way.
func (s *Summary) lostRepositories() []string {
	var list []string
	for _, p := range s.Places {
		if p.Shows == Overlay && p.Access == Write && !p.Kept && p.Source != "" && gitrepo.Within(p.Source) == p.Source {
			list = append(list, p.Path)
		}
	}
	return list
}

// changesMounts reports whether the command can undo mounts that take something from it. Those that it has made itself look the same.
func (s *Summary) changesMounts() bool {
	return s.Namespaces[string(config.Mount)] != OfHost && slices.Contains(s.User.Capabilities, "SYS_ADMIN") &&
		slices.ContainsFunc(s.Places, func(p Place) bool { return p.Access != Write || p.Shows == Memory && s.HostFiles })
}

// some names the first of many paths.
func some(paths []string) string {
	const most = 3
	if len(paths) > most+1 {
		return fmt.Sprintf("%s and %d more", quote.Words(paths[:most], ", "), len(paths)-most)
	}
	return quote.Words(paths, ", ")
}

// kinds are the namespaces of an origin.
func (s *Summary) kinds(o Origin) []string {
	var list []string
	for _, k := range config.Kinds() {
		if s.Namespaces[string(k)] == o {
			list = append(list, string(k))
		}
	}
	return list
}

// unbounded says what of the whole sandbox nothing limits, "" if there is a limit on each.
func (s *Summary) unbounded() string {
	switch memory, tasks := s.Limits.Memory == "", s.Limits.Tasks == ""; {
	case memory && tasks:
		return "memory and the number of processes: nothing limits them"
	case memory:
		return "memory: nothing limits it"
	case tasks:
		return "the number of processes: nothing limits it"
	}
	return ""
}

// sockets are what is shown of the places where services of the host have their sockets.
func (t places) sockets(known []string) []string {
	var list []string
	for _, dir := range append([]string{"/run", "/tmp"}, known...) {
		if p, ok := t.showing(dir); ok && p.Shows == Host && !slices.ContainsFunc(list, func(above string) bool { return tree.Below(dir, above) }) {
			list = append(list, dir)
		}
	}
	for _, p := range t {
		if p.Shows == Host && (p.socket || !p.file && p.Source != "/run" && tree.Below(p.Source, "/run")) {
			list = append(list, p.Source)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// devices are the devices of the host that can be opened, besides those that every sandbox may have: the usual ones, and its terminal.
// "/dev" is all of them.
func (t places) devices() []string {
	for _, p := range t {
		if p.Shows == Host && !p.nodev && t.shownBy(p, "/dev") {
			return []string{"/dev"}
		}
	}
	var list []string
	for _, p := range t {
		if p.nodev || !tree.Below(p.Source, "/dev") {
			continue
		}
		usual := path.Dir(p.Source) == "/dev" && slices.Contains(tree.DeviceNames(), path.Base(p.Source))
		terminal := p.Path == "/dev/console" && tree.Below(p.Source, "/dev/pts")
		memory := slices.Contains([]string{"/dev/shm", "/dev/mqueue", "/dev/hugepages"}, p.Source)
		directory := p.Shows == Host && !p.file && !p.socket && !memory
		if directory || p.Shows == Device && !usual && !terminal {
			list = append(list, p.Source)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
