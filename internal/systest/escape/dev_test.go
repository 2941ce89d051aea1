package escape

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// CVE-2026-41579 (runc), CVE-2026-47766 (crun): the root's /dev is a link to a directory outside,
// and the devices, links and terminals of the sandbox are made there.
func TestDevIsLink(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, overlay := range []string{"", `, overlay = "tmpfs"`} {
			for _, dev := range []string{"minimal", "host"} {
				root := systest.RootDir(t, u, "proc")
				c := newCanary(t, u, root, "ptmx", "null", "console", "pts/", "shm/")
				systest.Symlink(t, c.dir, root+"/dev")
				profile := treeProfile(u, fmt.Sprintf("root = { path = %q%s }\ndev = %q\n[process]\nterminal = \"pty\"\n", root, overlay, dev))
				systest.WantRefusal(t, systest.ProfileCommand(t, u, profile, "/probe"),
					fmt.Sprintf("p.toml:4:1: dev: /dev is a symbolic link to %s in the root, and must be a directory", c.dir))
				// Without the section, all below is the profile's: it stays inside.
				profile = treeProfile(u, fmt.Sprintf("root = { path = %q%s }\n[mounts]\n\"/dev/null\" = { rw = \"/dev/null\" }\n\"/dev/pts\" = { type = \"devpts\" }\n", root, overlay))
				mounts := nstest.ParseReport(t, nstest.MustRun(t, systest.ProfileCommand(t, u, profile, "/probe"))).Mounts
				for _, name := range []string{"/null", "/pts"} {
					if !isMounted(mounts, c.dir+name) {
						t.Errorf("%s is not mounted on %s inside: %v", name, c.dir+name, mounts)
					}
				}
				c.unchanged(t)
			}
		}
	})
}

// CVE-2025-52565: the root has links where the console and the terminals are put. They are put
// into a /dev that is the plan's own.
func TestDevOfLinks(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		script := `for f in console ptmx pts/0 tty null; do [ ! -e /dev/$f ] || stat -L -c "$f %F" /dev/$f; done; tty; exec 3<>/dev/ptmx; echo $?`
		for _, dev := range []string{"minimal", "host", "bind"} {
			t.Run(dev, func(t *testing.T) {
				root := systest.RootDir(t, u, "proc", "usr", "bin", "lib", "lib64", "dev/pts")
				c := newCanary(t, u, root, "console", "ptmx", "0", "tty", "null")
				for name, to := range map[string]string{"console": "console", "ptmx": "ptmx", "pts/0": "0", "pts/1": "0", "tty": "tty", "null": "null"} {
					systest.Symlink(t, c.dir+"/"+to, root+"/dev/"+name)
				}
				before := listing(t, root)
				rest := fmt.Sprintf("root = %q\ndev = %q\n[mounts]\n", root, dev)
				if dev == "bind" {
					rest = fmt.Sprintf("root = %q\n[mounts]\n\"/dev\" = { rw = %q, options = [\"dev\"] }\n", root, root+"/dev")
				}
				rest += "ro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n[process]\nterminal = \"pty\"\n"
				got := u.StartTerminal(t, systest.ProfileCommand(t, u, treeProfile(u, rest), "sh", "-c", script)).Wait()
				if dev != "bind" {
					for _, line := range []string{"console character special file\r\n", "ptmx character special file\r\n", "null character special file\r\n", "\r\n/dev/", "\r\n0\r\n"} {
						if !strings.Contains(got.Stdout, line) {
							t.Errorf("no %q: %+v", line, got)
						}
					}
				}
				if strings.Contains(got.Stdout, "console regular") && dev != "bind" {
					t.Errorf("the console is a file: %+v", got)
				}
				c.unchanged(t)
				if after := listing(t, root); fmt.Sprint(before) != fmt.Sprint(after) {
					t.Errorf("the root is now\n%s\nit was\n%s", after, before)
				}
			})
		}
	})
}

// CVE-2026-87766 (bubblewrap): a directory or file is made below what is bound, where a link leads out
// of it, into the host's tree by the path that it has for the launcher. All is made in layers of
// ours, relative to them.
func TestMadeBelowLink(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, test := range []struct{ name, entry string }{
			{"dir", `{ type = "dir" }`},
			{"file", `{ type = "file", content = "x" }`},
			{"symlink", `{ type = "symlink", to = "x" }`},
			{"tmpfs", `{ type = "tmpfs" }`},
			{"bind", `{ ro = "/usr" }`},
			{"overlay", `{ type = "overlay", lower = ["/usr"] }`},
		} {
			for _, to := range []string{"", "/..", "/oldroot", "/../../../../../.."} {
				t.Run(test.name+" "+to, func(t *testing.T) {
					for _, at := range []string{"root", "overlay", "bind"} {
						root := systest.RootDir(t, u, "proc")
						c := newCanary(t, u, root)
						systest.Symlink(t, to+c.dir, root+"/evil")
						rest := fmt.Sprintf("root = %q\n[mounts]\n\"/evil/new/made\" = %s\n", root, test.entry)
						switch at {
						case "overlay":
							rest = strings.Replace(rest, fmt.Sprintf("%q", root), fmt.Sprintf("{ path = %q, overlay = \"tmpfs\" }", root), 1)
						case "bind":
							rest = fmt.Sprintf("root = \"tmpfs\"\n[mounts]\n\"/probe\" = { ro = %q }\n\"/d\" = { rw = %q }\n\"/d/evil/new/made\" = %s\n", root+"/probe", root, test.entry)
						}
						got := nstest.Run(t, systest.ProfileCommand(t, u, treeProfile(u, rest), "/probe", "-mounts"))
						if got.Status != 0 && (got.Status != systest.StatusSetup || !strings.HasPrefix(got.Stderr, "nslaunch: error: p.toml:")) {
							t.Errorf("%s: %+v", at, got)
						}
						if want := at == "overlay" && to != "/oldroot"; want && got.Status != 0 {
							t.Errorf("%s: %+v; want it made inside", at, got)
						}
						c.unchanged(t)
						if _, err := os.Lstat(root + c.dir + "/new"); err == nil {
							t.Errorf("%s: made in the host's directory", at)
						}
					}
				})
			}
		}
	})
}
