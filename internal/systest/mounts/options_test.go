package mounts

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// optionsOn are a mount's own options, without those that say the default.
func optionsOn(t *testing.T, mounts []mountprop.Mount, target string) string {
	t.Helper()
	words := strings.Split(systest.MountOn(t, mounts, target).Options, ",")
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "relatime" || w == "rw" }), ",")
}

// seenIn runs the probe in an outer namespace and returns the mounts that it saw.
func seenIn(t *testing.T, o *nstest.Outer, u nstest.User, profile string) []mountprop.Mount {
	t.Helper()
	return nstest.ParseReport(t, nstest.MustRun(t, systest.OuterCommand(t, o, u, profile, nstest.Probe(t), "-mounts"))).Mounts
}

// Options are attributes of the mount, and of those below it; what the host forbids stays forbidden.
func TestOptions(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := nstest.NewOuter(t, mountprop.Private)
		nstest.CheckNothingLeft(t)
		dir := u.TempDir(t)
		systest.MakeDirs(t, dir+"/plain/below", dir+"/strict/below", dir+"/on", dir+"/locked")
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "sh", "-euc", fmt.Sprintf(`cd %s
mount -t tmpfs x plain; mkdir plain/below; mount -t tmpfs -o noexec y plain/below
mount -t tmpfs -o nosuid,nodev,noexec,ro,noatime,nodiratime z strict
mount -t tmpfs -o nodev q locked`, dir)))
		for _, test := range []struct {
			entry       string
			want, below string // the options of the mount, and of the one below
		}{
			{`{ rw = "%s/plain" }`, "nosuid,nodev", "nosuid,nodev,noexec"},
			{`{ ro = "%s/plain" }`, "ro,nosuid,nodev", "ro,nosuid,nodev,noexec"},
			{`{ rw = "%s/plain", options = ["dev"] }`, "nosuid", "nosuid,noexec"},
			{`{ rw = "%s/plain", options = ["dev", "suid"] }`, "", "noexec"},
			{`{ rw = "%s/plain", options = ["noexec", "nosymfollow"] }`, "nosuid,nodev,noexec,nosymfollow", "nosuid,nodev,noexec,nosymfollow"},
			{`{ rw = "%s/plain", options = ["exec", "symfollow", "nodev", "nosuid"] }`, "nosuid,nodev", "nosuid,nodev,noexec"},
			{`{ rw = "%s/plain", options = ["relatime"] }`, "nosuid,nodev", "nosuid,nodev,noexec"},
			{`{ rw = "%s/strict" }`, "ro,nosuid,nodev,noexec,noatime,nodiratime", ""},
			{`{ type = "tmpfs", options = ["noatime", "noexec"] }`, "nosuid,nodev,noexec,noatime", ""},
			{`{ type = "tmpfs", options = ["dev", "suid", "strictatime", "nodiratime"] }`, "nodiratime", ""},
			{`{ type = "overlay", lower = ["%s/on"], options = ["noexec"] }`, "nosuid,nodev,noexec", ""},
			{`{ type = "overlay", lower = ["%s/on"], options = ["dev", "suid"] }`, "", ""},
			{`{ type = "file", content = "", readonly = true }`, "ro,nosuid,nodev", ""},
		} {
			target := dir + "/on"
			if strings.Contains(test.entry, "file") {
				target = u.WriteFile(t, dir+"/onfile", "")
			}
			entry := test.entry
			if strings.Contains(entry, "%s") {
				entry = fmt.Sprintf(entry, dir)
			}
			mounts := seenIn(t, outer, u, systest.OwnTree(u, fmt.Sprintf("[mounts]\n%q = %s", target, entry)))
			if got := optionsOn(t, mounts, target); got != test.want {
				t.Errorf("%s: options %s; want %s", test.entry, got, test.want)
			}
			if strings.Contains(test.entry, "/plain") {
				if got := optionsOn(t, mounts, target+"/below"); got != test.below {
					t.Errorf("%s: below, options %s; want %s", test.entry, got, test.below)
				}
			}
		}
		if u.IsRoot() {
			// Real root may take back what the host forbids, of the mount that is named.
			for options, want := range map[string]string{
				`"exec"`:                                "ro,nosuid,nodev,noatime,nodiratime",
				`"dev", "suid", "relatime", "diratime"`: "ro,noexec",
				`"strictatime"`:                         "ro,nosuid,nodev,noexec,nodiratime",
			} {
				mounts := seenIn(t, outer, u, systest.OwnTree(u, fmt.Sprintf("[mounts]\n%q = { rw = %q, options = [%s] }", dir+"/on", dir+"/strict", options)))
				if got := optionsOn(t, mounts, dir+"/on"); got != want {
					t.Errorf("%s: options %s; want %s", options, got, want)
				}
			}
			mounts := seenIn(t, outer, u, systest.OwnTree(u, fmt.Sprintf("[mounts]\n%q = { rw = %q, options = [\"noatime\"] }", dir+"/on", dir+"/plain")))
			if got := optionsOn(t, mounts, dir+"/on/below"); got != "nosuid,nodev,noexec,noatime" {
				t.Errorf("noatime below: %s", got)
			}
			return
		}
		locked := func(source, options, words, cause, cure string) {
			t.Helper()
			profile := systest.OwnTree(u, fmt.Sprintf("[mounts]\n%q = { rw = %q, options = [%s] }", dir+"/on", dir+source, options))
			systest.WantFailure(t, systest.OuterCommand(t, outer, u, profile, "true"), fmt.Sprintf(`p.toml:4:1: mounts.%q: step #, bind %s on %s, %s, slave: EPERM
  %s
  try: %s`, dir+"/on", dir+source, dir+"/on", words, cause, cure))
		}
		forbids := func(source string) string {
			return fmt.Sprintf("the host's mount of %s forbids this, and a user namespace cannot lift that", dir+source)
		}
		locked("/strict", `"exec"`, "nodev,nosuid,exec", forbids("/strict"), "leave out the option, or allow it on the host: exec")
		locked("/locked", `"dev"`, "dev,nosuid", forbids("/locked"), "leave out the option, or allow it on the host: dev")
		locked("/plain", `"noatime"`, "nodev,nosuid,noatime", fmt.Sprintf("in a user namespace the access times of %s follow the host's mount", dir+"/plain"),
			"leave out the option, or mount it with the option on the host")
	})
}

