package mounts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// The mount points that are made, and the directories above them, have these modes, whatever the
// umask is; the command has the caller's.
func TestMadeModes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"file": "text\n"})
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		entries := fmt.Sprintf(`"/a/b/c" = { rw = %q }
"/a/b/file" = { ro = %q }
"/a/d" = { type = "dir" }
"/a/e/f" = { type = "dir", mode = "1730" }
"/a/e/s" = { type = "dir", mode = "2750" }
"/a/g/h" = { type = "tmpfs", mode = "0711" }
"/a/text" = { type = "file", content = "x", mode = "0640" }
"/a/copy" = { type = "file", source = %q }
"/a/exec" = { type = "file", content = "#!/bin/sh\necho it runs\n", mode = "0755", readonly = true }
"/a/link" = { type = "symlink", to = "../b c" }
"/a/pw" = { type = "passwd", mode = "0600" }
"/a/gr" = { type = "group" }
"/var/tmp" = { type = "tmpfs" }
`, dir, dir+"/file", dir+"/file")
		const script = `stat -c '%a %F %n' /a /a/b /a/b/c /a/b/file /a/d /a/e /a/e/f /a/e/s /a/g /a/g/h /a/text /a/copy /a/exec /a/link /a/pw /a/gr /var /var/tmp /tmp
/a/exec; readlink /a/link; cat /a/copy; umask
echo y >> /a/text && cat /a/text; echo; { echo z >> /a/exec; } 2>/dev/null || echo read-only
rm /a/text 2>/dev/null || echo mounted; rmdir /a/d && echo gone`
		const want = `755 directory /a
755 directory /a/b
700 directory /a/b/c
644 regular file /a/b/file
755 directory /a/d
755 directory /a/e
1730 directory /a/e/f
2750 directory /a/e/s
755 directory /a/g
711 directory /a/g/h
640 regular file /a/text
644 regular file /a/copy
755 regular file /a/exec
777 symbolic link /a/link
600 regular file /a/pw
644 regular file /a/gr
755 directory /var
1777 directory /var/tmp
1777 directory /tmp
it runs
../b c
text
0077
xy

read-only
mounted
gone
`
		profile := systest.OwnTree(u, systest.System+"tmpfs = [\"/tmp\"]\n"+entries)
		cmd := systest.ProfileCommand(t, u, profile, "sh", "-c", "exec 2>&1\n"+script)
		cmd.Args = append([]string{"sh", "-c", `umask 077; exec "$@"`, "sh"}, cmd.Args...)
		cmd.Path = "/bin/sh"
		if got := nstest.MustRun(t, cmd); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		if text, err := os.ReadFile(dir + "/file"); err != nil || string(text) != "text\n" {
			t.Errorf("the source of the copy is %q, %v", text, err)
		}
	})
}

func TestTmpfsSize(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for size, want := range map[string]string{
			`"1M"`: "256\n", `"1.5M"`: "384\n", `4096`: "1\n", `1`: "1\n", `"4097"`: "2\n", `"3G"`: "786432\n",
		} {
			profile := systest.OwnTree(u, fmt.Sprintf("[mounts]\n\"/mnt\" = { type = \"tmpfs\", size = %s }", size))
			systest.WantInside(t, u, profile, "stat -f -c %b /mnt", want)
		}
		systest.WantInside(t, u, systest.OwnTree(u, `[mounts]
"/mnt" = { type = "tmpfs", size = "64K" }`), "head -c 1M /dev/zero > /mnt/x; stat -c %s /mnt/x",
			"head: error writing 'standard output': No space left on device\n65536\n")
		for size, want := range map[string]string{
			`0`:                      `want 1 to 9223372036854775807, got 0`,
			`"0"`:                    `want a size above 0, got "0"`,
			`"123bogus"`:             `want a size such as "512M", in bytes or with K, M, G, T, P or E, got "123bogus"`,
			`""`:                     `want a size such as "512M", in bytes or with K, M, G, T, P or E, got ""`,
			`"-12345678"`:            `want a size such as "512M", in bytes or with K, M, G, T, P or E, got "-12345678"`,
			`" -12345678"`:           `want a size such as "512M", in bytes or with K, M, G, T, P or E, got " -12345678"`,
			`-1`:                     `want 1 to 9223372036854775807, got -1`,
			`"18446744073709551616"`: `"18446744073709551616" is too large, want less than 16E`,
			`"9223372036854775809"`:  `"9223372036854775809" is too large, want less than 8E`,
		} {
			profile := systest.OwnTree(u, fmt.Sprintf("[mounts]\n\"/mnt\" = { type = \"tmpfs\", size = %s }", size))
			systest.WantRefusal(t, systest.ProfileCommand(t, u, profile, "true"), `p.toml:4:35: mounts."/mnt".size: `+want)
		}
	})
}

