package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// CVE-2019-16884, CVE-2019-19921, CVE-2023-27561: a root or a mount puts something
// else where /proc or /sys is meant to be, and what the launcher writes there
// goes astray. The kernel's file systems are mounted on ordinary directories, or not at all.
func TestKernelFilesOnDirectories(t *testing.T) {
	net := strings.NewReplacer(`mount = "new"`, `mount = "new", net = "new"`)
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, root string)
		rest    string // of the profile
		want    string
	}{
		{"proc is a link", func(t *testing.T, root string) { systest.Symlink(t, "/fake/proc", root+"/proc") }, "",
			`p.toml:4:1: proc: /proc is a symbolic link to /fake/proc in the root, and must be a directory`},
		{"proc is a link through a link", func(t *testing.T, root string) {
			systest.Symlink(t, "via/proc", root+"/proc")
			systest.Symlink(t, "fake", root+"/via")
		}, "",
			`p.toml:4:1: proc: /proc is a symbolic link to /fake/proc in the root, and must be a directory`},
		{"proc is a file", func(t *testing.T, root string) { nstest.Superuser(t).WriteFile(t, root+"/proc", "") }, "",
			`p.toml:4:1: proc: a directory can only be mounted on a directory, and "/proc" is a file`},
		{"sys is a link to proc", func(t *testing.T, root string) {
			systest.MakeDirs(t, root+"/proc")
			systest.Symlink(t, "proc", root+"/sys")
		}, "sys = \"new\"\n",
			`p.toml:5:1: sys: /sys is a symbolic link to /proc in the root, and must be a directory`},
		{"sys = none is a link", func(t *testing.T, root string) {
			systest.MakeDirs(t, root+"/proc")
			systest.Symlink(t, "/fake/proc", root+"/sys")
		}, "sys = \"none\"\n",
			`p.toml:5:1: sys: /sys is a symbolic link to /fake/proc in the root, and must be a directory`},
		{"a bind on proc", func(t *testing.T, root string) {}, "[mounts]\n\"/proc\" = { rw = \"/etc\" }\n",
			`p.toml:6:1: mounts."/proc": /proc is made by proc = "new", "host" or "none"`},
		{"a mount below proc", func(t *testing.T, root string) {}, "[mounts]\n\"/proc/self/attr\" = { type = \"tmpfs\" }\n",
			`p.toml:6:1: mounts."/proc/self/attr": nothing is mounted below /proc, want it in proc.readonly_paths or proc.masked_paths`},
		{"a mount that a link leads to proc", func(t *testing.T, root string) {
			systest.MakeDirs(t, root+"/proc")
			systest.Symlink(t, "proc", root+"/p")
		}, "[mounts]\n\"/p/self/attr\" = { type = \"tmpfs\" }\n",
			`p.toml:6:1: mounts."/p/self/attr": /p/self/attr leads to /proc/self/attr inside: nothing can be mounted below /proc`},
	} {
		t.Run(test.name, func(t *testing.T) {
			nstest.EachUser(t, func(t *testing.T, u nstest.User) {
				nstest.CheckNothingLeft(t)
				root := systest.RootDir(t, u, "fake/proc/self/attr")
				test.prepare(t, root)
				profile := net.Replace(treeProfile(u, fmt.Sprintf("root = %q\nproc = \"new\"\n", root))) + test.rest
				systest.WantRefusal(t, systest.ProfileCommand(t, u, profile, "/probe", "-mounts"), test.want)
			})
		})
	}
}

