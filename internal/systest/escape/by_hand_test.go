package escape

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// byHand runs a script as root of a user, mount and pid namespace that unshare(1) makes, in
// which nothing of nslaunch is: what a launcher does that mounts by paths.
func byHand(t *testing.T, u nstest.User, script string, args ...string) string {
	t.Helper()
	nstest.Require(t, nstest.Tools("unshare", "mount"))
	words := []string{"--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", script, "sh"}
	if !u.IsRoot() {
		words = append([]string{"--user", "--map-root-user"}, words...)
	}
	return nstest.MustRun(t, u.Command(t, "unshare", append(words, args...)...))
}

// The attacks that the other tests of this kind defend against are real: done by hand, with mount(8) and
// paths, each leads to where the root's links point.
func TestFilesByHand(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		attack := func(name, script, want string, names ...string) {
			t.Run(name, func(t *testing.T) {
				root := systest.RootDir(t, u, "proc", "dev", "fake/proc")
				c := newCanary(t, u, root, names...)
				if got := byHand(t, u, script, root, c.dir); got != want {
					t.Errorf("it says %q, want %q: this is no attack", got, want)
				}
			})
		}
		// The control of TestKernelFilesOnDirectories: proc is mounted where nobody looks for it.
		attack("proc on a link", `rmdir $1/proc; ln -s fake/proc $1/proc; mount -t proc proc $1/proc; stat -f -c %T $1/fake/proc`, "proc\n")
		// Of the same: what is written below /proc goes to a file of whoever mounted there.
		attack("a mount on /proc/sys", `mount -t proc proc /proc; mount -t tmpfs tmpfs /proc/sys; mkdir /proc/sys/kernel; echo name >/proc/sys/kernel/hostname; stat -f -c %T /proc/sys/kernel/hostname`, "tmpfs\n")
		// The control of TestMasksOfHostsNull: what is masked becomes a name of another file, writable.
		attack("a mask that is a link", `ln -s $2/null $1/dev/null; echo secret >$1/secret; mount --bind $1/dev/null $1/secret; echo written >$1/secret; cat $2/null`, "written\n", "null")
		// The control of TestDevIsLink: devices are made outside.
		attack("devices below a link", `rmdir $1/dev; ln -s $2 $1/dev; : >$1/dev/null; ls $2`, "null\n")
		// The control of TestDevOfLinks: the console is mounted over a file outside.
		attack("a console that is a link", `ln -s $2/console $1/dev/console; mount --bind /dev/null $1/dev/console; stat -c %t:%T $2/console`, "1:3\n", "console")
		// The control of TestMadeBelowLink and of TestRace: a directory is made outside.
		attack("a directory below a link", `ln -s $2 $1/evil; mkdir -p $1/evil/new/made; ls $2`, "new\n")
	})
}

// The control of TestOwnBinary: a program that is no sealed copy is written to through /proc/PID/exe once it
// has ended.
func TestOwnBinaryByHand(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		binary := ownBinary(t, u)
		before := systest.Sum(t, binary)
		cmd := u.Command(t, binary, "check", "-")
		stdin, ours := systest.Pipe(t)
		cmd.Stdin = stdin
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		held, err := unix.Open(fmt.Sprintf("/proc/%d/exe", cmd.Process.Pid), unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(held)
		ours.Close()
		_ = cmd.Wait()
		fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", held), unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatalf("this is no attack: %v", err)
		}
		defer unix.Close(fd)
		if _, err := unix.Write(fd, []byte{0}); err != nil || systest.Sum(t, binary) == before {
			t.Errorf("this is no attack: %v", err)
		}
	})
}