// Symbolic links: made, there already, and in the way of something else.
func TestSymlinkEntry(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		systest.WantInside(t, u, systest.OwnTree(u, strings.Replace(systest.System, `"/bin", `, "", 1)+`"/bin" = { type = "symlink", to = "usr/bin" }
"/run/a/b" = { type = "symlink", to = "/no/where" }`), "readlink /bin /run/a/b", "usr/bin\n/no/where\n")
		// The same link is there: in the host's tree, or below a layer.
		for _, root := range []string{"", "root = { readonly = true }", "root = { overlay = \"tmpfs\" }"} {
			systest.WantInside(t, u, systest.OwnTree(u, root, "[mounts]\n\"/bin\" = { type = \"symlink\", to = \"usr/bin\" }"), "readlink /bin", "usr/bin\n")
			if strings.Contains(root, "overlay") && !u.IsRoot() {
				continue // "/" is made of parts, and each of them can be replaced
			}
			systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, root, "[mounts]\n\"/bin\" = { type = \"symlink\", to = \"usr/sbin\" }"), "true"),
				`p.toml:5:1: mounts."/bin": /bin exists already, as a link to "usr/bin"`)
			systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, root, "[mounts]\n\"/usr\" = { type = \"symlink\", to = \"bin\" }"), "true"),
				`p.toml:5:1: mounts."/usr": /usr exists already, and is not a link`)
		}
		systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, "[mounts]\n\"/new\" = { type = \"symlink\", to = \"bin\" }"), "true"),
			`p.toml:4:1: mounts."/new": "/new" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root.overlay = "tmpfs")`)
	})
}

// Directories: made, there already, and in the way.
func TestDirEntry(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		systest.WantInside(t, u, systest.OwnTree(u, "root = { overlay = \"tmpfs\" }", "[mounts]\n\"/etc\" = { type = \"dir\", mode = \"0700\" }\n\"/made/below\" = { type = \"dir\", mode = \"0700\" }"),
			"stat -c '%a %n' /etc /made /made/below; test -e /etc/passwd && echo there", "755 /etc\n755 /made\n700 /made/below\nthere\n")
		systest.WantInside(t, u, systest.OwnTree(u, "[mounts]\n\"/etc\" = { type = \"dir\" }"), "test -e /etc/passwd && echo there", "there\n")
		systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, "[mounts]\n\"/etc/passwd\" = { type = \"dir\" }"), "true"),
			`p.toml:4:1: mounts."/etc/passwd": /etc/passwd exists already, and is not a directory`)
		systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, "[mounts]\n\"/etc/new\" = { type = \"dir\" }"), "true"),
			`p.toml:4:1: mounts."/etc/new": "/etc/new" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root.overlay = "tmpfs")`)
	})
}