// The attributes of a root, and of what is mounted below it.
func TestRootAttributes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := nstest.NewOuter(t, mountprop.Private)
		nstest.CheckNothingLeft(t)
		dir := systest.RootDir(t, u, "sub", "proc")
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "-t", "tmpfs", "-o", "noexec", "x", dir+"/sub"))
		probe := fmt.Sprintf("[mounts]\n\"/probe\" = { ro = %q }", nstest.Probe(t))
		for _, test := range []struct{ root, mounts, top, sub string }{
			{fmt.Sprintf("%q", dir), "", "nosuid,nodev", "nosuid,nodev,noexec"},
			{fmt.Sprintf("{ path = %q, options = [\"dev\", \"nosymfollow\"] }", dir), "", "nosuid,nosymfollow", "nosuid,noexec,nosymfollow"},
			{fmt.Sprintf("{ path = %q, options = [\"dev\", \"suid\"] }", dir), "", "", "noexec"},
			{fmt.Sprintf("{ path = %q, readonly = true }", dir), "", "ro,nosuid,nodev", "ro,nosuid,nodev,noexec"},
			{fmt.Sprintf("{ readonly = true, options = [\"nodev\"] }\n[mounts]\n%q = { ro = %q }", dir+"/probe", nstest.Probe(t)), "", "ro,nosuid,nodev", "ro,nosuid,nodev,noexec"},
			{fmt.Sprintf("{ readonly = true, options = [\"dev\"] }\n[mounts]\n%q = { ro = %q }", dir+"/probe", nstest.Probe(t)), "", "ro,nosuid", "ro,nosuid,noexec"},
			{`"tmpfs"`, probe, "nosuid,nodev", ""},
			{`{ path = "tmpfs", readonly = true }`, probe, "ro,nosuid,nodev", ""},
		} {
			command, sub := "/probe", "/sub"
			if strings.Contains(test.root, "[mounts]") {
				command, sub = dir+"/probe", dir+"/sub"
			}
			cmd := systest.OuterCommand(t, outer, u, systest.OwnTree(u, "root = "+test.root, test.mounts), command, "-mounts")
			mounts := nstest.ParseReport(t, nstest.MustRun(t, cmd)).Mounts
			if got := optionsOn(t, mounts, "/"); got != test.top {
				t.Errorf("%s: options %s; want %s", test.root, got, test.top)
			}
			if test.sub != "" {
				if got := optionsOn(t, mounts, sub); got != test.sub {
					t.Errorf("%s: below, options %s; want %s", test.root, got, test.sub)
				}
			}
		}
	})
}
