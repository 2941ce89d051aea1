package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// TestCookbook types the commands of docs/cookbook.md again: as an ordinary user with a home directory of
// her own, or as root of a machine with systemd. With -update it writes down what they print.
func TestCookbook(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Tools("bash", "cc", "git", "ip", "node", "npm", "systemd-notify"), nstest.File("/proc/net/if_inet6"))
	const file = "../docs/cookbook.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	played := string(text)
	left := nstest.Snapshot(t)
	t.Run("sessions", func(t *testing.T) {
		m, ann := machine(t), newAnn(t)
		played = console.ReplaceAllStringFunc(string(text), func(block string) string {
			block = console.FindStringSubmatch(block)[1]
			if strings.HasPrefix(block, "# ") {
				return "```console\n" + typed(t, m, block) + "```\n"
			}
			return "```console\n" + play(t, ann.outer, "/", ann.profile, commandsOf(block)) + "```\n"
		})
	})
	nstest.AssertNothingLeft(t, left)
	if t.Failed() {
		return
	}
	compare(t, file, string(text), played, "Cookbook")
}

// ann is an ordinary user at home on a machine called debian.
type ann struct {
	outer   *nstest.Outer
	profile string // of a login
}

func newAnn(t *testing.T) ann {
	t.Helper()
	root := nstest.Superuser(t)
	a := ann{outer: nstest.NewOuter(t, mountprop.Private)}
	for over, text := range map[string]string{"/etc/passwd": "ann:x:1000:1000::/home/ann:/bin/bash\n", "/etc/group": "ann:x:1000:\n"} {
		from := root.WriteFile(t, filepath.Join(nstest.TempDir(t), "file"), text)
		nstest.MustRun(t, a.outer.Command(t, root, "mount", "--bind", from, over))
	}
	nstest.MustRun(t, a.outer.Command(t, root, "sh", "-euc", `mount -t tmpfs tmpfs /home
		mkdir -p /home/ann/.ssh; echo key >/home/ann/.ssh/id_ed25519; chown -R 1000:1000 /home/ann
		mount --bind "$1" /usr/local/bin`, "sh", filepath.Dir(nstest.Nslaunch(t))))
	a.profile = root.WriteFile(t, filepath.Join(nstest.TempDir(t), "session.toml"), session+
		"cwd = \"/home/ann\"\n[env]\nset = { HOME = \"/home/ann\", USER = \"ann\" }\n")
	return a
}
