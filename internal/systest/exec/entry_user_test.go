package exec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// exec gives another user only where the sandbox's own command could become that user.
func TestExecUser(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		before := nstest.Snapshot(t)
		p := systest.NewWorkplace(t, u)
		idmap := `idmap = "root+subid"`
		if u.IsRoot() { // it has no subordinate ids
			idmap = `idmap = { uid = [{ inside = 0, outside = 100000, count = 100 }], gid = [{ inside = 0, outside = 100000, count = 100 }] }`
		}
		const id = "id -u; id -g; grep CapEff: /proc/self/status"
		none, no := "CapEff:\t0000000000000000\n", "cannot become uid 5, as it does not have CAP_SETUID"
		for _, test := range []struct{ process, user, want string }{
			{"", "5", "5\n0\n" + none},
			{"", "5:6", "5\n6\n" + none},
			{"", "root", "0\n0\n"},
			{`capabilities = "none"`, "5", no},
			{`capabilities = "none"`, "0:5", "cannot change to gid 5, as it does not have CAP_SETGID"},
			{`capabilities = "none"`, "0:0", "0\n0\n" + none},
			{`capabilities = ["CHOWN", "SETGID"]`, "5", no},
			{`capabilities = ["SETUID"]`, "5:5", "CAP_SETGID"},
			{`uid = 7
gid = 8`, "5", no},
			{`uid = 7
gid = 8`, "0", "cannot become uid 0"},
			{`uid = 7
gid = 8`, "7", "7\n8\n" + none},
			{"", "200000", "uid 200000 is not mapped in sandbox"},
			{"", "0:200000", "gid 200000 is not mapped in sandbox"},
			{"", "-1", "--user: want UID, UID:GID or root"},
			{"", "4294967295", "--user: want UID, UID:GID or root"},
			{"", "nobody", "--user: want UID, UID:GID or root"},
			{"", "5:", "--user: want UID, UID:GID or root"},
		} {
			name := p.Detach(fmt.Sprintf("namespaces = \"new\"\n%s\ncommand = [\"sleep\", \"1000\"]\n[process]\n%s\n", idmap, test.process))
			got := p.Run("exec", "--user="+test.user, name, "sh", "-c", id)
			if ran := strings.HasPrefix(got.Stdout, test.want) && got.Status == 0; !ran && (got.Status != systest.StatusSetup || got.Stdout != "" || !strings.Contains(got.Stderr, test.want)) {
				t.Errorf("%s as %s: %+v; want %q", test.process, test.user, got, test.want)
			}
			p.Must("stop", "--time", "0s", name)
		}
		nstest.AssertNothingLeft(t, before)
	})
}

// exec can change the directory and the environment, and has the flags of docker for a terminal.
func TestExecFlags(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces = \"new\"\ncommand = [\"sleep\", \"1000\"]\nenv.set = { A = \"1\", B = \"2\" }\n")
		if got := p.Must("exec", "-i", "-w", "/usr", "-e", "A=x=y", "-e", "TERM=dumb", name, "--", "sh", "-c", "pwd; echo $A $B $TERM"); got != "/usr\nx=y 2 dumb\n" {
			t.Errorf("got %q", got)
		}
		p.Fails(systest.StatusSetup, "-t needs a terminal", "exec", "-it", name, "true")
		p.Fails(systest.StatusSetup, "--cwd: want an absolute path inside the sandbox", "exec", "--cwd", "usr", name, "true")
		p.Fails(systest.StatusSetup, "there is no such directory in the sandbox\n  try: create it, or --cwd /\n", "exec", "--cwd", "/no-such", name, "true")
		p.Fails(systest.StatusSetup, "needs its mount namespace", "exec", "--ns", "net", "--cwd", "/", name, "true")
		p.Fails(systest.StatusSetup, "only in its user namespace", "exec", "--ns", "net", "--user", "0", name, "true")
		p.Fails(systest.StatusSetup, "NO_SUCH_VARIABLE is not set here", "exec", "--env", "NO_SUCH_VARIABLE", name, "true")
		term := u.StartTerminal(t, p.Command("exec", "-it", name, "sh", "-c", "test -t 0 && echo has a ter''minal"))
		term.Expect("has a terminal")
		term.Wait()
		term = u.StartTerminal(t, p.Command("exec", "-t", "--terminal", "none", name, "true"))
		term.Expect("-t is --terminal pty, and excludes --terminal none")
		term.Wait()
		p.Must("stop", name)
	})
}
