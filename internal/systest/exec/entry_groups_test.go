package exec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// Root that enters what somebody else made leaves its supplementary groups outside, and its ids, too, where
// the namespace does not have them.
func TestEntryDropsGroups(t *testing.T) {
	root, u := nstest.Superuser(t), nstest.Ordinary(t)
	const groups = "root,disk,shadow"
	grouped := func(words ...string) nstest.Result {
		return nstest.Run(t, root.Command(t, "setpriv", append([]string{"--groups", groups, "--"}, words...)...))
	}
	for name, profile := range map[string]string{
		"root": "namespaces = { user = \"new\" }\n",
		"keep": "namespaces = { user = \"new\" }\nidmap = \"keep\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\n"+profile, "cat"))
			pid := fmt.Sprint(h.PID)
			const show = "cat /etc/shadow >/dev/null 2>&1 && echo read; grep ^Groups: /proc/self/status | tr -s '\\t ' ' '"
			for _, words := range [][]string{
				{nstest.Nslaunch(t), "exec", pid, "sh", "-c", show},
				{nstest.Nslaunch(t), "run", "--join", "user=pid:" + pid, "--", "sh", "-c", show},
			} {
				got := grouped(words...)
				if strings.Contains(got.Stdout, "read") || got.Status == 0 && strings.TrimSpace(got.Stdout) != "Groups:" {
					t.Errorf("%q: %+v", words, got)
				}
				if got.Status != 0 && name == "root" {
					t.Errorf("%q: %+v", words, got)
				}
			}
			// The control: setns(2) alone keeps them.
			got := grouped("nsenter", "--user", "--preserve-credentials", "--target", pid, "sh", "-c", show)
			if !strings.Contains(got.Stdout, "read") {
				t.Errorf("without: %+v", got)
			}
		})
	}
	t.Run("setgroups denied", func(t *testing.T) {
		const show = "grep ^Groups: /proc/self/status | tr -s '\\t ' ' '"
		p := systest.NewWorkplace(t, root)
		p.Write("namespaces = { user = \"new\" }\nidmap.setgroups = \"deny\"\n")
		got := nstest.Run(t, root.Command(t, "setpriv", "--groups", groups, "--", nstest.Nslaunch(t), "run", p.Dir+"/p.toml", "--", "sh", "-c", show))
		if got.Status != 0 || strings.TrimSpace(got.Stdout) != "Groups:" {
			t.Errorf("%+v", got)
		}
		got = grouped("unshare", "--user", "--map-root-user", "--setgroups", "deny", "sh", "-c", show)
		if strings.TrimSpace(got.Stdout) == "Groups:" {
			t.Errorf("without: %+v", got)
		}
	})
}