// The control of TestLeakedDescriptors: a descriptor that is kept on purpose leads out of the root.
func TestLeakedDescriptorsByHand(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		host, err := os.Open("/")
		if err != nil {
			t.Fatal(err)
		}
		defer host.Close()
		profile := treeProfile(u, "root = \"tmpfs\"\n[mounts]\nro = [\"/usr\", \"-/bin\", \"-/lib\", \"-/lib64\"]\n[process]\nkeep_fds = [9]\n")
		for script, want := range map[string]string{
			"cd /proc/self/fd/9; ls -d etc/passwd":   "etc/passwd\n",
			"/proc/self/fd/9/usr/bin/env ls -d /usr": "/usr\n",
		} {
			cmd := systest.ProfileCommand(t, u, profile, "sh", "-c", script)
			for len(cmd.ExtraFiles) < 7 { // 3 to 9
				cmd.ExtraFiles = append(cmd.ExtraFiles, host)
			}
			if got := nstest.Run(t, cmd); got.Stdout != want {
				t.Errorf("%s: %+v: this is no attack", script, got)
			}
		}
	})
}

// CVE-2016-3697: where a user is looked up by name, a root has a user of the name 1000, who is root. Ids are
// ids here, and a user of the sandbox's cannot be named at all.
func TestNumericUser(t *testing.T) {
	root := nstest.Superuser(t)
	passwd := "1000:x:0:0::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n"
	profile := treeProfile(root, "[process]\nuid = 1000\ngid = 1000\n[mounts]\n\"/etc/passwd\" = { type = \"file\", content = \"1000:x:0:0::/:/bin/sh\\n\" }\n")
	if got := nstest.MustRun(t, systest.ProfileCommand(t, root, profile, "id", "-u")); got != "1000\n" {
		t.Errorf("uid %s, want 1000", got)
	}
	for _, id := range []string{"", "1000:", ":5", "1000x", "+5", "-1", "4294967295", "0x10", "root"} { // CVE-2026-30892
		got := nstest.Run(t, systest.ProfileCommand(t, root, treeProfile(root, fmt.Sprintf("[process]\nuid = %q\ngid = 1000\n", id)), "id", "-u"))
		if got.Status != systest.StatusSetup || got.Stdout != "" || !strings.Contains(got.Stderr, "process.uid: ") {
			t.Errorf("uid %q: %+v", id, got)
		}
	}
	t.Run("without", func(t *testing.T) { // chroot(8) looks it up
		file := root.WriteFile(t, root.TempDir(t)+"/passwd", passwd)
		if got := byHand(t, root, `mount --bind $1 /etc/passwd; chroot --userspec=1000:1000 / id -u`, file); got != "0\n" {
			t.Errorf("uid %q: this is no attack", got)
		}
	})
}

// CVE-2014-8989: a file that a group must not read is read by a member who has let the group go.
func TestNegativeGroup(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		if u.IsRoot() {
			return // may read it anyway
		}
		const group = 4242
		root := nstest.Superuser(t)
		dir := root.TempDir(t)
		file := root.WriteFile(t, dir+"/file", "secret\n")
		if err := os.Chown(file, 0, group); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o604); err != nil {
			t.Fatal(err)
		}
		member := func(cmd *exec.Cmd) *exec.Cmd {
			cmd.SysProcAttr.Credential.Groups = []uint32{group}
			return cmd
		}
		for _, mode := range []string{"root", "keep"} {
			profile := "version = 1\nnamespaces = { user = \"new\" }\nidmap = \"" + mode + "\"\n"
			got := nstest.Run(t, member(systest.ProfileCommand(t, u, profile, "sh", "-c", "cat /proc/self/setgroups "+file)))
			if !strings.HasPrefix(got.Stdout, "deny\n") || strings.Contains(got.Stdout, "secret") {
				t.Errorf("%s: %+v", mode, got)
			}
		}
		if got := nstest.Run(t, member(u.Command(t, "cat", file))); got.Status == 0 {
			t.Errorf("outside the member reads it: %+v", got)
		}
		t.Run("without", func(t *testing.T) {
			if got := nstest.MustRun(t, u.Command(t, "cat", file)); got != "secret\n" {
				t.Errorf("who is no member reads %q: this is no attack", got)
			}
		})
	})
}
