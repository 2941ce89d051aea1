package ids

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// Lines that say an id twice are no obstacle, nor is the caller's own id among them.
func TestSubidOverlap(t *testing.T) {
	u := nstest.Ordinary(t)
	for name, lines := range map[string]string{
		"twice":    "U:1000000:65536\nU:1000000:65536\n",
		"overlap":  "U:1000000:65536\nUID:1000100:65536\n",
		"around":   "U:1000100:10\nU:1000000:65536\n",
		"with own": "U:1000000:10\nU:20000:10\n",
	} {
		t.Run(name, func(t *testing.T) {
			o := nstest.OuterSubIDs(t, strings.NewReplacer("UID", fmt.Sprint(u.UID), "U", u.Name).Replace(lines))
			for _, mode := range []string{"subid", "root+subid", "keep+subid"} {
				nstest.MustRun(t, systest.OuterCommand(t, o, u, systest.NewUserProfile+fmt.Sprintf("idmap = %q\n", mode), "true"))
			}
		})
	}
	// The control: what the lines say, as they are, the kernel refuses.
	t.Run("without", func(t *testing.T) {
		o := nstest.OuterSubIDs(t, fmt.Sprintf("%s:1000000:65536\n", u.Name))
		script := "unshare -U sleep 5 & sleep .3; newuidmap $! %s; status=$?; kill $!; exit $status"
		if got := nstest.Run(t, o.Command(t, u, "sh", "-c", fmt.Sprintf(script, "0 1000000 10 10 1000000 10"))); got.Status == 0 {
			t.Error("newuidmap maps an id twice")
		}
		nstest.MustRun(t, o.Command(t, u, "sh", "-c", fmt.Sprintf(script, "0 1000000 10 10 1000010 10")))
	})
}

// The line that is proposed is nobody's, and helps when it is added.
func TestSubidProposed(t *testing.T) {
	u := nstest.Bare(t)
	const others = "a:100000:65536\nb:165536:65536\n"
	o := nstest.OuterSubIDs(t, others)
	profile := systest.NewUserProfile + "idmap = \"root+subid\"\n"
	systest.WantRefusal(t, systest.OuterCommand(t, o, u, profile, "true"),
		fmt.Sprintf("p.toml:3:1: idmap: %s has no subordinate uids in /etc/subuid (add a line to /etc/subuid: %[1]s:231072:65536)", u.Name),
		fmt.Sprintf("p.toml:3:1: idmap: %s has no subordinate gids in /etc/subgid (add a line to /etc/subgid: %[1]s:231072:65536)", u.Name))
	o = nstest.OuterSubIDs(t, others+fmt.Sprintf("%s:231072:65536\n", u.Name))
	nstest.MustRun(t, systest.OuterCommand(t, o, u, profile, "true"))
	// A line that is none is named.
	o = nstest.OuterSubIDs(t, others+fmt.Sprintf("%s:x:65536\n", u.Name))
	systest.WantRefusal(t, systest.OuterCommand(t, o, u, profile, "true"),
		fmt.Sprintf(`/etc/subuid:3: want NAME:FIRST:COUNT with ids below 4294967295, got "%s:x:65536"`, u.Name))
}

// Root without CAP_SETFCAP may not map its own id.
func TestNoSetfcap(t *testing.T) {
	u := nstest.Superuser(t)
	without := func(words ...string) []string {
		return append([]string{"--bounding-set=-setfcap", "--inh-caps=-setfcap"}, words...)
	}
	before := nstest.Snapshot(t)
	const refused = `CAP_SETFCAP, which uid 0 does not have here (start nslaunch with it, in podman and docker --cap-add SETFCAP, or as another user)`
	for _, flags := range [][]string{{"--new", "user"}, {"--new", "user", "--idmap", "keep"}} {
		got := nstest.Run(t, u.Command(t, "setpriv", without(append(append([]string{nstest.Nslaunch(t), "run"}, flags...), "--", "true")...)...))
		if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, "mapping uid 0 needs "+refused) {
			t.Errorf("%v: %+v", flags, got)
		}
	}
	nstest.AssertNothingLeft(t, before)
	// The control: the kernel refuses it, and with the capability it does not.
	if got := nstest.Run(t, u.Command(t, "setpriv", without("unshare", "-Ur", "true")...)); got.Status == 0 {
		nstest.Skip(t, "this kernel maps uid 0 without CAP_SETFCAP")
	}
	nstest.MustRun(t, u.Command(t, nstest.Nslaunch(t), "run", "--new", "user", "--", "true"))
	// The cure: another user.
	o := nstest.Ordinary(t)
	nstest.MustRun(t, o.Command(t, nstest.Nslaunch(t), "run", "--new", "user", "--", "true"))
}
