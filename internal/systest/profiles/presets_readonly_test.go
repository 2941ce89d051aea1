package profiles

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// The devices of a minimal /dev are the host's own, and root owns them. It changes neither their modes nor
// their times, and they open for writing all the same. Modes are set to what they are.
func TestDevicesKeepTheirModes(t *testing.T) {
	root := nstest.Superuser(t)
	nstest.CheckNothingLeft(t)
	const script = `cd /dev; for d in null zero full random urandom tty; do
chmod "$(stat -c %a $d)" $d 2>/dev/null && echo $d; done; touch -c -r null null 2>/dev/null && echo times; for m in /proc/kmsg /proc/kallsyms; do test -c $m && chmod 666 $m 2>/dev/null && echo mask; done; echo x >null; (echo x >full) 2>/dev/null || echo full`
	run := func(words ...string) string {
		args := append(append([]string{"run", "--set", "process.terminal=none"}, words...), "sh", "-c", script)
		cmd := root.Command(t, nstest.Nslaunch(t), args...)
		cmd.Dir = root.TempDir(t)
		return nstest.MustRun(t, cmd)
	}
	for _, preset := range []string{"base", "system", "dev", "npm", "agent", "build", "service"} {
		if got := run("preset:" + preset); got != "full\n" {
			t.Errorf("preset:%s: it changes %q", preset, got)
		}
	}
	t.Run("mask without", func(t *testing.T) {
		file := root.WriteFile(t, filepath.Join(nstest.TempDir(t), "masked"), "")
		got := nstest.MustRun(t, root.Command(t, "unshare", "--mount", "sh", "-c", `mount --bind /dev/null "$0" && chmod 666 "$0" && echo mask`, file))
		if got != "mask\n" {
			t.Errorf("a writable mask: %q: this is no attack", got)
		}
	})
	t.Run("without", func(t *testing.T) {
		if got := run("--set", "dev=host", "preset:dev"); !strings.HasPrefix(got, "null\n") || !strings.Contains(got, "times\n") {
			t.Errorf("in the host's /dev it changes %q: this is no attack", got)
		}
	})
}

// What preset:system shows read-only stays so: its command cannot mount it anew.
func TestSystemStaysReadOnly(t *testing.T) {
	nstest.Require(t, nstest.Tools("mount"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, test := range []struct{ capabilities, want string }{{"none", "no\n"}, {"keep", "written\n"}} { // "keep" is the control
			dir := u.TempDir(t)
			args := []string{"run", "--set", "process.terminal=none", "--set", "mounts.ro.add=" + dir}
			if test.capabilities == "keep" {
				args = append(args, "--set", "process.capabilities=keep", "--set", "restrict.namespaces=all")
			}
			script := `mount -o remount,bind,rw "$0" 2>/dev/null; touch "$0/new" 2>/dev/null && echo written || echo no`
			cmd := u.Command(t, nstest.Nslaunch(t), append(args, "preset:system", "sh", "-c", script, dir)...)
			if got := nstest.MustRun(t, cmd); got != test.want {
				t.Errorf("capabilities %s: %s", test.capabilities, got)
			}
			if _, err := os.Stat(filepath.Join(dir, "new")); (err == nil) != (test.want == "written\n") {
				t.Errorf("capabilities %s: on the host: %v", test.capabilities, err)
			}
		}
	})
}

// A socket opens in a read-only directory. That of Nix, which works on the host and with its network, is not there.
func TestNoSocketOfNix(t *testing.T) {
	nstest.Require(t, nstest.File("/usr/bin/python3"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		nix := u.TempDir(t)
		where := filepath.Join(nix, "var/nix/daemon-socket")
		nstest.MustRun(t, u.Command(t, "mkdir", "-p", where))
		listener, err := net.Listen("unix", where+"/socket")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		if err := os.Chmod(where+"/socket", 0o666); err != nil {
			t.Fatal(err)
		}
		const dial = `import socket, errno
try:
    socket.socket(socket.AF_UNIX).connect("/nix/var/nix/daemon-socket/socket"); print("ok")
except OSError as e: print(errno.errorcode[e.errno])`
		run := func(words ...string) string {
			args := append([]string{"run", "--set", "process.terminal=none", "--set", `mounts."/nix"={ ro = "` + nix + `" }`}, words...)
			cmd := u.Command(t, nstest.Nslaunch(t), append(args, "/usr/bin/python3", "-c", dial)...)
			cmd.Dir = u.TempDir(t)
			return nstest.MustRun(t, cmd)
		}
		for _, preset := range []string{"system", "npm", "build"} {
			if got := run("preset:" + preset); got != "ENOENT\n" {
				t.Errorf("%s: %s", preset, got)
			}
			// The control: without the mask it is reached.
			if got := run("--set", "mounts.masked.remove=/nix/var/nix/daemon-socket", "preset:"+preset); got != "ok\n" {
				t.Errorf("%s, without the mask: %s: this is no attack", preset, got)
			}
		}
	})
}