// The same race as in TestRace for /proc itself: what is mounted is proc, and on /proc.
func TestKernelFilesRace(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		root := systest.RootDir(t, u, "m", "fake/proc")
		systest.Symlink(t, "/fake/proc", root+"/out")
		if err := os.Rename(root+"/m", root+"/proc"); err != nil {
			t.Fatal(err)
		}
		cmd := systest.ProfileCommand(t, u, treeProfile(u, fmt.Sprintf("root = %q\nproc = \"new\"\n", root)), "/probe", "-mounts")
		stop, done := make(chan bool), make(chan bool)
		go func() {
			defer close(done)
			for {
				select {
				case <-stop:
					return
				default:
					_ = unix.Renameat2(unix.AT_FDCWD, root+"/proc", unix.AT_FDCWD, root+"/out", unix.RENAME_EXCHANGE)
				}
			}
		}()
		defer func() { close(stop); <-done }()
		ran := 0
		for range 60 {
			got := nstest.Run(t, again(cmd))
			switch {
			case got.Status == 0:
				ran++
				// The directory may have changed its name since.
				for _, m := range nstest.ParseReport(t, got.Stdout).Mounts {
					if m.FSType == "proc" && m.Target != "/proc" && m.Target != "/out" {
						t.Errorf("proc is on %s", m.Target)
					}
				}
			case !strings.HasPrefix(got.Stderr, "nslaunch: error: p.toml:4:1: proc: ") || got.Stdout != "" || got.Status != systest.StatusSetup:
				// The probe cannot see its mounts where the link is in place now.
				if !strings.Contains(got.Stderr, "probe:") {
					t.Errorf("%+v", got)
				}
			}
		}
		t.Logf("%d of 60 ran", ran)
	})
}

// CVE-2025-31133: the root's own /dev/null, a link or a file, is what masks. Masks are
// of the host's /dev/null alone, which is looked at: 1:3.
func TestMasksOfHostsNull(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		script := `stat -c %t:%T /secret /proc/interrupts; cat /secret /proc/interrupts; echo x >/secret || echo no`
		for _, dev := range []string{"", "dev = \"minimal\"\n", "devbind"} {
			t.Run(dev, func(t *testing.T) {
				root := systest.RootDir(t, u, "proc", "usr", "bin", "lib", "lib64", "dev")
				c := newCanary(t, u, root, "null")
				systest.Symlink(t, c.dir+"/null", root+"/dev/null")
				u.WriteFile(t, root+"/secret", "secret\n")
				binds := "[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\nmasked = [\"/secret\"]\n[proc]\nmasked_paths = [\"/proc/interrupts\"]\n"
				if dev == "devbind" {
					binds, dev = strings.Replace(binds, "masked =", fmt.Sprintf("%q = { rw = %q }\nmasked =", "/dev", root+"/dev"), 1), ""
				}
				got := nstest.Run(t, systest.ProfileCommand(t, u, treeProfile(u, fmt.Sprintf("root = %q\n", root)+dev+binds), "sh", "-c", script))
				if want := "1:3\n1:3\n"; !strings.HasPrefix(got.Stdout, want) || strings.Contains(got.Stdout, "secret") || got.Status != 0 {
					t.Errorf("%+v, want %q", got, want)
				}
				c.unchanged(t)
				if text, err := os.ReadFile(root + "/secret"); string(text) != "secret\n" || err != nil {
					t.Errorf("/secret is now %q, %v", text, err)
				}
			})
		}
		t.Run("the host's", func(t *testing.T) {
			outer := nstest.OuterShared(t)
			root := systest.RootDir(t, u, "proc")
			u.WriteFile(t, root+"/secret", "secret\n")
			fake := u.WriteFile(t, filepath.Join(u.TempDir(t), "null"), "")
			nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "--bind", fake, "/dev/null"))
			profile := treeProfile(u, fmt.Sprintf("root = %q\n[mounts]\nmasked = [\"/secret\"]\n[proc]\nmasked_paths = [\"/proc/interrupts\"]\n", root))
			systest.WantRefusal(t, systest.OuterCommand(t, outer, u, profile, "/probe"),
				`p.toml:5:11: mounts.masked[0]: /dev/null, which masks a file, is not the null device (1:3)`,
				`p.toml:7:17: proc.masked_paths[0]: /dev/null, which masks a file, is not the null device (1:3)`)
		})
	})
}
