package mounts

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// plannedMount is a mount as the text of a plan's step says it.
type plannedMount struct {
	action, target string
	fsType         string // "" where that is the source's
	source         string // of a bind
	alone          bool   // without what is mounted below
	options        []string
	propagation    string // "" where nothing is said
}

// plannedMounts reads the mounts out of the steps of a plan, the root among them.
func plannedMounts(t *testing.T, actions []string) []plannedMount {
	t.Helper()
	bind := regexp.MustCompile(`^bind(, alone,)? (\S+) on ([^\s,]+)(?:, (.*))?$`)
	overlay := regexp.MustCompile(`^mount an overlay of .* on ([^\s,]+)(?:, (.*))?$`)
	fs := regexp.MustCompile(`^mount (\w+) on (\S+)(?: with (.*))?$`)
	file := regexp.MustCompile(`^put a file of \d+ bytes, mode \d+, on ([^\s,]+)(?:, (.*))?$`)
	mask := regexp.MustCompile(`^mask (\S+) with (an empty directory|/dev/null)$`)
	root := regexp.MustCompile(`^make (?:a clone of (\S+)|an (?:empty (tmpfs)|(overlay) of .*)) the root(?:, (.*))?$`)
	var list []plannedMount
	for _, a := range actions {
		p := plannedMount{action: a}
		words := ""
		if m := bind.FindStringSubmatch(a); m != nil {
			p.alone, p.source, p.target, words = m[1] != "", m[2], m[3], m[4]
		} else if m := overlay.FindStringSubmatch(a); m != nil {
			p.fsType, p.target, words = "overlay", m[1], m[2]
		} else if m := fs.FindStringSubmatch(a); m != nil {
			p.fsType, p.target, words = m[1], m[2], m[3]
		} else if m := file.FindStringSubmatch(a); m != nil {
			p.fsType, p.target, words = "tmpfs", m[1], m[2]
		} else if m := mask.FindStringSubmatch(a); m != nil {
			p.target, words = m[1], "ro,nosuid,noexec,private"
			if p.fsType = "devtmpfs"; m[2] != "/dev/null" {
				p.fsType, words = "tmpfs", words+",nodev"
			}
		} else if m := root.FindStringSubmatch(a); m != nil {
			p.target, p.source, p.fsType = "/", m[1], m[2]+m[3]
			words = m[4]
		} else {
			continue
		}
		for _, w := range strings.FieldsFunc(words, func(r rune) bool { return r == ',' || r == ' ' }) {
			switch {
			case slices.Contains(mountprop.All(), mountprop.Propagation(w)):
				p.propagation = w
			case !strings.Contains(w, "=") && w != "dev" && w != "suid" && w != "exec":
				p.options = append(p.options, w)
			}
		}
		list = append(list, p)
	}
	return list
}

// matches compares a mount with its plan.
func (p plannedMount) matches(t *testing.T, m mountprop.Mount) {
	t.Helper()
	restricting := []string{"ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"}
	for _, o := range restricting {
		if has, want := m.HasOption(o), slices.Contains(p.options, o); has != want && p.target != "/" && !(p.source != "" && has) {
			t.Errorf("%s: %s is %v: %+v", p.action, o, has, m)
		}
	}
	if p.fsType != "" && m.FSType != p.fsType {
		t.Errorf("%s: type %s", p.action, m.FSType)
	}
	// What is not of the host has its type for a source.
	if p.fsType != "" && p.fsType != "devtmpfs" && m.Source != p.fsType {
		t.Errorf("%s: source %q", p.action, m.Source)
	}
	if p.source != "" {
		var st unix.Stat_t
		if err := unix.Stat(p.source, &st); err != nil {
			t.Fatal(err)
		}
		if int(unix.Major(st.Dev)) != m.Major || int(unix.Minor(st.Dev)) != m.Minor {
			t.Errorf("%s: device %d:%d: %+v", p.action, unix.Major(st.Dev), unix.Minor(st.Dev), m)
		}
		if real, err := filepath.EvalSymlinks(p.source); err != nil || m.FSType == "ext4" && m.Root != real {
			t.Errorf("%s: source %s, %v", p.action, m.Root, err)
		}
	}
	// What is private on this machine has nothing to be a slave of.
	got := string(m.Propagation())
	same := got == p.propagation || p.propagation == "slave" && got == "private" || p.propagation == "slave+shared" && got == "shared"
	if p.propagation != "" && !same {
		t.Errorf("%s: it is %s", p.action, got)
	}
}

