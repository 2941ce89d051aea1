package mounts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// An entry whose target leads below another one is mounted after that, whatever their names are.
func TestEntriesInOrderOfPlaces(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{"real": "nameserver 192.0.2.1\n", "secret": "secret\n", "deep/x": "x\n"})
		for _, test := range []struct {
			name, link, entries, script, want string
		}{
			{"control", "../run/netconfig/resolv.conf", "\"/run\" = { type = \"tmpfs\" }",
				"cat /etc/resolv.conf || true", "cat: /etc/resolv.conf: No such file or directory\n"},
			{"relative", "../run/netconfig/resolv.conf", "\"/run\" = { type = \"tmpfs\" }\n\"/etc/resolv.conf\".ro = \"DIR/real\"",
				"cat /etc/resolv.conf; ls -A /run /run/netconfig", "nameserver 192.0.2.1\n/run:\nnetconfig\n\n/run/netconfig:\nresolv.conf\n"},
			{"absolute", "/run/systemd/resolve/stub", "\"/run\" = { type = \"tmpfs\" }\n\"/etc/resolv.conf\" = { type = \"file\", source = \"DIR/real\" }",
				"cat /etc/resolv.conf", "nameserver 192.0.2.1\n"},
			{"by a link of the root", "/var/run/x/resolv.conf", "\"/run\" = { type = \"tmpfs\" }\n\"/etc/resolv.conf\".ro = \"DIR/real\"",
				"cat /run/x/resolv.conf", "nameserver 192.0.2.1\n"},
			{"a link on the way is hidden", "/run/there/way", "\"/run\" = { type = \"tmpfs\" }\n\"/etc/resolv.conf\".ro = \"DIR/real\"",
				"cat /etc/resolv.conf; cat /srv/end", "nameserver 192.0.2.1\nold\n"},
			{"three in a row", "/run/a/resolv.conf", "\"/run\" = { type = \"tmpfs\" }\n\"/a\".ro = \"DIR/deep\"\n\"/etc/resolv.conf\".ro = \"DIR/real\"\n\"/run/a\" = { type = \"tmpfs\" }\n",
				"cat /a/x /etc/resolv.conf; ls -A /run/a", "x\nnameserver 192.0.2.1\nresolv.conf\n"},
			{"below a mask's place", "/run/a/resolv.conf", "\"/run\" = { type = \"tmpfs\" }\n\"/etc/resolv.conf\" = { masked = true, optional = true }",
				"cat /etc/resolv.conf || true", "cat: /etc/resolv.conf: No such file or directory\n"},
			{"a link of the plan", "/plan/resolv.conf", "\"/run\" = { type = \"tmpfs\" }\n\"/plan\" = { type = \"symlink\", to = \"/run/planned\" }\n\"/etc/resolv.conf\".ro = \"DIR/real\"",
				"cat /run/planned/resolv.conf", "nameserver 192.0.2.1\n"},
		} {
			t.Run(test.name, func(t *testing.T) {
				nstest.CheckNothingLeft(t)
				root := systest.RootFiles(t, u, "etc", "run/there", "run/a", "srv", "var", "a")
				systest.Symlink(t, test.link, root+"/etc/resolv.conf")
				systest.Symlink(t, "/run", root+"/var/run")
				systest.Symlink(t, "/srv/end", root+"/run/there/way")
				u.WriteFile(t, root+"/srv/end", "old\n")
				u.Own(t, root)
				entries := strings.ReplaceAll(test.entries, "DIR", dir)
				profile := systest.OwnTree(u, fmt.Sprintf("root = { path = %q, overlay = \"tmpfs\" }", root), strings.Replace(systest.Programs, "[mounts]", "[mounts]\n"+entries, 1))
				systest.WantInside(t, u, profile, test.script, test.want)
			})
		}
	})
}

// The host's own tree, with a resolv.conf that leads into /run: it is there although /run is covered.
func TestResolvConfInRun(t *testing.T) {
	nstest.Require(t, nstest.Tools("mount"), nstest.FileSystem("overlay"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		outer := nstest.NewOuter(t, mountprop.Private)
		dir := nstest.Superuser(t).TempDir(t)
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "sh", "-c", `set -e; cd `+dir+`
mount -t tmpfs none . && cd `+dir+` && mkdir upper work && mount -t overlay none -o lowerdir=/etc,upperdir=upper,workdir=work /etc
rm -f /etc/resolv.conf && ln -s ../run/netconfig/resolv.conf /etc/resolv.conf
mount -t tmpfs none /run && mkdir /run/netconfig && echo nameserver 192.0.2.2 >/run/netconfig/resolv.conf`))
		const covered = "root = { path = \"host\", readonly = true }\n[mounts]\n\"/run\" = { type = \"tmpfs\" }\n"
		run := func(profile string) string {
			return nstest.MustRun(t, systest.OuterCommand(t, outer, u, systest.OwnTree(u, profile), "sh", "-c", "cat /etc/resolv.conf 2>&1 || true"))
		}
		if got := run(covered); !strings.Contains(got, "No such file") {
			t.Errorf("without an entry, it has %q", got)
		}
		if got := run(covered + "ro = [\"-/etc/resolv.conf\"]\n"); got != "nameserver 192.0.2.2\n" {
			t.Errorf("with an entry, it has %q", got)
		}
	})
}