// passwd and group have the ids that there are inside.
func TestPasswd(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		files := strings.Replace(systest.System, "[mounts]", `[mounts]
"/etc/passwd" = { type = "passwd" }
"/etc/group" = { type = "group" }`, 1)
		root := "root:x:0:0::/root:/bin/sh\n"
		me := fmt.Sprintf("%s:x:%d:%d::%s:/bin/sh\n", u.Name, u.UID, u.GID, u.Home)
		mine := fmt.Sprintf("%s:x:%d:\n", u.Name, u.GID)
		nobody := "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
		nogroup := "nogroup:x:65534:\n"
		if u.IsRoot() {
			root, me, mine = "", "root:x:0:0::/root:/bin/sh\n", "root:x:0:\n"
		}
		group := func(s string) string {
			if u.IsRoot() {
				return mine
			}
			return s
		}
		for idmap, want := range map[string]string{
			`"root"`:     "root:x:0:0::/root:/bin/sh\n" + nobody + "root:x:0:\n" + nogroup + "root root\n",
			`"keep"`:     me + nobody + mine + nogroup + u.Name + " " + u.Name + "\n",
			`"identity"`: "",
			`{ uid = [{ inside = 7, outside = "${uid}" }], gid = [{ inside = 8, outside = "${gid}" }] }`: fmt.Sprintf("%s:x:7:8::%s:/bin/sh\n", u.Name, u.Home) +
				nobody + u.Name + ":x:8:\n" + nogroup + u.Name + " " + u.Name + "\n",
			`{ uid = [{ inside = 65534, outside = "${uid}" }], gid = [{ inside = 65534, outside = "${gid}" }] }`: fmt.Sprintf("%s:x:65534:65534::%s:/bin/sh\n", u.Name, u.Home) +
				u.Name + ":x:65534:\n" + u.Name + " " + u.Name + "\n",
			`"keep+subid"`: root + me + nobody + group("root:x:0:\n"+mine) + nogroup + u.Name + " " + u.Name + "\n",
			`"subid"`:      "root:x:0:0::/root:/bin/sh\n" + nobody + "root:x:0:\n" + nogroup + "root root\n",
		} {
			if want == "" || u.IsRoot() && strings.Contains(idmap, "subid") {
				continue
			}
			profile := "version = 1\nnamespaces = \"new\"\nidmap = " + idmap + "\n" + files
			systest.WantInside(t, u, profile, "cat /etc/passwd /etc/group; echo $(id -un) $(id -gn)", want)
		}
		// Without a user namespace; and HOME is the command's.
		if u.IsRoot() {
			profile := systest.OwnTree(u, "env.set.HOME = \"/elsewhere\"", files)
			systest.WantInside(t, u, profile, "cat /etc/passwd /etc/group", "root:x:0:0::/elsewhere:/bin/sh\n"+nobody+"root:x:0:\n"+nogroup)
		} else {
			profile := systest.OwnTree(u, "env.set.HOME = \"/elsewhere\"\nidmap = \"keep+subid\"", files)
			systest.WantInside(t, u, profile, "cat /etc/passwd", root+strings.Replace(me, u.Home, "/elsewhere", 1)+nobody)
		}
	})
}

// What is masked is empty and stays so, and what is optional may be missing.
func TestMasked(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"dir/file": "secret\n", "file": "secret\n", "link": "-> dir", "on": "/"})
		profile := systest.OwnTree(u, fmt.Sprintf(`sys = "new"
dev = "minimal"
[mounts]
masked = [%q, %q, %q, "/sys/kernel", "/dev/full", "/dev/shm"]
%q = { masked = true, optional = true }
%q = { ro = "/no/such/thing", optional = true }
`, dir+"/dir", dir+"/file", "-"+dir+"/missing", dir+"/link/file", dir+"/on"))
		systest.WantInside(t, u, profile, fmt.Sprintf(`cd %s
ls -A dir link on; cat file dir/file; wc -c < file; echo x > file && wc -c < file
mkdir dir/x || touch dir/x; stat -c '%%a %%F' dir file
ls -A /sys/kernel /dev/shm; cat /dev/full; touch /sys/kernel/x; true`, dir), strings.ReplaceAll(`dir:

link:

on:
cat: dir/file: No such file or directory
0
0
mkdir: cannot create directory ‘dir/x’: Read-only file system
touch: cannot touch 'dir/x': Read-only file system
555 directory
666 character special file
/dev/shm:

/sys/kernel:
touch: cannot touch '/sys/kernel/x': Read-only file system
`, "DIR", dir))
		// What is covered can neither be taken away nor seen through its other name.
		systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, fmt.Sprintf("[mounts]\nmasked = [%q]", dir+"/nothing")), "true"),
			fmt.Sprintf(`p.toml:4:11: mounts.masked[0]: nothing to mask: no such file or directory: %q (a "-" in front makes it optional)`, dir+"/nothing"))
		systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, fmt.Sprintf("[mounts]\nmasked = [%q]", dir+"/file/x")), "true"),
			fmt.Sprintf(`p.toml:4:11: mounts.masked[0]: nothing to mask: not a directory: %q`, dir+"/file/x"))
		if text, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(text) != "secret\n" {
			t.Errorf("the masked file is %q, %v", text, err)
		}
	})
}
