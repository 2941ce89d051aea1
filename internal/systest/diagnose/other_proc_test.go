package diagnose

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// With a /proc of another pid namespace the cause is named, and what it proposes helps: that is the control. Nothing is
// written to who has the child's number there.
func TestOtherProc(t *testing.T) {
	nstest.Require(t, nstest.Namespaces("user", "mnt", "pid"), nstest.Tools("unshare"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for what, args := range map[string][]string{
			"map": {"run", "--new", "user", "--", "true"},
			"oom": {"run", "--set", "process.oom_score_adj=900", "--new", "pid", "--", "true"},
		} {
			run := func(flags ...string) nstest.Result {
				argv := append(append([]string{"unshare", "-rpf"}, flags...), nstest.Nslaunch(t))
				argv = append(argv, args...)
				cmd := u.Command(t, argv[0], argv[1:]...)
				return nstest.Run(t, cmd)
			}
			const cause, cure = "/proc belongs to another pid namespace: ", "try: mount one of this pid namespace before nslaunch starts: unshare --mount-proc"
			if got := run(); got.Status != 125 || !strings.Contains(got.Stderr, cause) || !strings.Contains(got.Stderr, cure) {
				t.Errorf("%s: %+v", what, got)
			}
			if got := run("--mount-proc"); got.Status != 0 || got.Stderr != "" {
				t.Errorf("%s, with the cure: %+v", what, got)
			}
		}
	})
}
