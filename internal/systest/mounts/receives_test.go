package mounts

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// What is read-only stays so: what the host mounts below it later would be writable, and is not seen. The control is the same with
// propagation = "slave", which plan notes.
func TestReadonlyReceivesNothing(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		const slave = "propagation = \"slave\""
		for name, profile := range map[string]string{
			"an entry":         systest.System + "\"/shown\" = { ro = \"DIR/src\"ENTRY }\n",
			"in the host's":    "mounts.\"DIR/on\" = { ro = \"DIR/src\"ENTRY }\n",
			"in slave+shared":  "propagation = \"slave+shared\"\n" + systest.System + "\"/shown\" = { ro = \"DIR/src\"ENTRY }\n",
			"in written slave": slave + "\n" + systest.System + "\"/shown\" = { ro = \"DIR/src\"ENTRY }\n",
			"a root":           "TOP\nroot = { readonly = true }\n",
			"a directory":      "TOP\nroot = { path = \"DIR/src\", readonly = true }\nproc = \"host\"\n" + systest.Programs,
		} {
			for _, written := range []bool{false, true} {
				outer := nstest.OuterShared(t)
				dir := sharedSource(t, outer, u)
				nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "sh", "-euc", "cd "+dir+"/src; mkdir usr bin lib lib64 proc dev; chmod 755 ."))
				top, entry := "", "" // written is the control
				if written {
					top, entry = slave, ", "+slave
				}
				text := systest.OwnTree(u, strings.NewReplacer("DIR", dir, "TOP", top, "ENTRY", entry).Replace(profile))
				h := systest.Hold(t, systest.OuterCommand(t, outer, u, text, "sh"))
				nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "-t", "tmpfs", "-o", "mode=1777", "outside", dir+"/src/in"))
				seen := ""
				for _, m := range mountsIn(t, h.PID) {
					hosts := strings.HasPrefix(profile, "mounts") && m.Target == dir+"/src/in" // in the host's tree as it is
					if strings.HasSuffix(m.Target, "/in") && !hosts && strings.HasPrefix(m.Options, "rw") {
						seen = m.Target
					}
				}
				if (seen != "") != written {
					t.Errorf("%s: with\n%s\nwhat is mounted outside is writable at %q", name, text, seen)
				}
				h.Release(t)
				cmd := outer.Command(t, u, nstest.Nslaunch(t), "plan", "p.toml", "true")
				u.WriteFile(t, cmd.Dir+"/p.toml", text)
				got := nstest.Run(t, cmd)
				if note := strings.Contains(got.Stderr, "with the host's options, so they may be writable (propagation = \"private\")"); got.Status != 0 || note != written {
					t.Errorf("%s: the plan of\n%s\nhas a note: %v\n%+v", name, text, note, got)
				}
			}
		}
	})
}