// What plan says of mounts is what there is inside, and no more.
func TestPlannedMounts(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{"a/file": "x", "b": "/", "c": "y"})
		root := systest.RootDir(t, u, "proc", "dev", "sys", "a", "b/c", "tmp", "etc")
		probe := fmt.Sprintf("\"/probe\" = { ro = %q }\n", nstest.Probe(t))
		shared := ""
		if u.IsRoot() {
			shared = fmt.Sprintf("\"/shared\" = { rw = %q, propagation = \"shared\" }\n", dir+"/b")
		}
		for _, rest := range []string{
			systest.System + probe,
			strings.Replace(systest.System, "[mounts]", "sys = \"new\"\n[mounts]", 1) + probe + shared + fmt.Sprintf(`tmpfs = ["/tmp", "/run"]
masked = ["/usr/share", "/usr/bin/env", "-/nothing"]
"/a" = { rw = %q, options = ["noexec", "dev"], propagation = "private" }
"/b" = { ro = %q, recursive = false, propagation = "unbindable" }
"/c" = { ro = %q, options = ["nosymfollow", "suid"], propagation = "slave" }
"/d" = { rw = %q, propagation = "slave+shared" }
"/e" = { type = "tmpfs", size = "4M", mode = "0700", options = ["noatime", "nodiratime"] }
"/f" = { type = "overlay", lower = [%q, %q] }
"/g" = { type = "file", content = "text", readonly = true }
"/h" = { type = "symlink", to = "g" }
"/i" = { type = "dir" }
"/etc/passwd" = { type = "passwd" }
"/etc/group" = { type = "group", mode = "0600" }
"/j" = { type = "devpts" }
"/k" = { type = "mqueue" }
"/l" = { type = "cgroup2" }
"/m" = { type = "sysfs" }
"/n" = { type = "proc" }
`, dir+"/a", dir+"/b", dir+"/c", dir+"/a", dir+"/a", dir+"/b"),
			fmt.Sprintf("root = %q\ndev = \"minimal\"\nsys = \"none\"\n[mounts]\n\"/a\" = { ro = %q }\n\"/b/c\" = { rw = %q }\ntmpfs = [\"/tmp\"]\n", root, dir+"/a", dir+"/b"),
			fmt.Sprintf("root = { path = %q, overlay = \"tmpfs\", readonly = true }\ndev = \"host\"\nsys = \"host\"\n[mounts]\n\"/new/x\" = { ro = %q }\n", root, dir+"/a"),
			fmt.Sprintf("root = { path = %q, readonly = true }\npropagation = \"unbindable\"\nproc = { mode = \"host\" }\n[mounts]\n\"/a\" = { ro = %q }\n", root, dir+"/a"),
			fmt.Sprintf("root = { readonly = true }\n[mounts]\n%q = { rw = %q }\n%q = { type = \"tmpfs\" }\n", dir+"/b", dir+"/a", dir+"/a"),
			"root = { overlay = \"tmpfs\" }\ndev = \"minimal\"\n[mounts]\n\"/etc/passwd\" = { type = \"passwd\" }\n",
		} {
			profile := systest.OwnTree(u, rest)
			cmd := systest.ProfileCommand(t, u, profile, "true")
			cmd.Args = append([]string{cmd.Args[0], "plan", "--json"}, cmd.Args[1:]...)
			var plan struct{ Steps []struct{ Action string } }
			if err := json.Unmarshal([]byte(nstest.MustRun(t, cmd)), &plan); err != nil {
				t.Fatal(err)
			}
			var actions []string
			for _, s := range plan.Steps {
				actions = append(actions, s.Action)
			}
			command := "/probe"
			if !strings.Contains(rest, "tmpfs\"\n") && !strings.Contains(rest, root) || strings.HasPrefix(rest, "root = { overlay") {
				command = nstest.Probe(t)
			}
			mounts := nstest.ParseReport(t, nstest.MustRun(t, systest.ProfileCommand(t, u, profile, command, "-mounts"))).Mounts
			plans := plannedMounts(t, actions)
			if len(plans) < 2 {
				t.Errorf("the plan of\n%s\nhas the mounts %v", rest, plans)
			}
			for i, p := range plans {
				again := slices.ContainsFunc(plans[i+1:], func(o plannedMount) bool { return o.target == p.target })
				if !again { // else it is covered
					p.matches(t, systest.MountOn(t, mounts, p.target))
				}
			}
			for _, m := range mounts {
				if !slices.ContainsFunc(plans, func(p plannedMount) bool {
					return p.target == m.Target || p.source != "" && !p.alone && strings.HasPrefix(m.Target, strings.TrimSuffix(p.target, "/")+"/")
				}) {
					t.Errorf("not in the plan of\n%s\n%+v", rest, m)
				}
			}
		}
	})
}
