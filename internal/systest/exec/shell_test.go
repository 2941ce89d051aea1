package exec

import (
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// The shell is the user's own, unless the profile sets SHELL. If the sandbox does not have it, /bin/sh runs, and a note says so.
func TestUserShell(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		p := systest.NewWorkplace(t, u)
		own, other, broken := p.Dir+"/own", p.Dir+"/other", p.Dir+"/broken"
		for file, text := range map[string]string{
			own:    "#!/bin/sh\necho own\n",
			other:  "#!/bin/sh\necho other\n",
			broken: "#!/no/such/program\n",
		} {
			u.WriteFile(t, file, text)
			if err := os.Chmod(file, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		const sees = "namespaces = \"new\"\n"
		sets := sees + "env.set.SHELL = \"" + other + "\"\n"
		const without, cannot = ", which the sandbox does not have: /bin/sh runs instead\n", ", which cannot be executed in the sandbox: /bin/sh runs instead\n"
		for _, test := range []struct{ profile, shell, says, notes string }{
			{sees, own, "own\n", ""},
			{sets, own, "other\n", ""},
			{sees, "/bin/sh", "sh\n", ""},
			{sees, "/no/such/zsh", "sh\n", "SHELL is /no/such/zsh" + without},
			{sees, broken, "sh\n", "SHELL is " + broken + cannot},
			{sees, p.Dir, "sh\n", "SHELL is " + p.Dir + cannot},
			{sees, "/no/\x1b[31m", "sh\n", `SHELL is $'/no/\x1b[31m'` + without},
			{sees + "env.set.SHELL = \"/no/fish\"\n", own, "sh\n", "env.set.SHELL is /no/fish" + without},
		} {
			p.Write(test.profile)
			started := strings.TrimSpace(p.Must("run", "--detach", "./p.toml", "sleep", "1000"))
			notes := test.notes
			if notes != "" {
				notes = "nslaunch: note: " + notes
			}
			check := func(notes string, args ...string) {
				t.Helper()
				cmd := p.Command(args...)
				cmd.Env = append(cmd.Env, "SHELL="+test.shell)
				cmd.Stdin = strings.NewReader("echo ${0##*/}\n")
				if got := nstest.Run(t, cmd); got.Status != 0 || got.Stdout != test.says || got.Stderr != notes {
					t.Errorf("%q with SHELL=%q and %q: %+v; want %q and %q", args, test.shell, test.profile, got, test.says, notes)
				}
			}
			inside := strings.Replace(notes, "env.set.SHELL is", "SHELL of the sandbox is", 1)
			check(inside, "exec", started)
			check(inside, "shell", "./p.toml")
			p.Must("stop", started)
			check(notes, "shell", "./p.toml")
			if !strings.Contains(test.profile, "SHELL") {
				check(notes, "run", "--new", "user,mount")
			}
		}
	})
}
