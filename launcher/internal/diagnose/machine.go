package diagnose

import (
	"cmp"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/mountprop"
)

// machine answers the questions of a diagnosis about this machine. It only
// reads files, below root.
type machine struct{ root string } // "" is the machine itself

// text returns what a file holds, "" where it cannot be read.
func (m machine) text(file string) string {
	text, err := os.ReadFile(m.root + file)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// number returns the number that a file of /proc/sys and the like holds.
func (m machine) number(file string) (int64, bool) {
	n, err := strconv.ParseInt(m.text(file), 10, 64)
	return n, err == nil
}

func (m machine) exists(file string) bool {
	_, err := os.Stat(m.root + file)
	return err == nil
}

// field returns a line of a file like /proc/self/status, without its name.
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// filtered reports whether this process runs under a seccomp filter.
func (m machine) filtered() bool {
	return field(m.text("/proc/self/status"), "Seccomp") == "2"
}

// noNewPrivs reports whether this process has no_new_privs.
func (m machine) noNewPrivs() bool {
	return field(m.text("/proc/self/status"), "NoNewPrivs") == "1"
}

// maxNamespaces is the limit on namespaces of a kind, per user, in this user namespace.
func (m machine) maxNamespaces(k config.NamespaceKind) (int64, bool) {
	return m.number("/proc/sys/user/" + step.MaxName(k))
}

// restrictedByAppArmor reports whether AppArmor takes all capabilities away in
// a user namespace that an ordinary user makes. A process that has a profile
// of its own gets what that says; the one named here is what AppArmor gives to
// what is in such a namespace already.
func (m machine) restrictedByAppArmor() bool {
	on, _ := m.number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
	label := m.appArmorLabel()
	return on == 1 && (label == "" || label == "unconfined" || strings.HasPrefix(label, "unprivileged_userns"))
}

// appArmorLabel is the profile that this process runs under, with its mode: "docker-default (enforce)".
func (m machine) appArmorLabel() string {
	return cmp.Or(m.text("/proc/self/attr/apparmor/current"), m.text("/proc/self/attr/current"))
}

// forbiddenByDebian reports whether Debian's switch keeps ordinary users from making user namespaces.
func (m machine) forbiddenByDebian() bool {
	n, ok := m.number("/proc/sys/kernel/unprivileged_userns_clone")
	return ok && n == 0
}

func (m machine) mounts() []mountprop.Mount {
	file, err := os.Open(m.root + "/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer file.Close()
	mounts, err := mountprop.Read(file)
	if err != nil {
		return nil
	}
	return mounts
}

// chrooted reports whether the root of this process is known not to be that of
// its mount namespace. If the root is a mount, it cannot know without
// privilege.
func (m machine) chrooted() bool {
	mounts := m.mounts()
	if _, ok := mountprop.At(mounts, "/"); len(mounts) > 0 && !ok {
		return true
	}
	sameFile := func(a, b string) (same, known bool) {
		ours, err1 := os.Stat(m.root + a)
		theirs, err2 := os.Stat(m.root + b)
		if err1 != nil || err2 != nil {
			return false, false
		}
		return os.SameFile(ours, theirs), true
	}
	together, known := sameFile("/proc/self/ns/mnt", "/proc/1/ns/mnt")
	if !known || !together {
		return false
	}
	same, known := sameFile("/proc/self/root", "/proc/1/root")
	return known && !same
}

// cgroup returns the directories of the cgroup that this process is in for a
// controller, and of those above it, innermost first, and their names.
func (m machine) cgroup(controller string) (dirs, names []string) {
	for line := range strings.Lines(m.text("/proc/self/cgroup")) {
		// "4:pids:/a/b" or, for all of version 2, "0::/a/b"
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		v2 := f[0] == "0" && f[1] == ""
		if !v2 && !listed(f[1], controller) {
			continue
		}
		for _, mount := range m.mounts() {
			fits := v2 && mount.FSType == "cgroup2" ||
				!v2 && mount.FSType == "cgroup" && listed(mount.SuperOptions, controller)
			if !fits {
				continue
			}
			for name := f[2]; ; name = path.Dir(name) {
				inside, ok := strings.CutPrefix(name, strings.TrimSuffix(mount.Root, "/"))
				if !ok {
					break
				}
				dirs = append(dirs, path.Join(mount.Target, inside))
				names = append(names, name)
				if name == "/" {
					break
				}
			}
			break
		}
	}
	return dirs, names
}

// listed reports whether word is one of a list with commas.
func listed(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}
