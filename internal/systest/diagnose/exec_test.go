package diagnose

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// aProgram is a program that is loaded by loader.
func aProgram(t *testing.T, loader string) []byte {
	t.Helper()
	text, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, []byte("/lib"))
	for at >= 0 && !bytes.HasPrefix(text[at:], []byte("/lib64/ld-")) && !bytes.HasPrefix(text[at:], []byte("/lib/ld-")) {
		next := bytes.Index(text[at+1:], []byte("/lib"))
		if next < 0 {
			t.Fatal("/bin/true names no loader")
		}
		at += 1 + next
	}
	end := at + bytes.IndexByte(text[at:], 0)
	copy(text[at:end], loader+strings.Repeat("\x00", end-at))
	return text
}

// forAnotherMachine is a program that this kernel cannot execute.
func forAnotherMachine(t *testing.T) (text []byte, machine, ours string) {
	t.Helper()
	text, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	const x86, arm = 62, 183
	at := text[18:20]
	if binary.LittleEndian.Uint16(at) == arm {
		binary.LittleEndian.PutUint16(at, x86)
		return text, "x86-64", "aarch64"
	}
	binary.LittleEndian.PutUint16(at, arm)
	return text, "aarch64", "x86-64"
}

// Commands that cannot be executed: 127 for those that are not there, else 126.
func TestDiagnoseExecute(t *testing.T) {
	dir := nstest.TempDir(t)
	foreign, machine, ours := forAnotherMachine(t)
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"script":    {"#! /no/such/interpreter -x\n", 0o755},
		"relative":  {"#!none\n", 0o755},
		"crlf":      {"#!/bin/sh\r\ntrue\r\n", 0o755},
		"nameless":  {"#! \n", 0o755},
		"of-dir":    {"#!/etc\n", 0o755},
		"of-file":   {"#!/etc/passwd\n", 0o755},
		"loop":      {"#!" + dir + "/loop\n", 0o755},
		"text":      {"echo\n", 0o755},
		"empty":     {"", 0o755},
		"plain":     {"#!/bin/sh\n", 0o644},
		"plain.sh":  {"echo\n", 0o644},
		"unloaded":  {string(aProgram(t, "/lib64/ld-none")), 0o755},
		"foreign":   {string(foreign), 0o755},
		"broken":    {"\x7fELF and no more", 0o755},
		"bin/mixed": {"#!/bin/sh\n", 0o644},
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(file.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, file.mode); err != nil {
			t.Fatal(err)
		}
	}
	const firstLine = "\n  try: correct the first line of the script"
	viaShell := func(name string) string {
		return fmt.Sprintf("\n  try: begin it with \"#!/bin/sh\", or command = [\"/bin/sh\", \"%s/%s\"]", dir, name)
	}
	const path = "\n  try: install it, give its path, or set PATH in env.set"
	const program = "\n  try: give the path of a program"
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct {
			command, errno string // DIR is dir
			status         int
			want           string
		}{
			{"nosuch", "ENOENT", 127, `there is no "nosuch" in the sandbox's PATH, /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` + path},
			{"/no/such", "ENOENT", 127, "there is no file \"/no/such\" in the sandbox\n  try: correct the path, or install what is missing"},
			{"/etc/passwd/x", "ENOTDIR", 127, "\"/etc/passwd/x\" leads through a file that is not a directory\n  try: correct the path"},
			{"/etc", "EACCES", 126, `"/etc" is a directory` + program},
			{"/dev/null", "EACCES", 126, `"/dev/null" is not a regular file` + program},
			{"DIR/plain", "EACCES", 126, "\"DIR/plain\" is not executable (mode 0644)\n  try: chmod +x DIR/plain"},
			{"/etc/passwd", "EACCES", 126, "\"/etc/passwd\" is not executable (mode 0644), and has no first line such as #!/bin/sh" + program},
			{"DIR/plain.sh", "EACCES", 126, "\"DIR/plain.sh\" is not executable (mode 0644), and has no first line such as #!/bin/sh\n  try: command = [\"sh\", \"DIR/plain.sh\"]"},
			{"DIR/script", "ENOENT", 126, "\"DIR/script\" is a script for \"/no/such/interpreter\", which does not exist\n  try: install that, or correct the first line of the script"},
			{"DIR/relative", "ENOENT", 126, "\"DIR/relative\" is a script for \"none\", which does not exist\n  try: install that, or correct the first line of the script"},
			{"DIR/crlf", "ENOENT", 126, "the first line of \"DIR/crlf\" ends in a carriage return, which makes its interpreter \"/bin/sh\\r\"\n  try: sed -i 's/\\r$//' DIR/crlf"},
			{"DIR/nameless", "ENOEXEC", 126, `"DIR/nameless" begins with #! and names no interpreter` + viaShell("nameless")},
			{"DIR/of-dir", "EACCES", 126, `"DIR/of-dir" is run by "/etc", and "/etc" is a directory` + firstLine},
			{"DIR/of-file", "EACCES", 126, "\"DIR/of-file\" is run by \"/etc/passwd\", and \"/etc/passwd\" is not executable (mode 0644), and has no first line such as #!/bin/sh" + firstLine},
			{"DIR/loop", "ELOOP", 126, "\"DIR/loop\" is a script whose interpreter is a script, and so on, too many times\n  try: name a program in its first line"},
			{"DIR/text", "ENOEXEC", 126, `"DIR/text" is neither a program nor a script that begins with #!` + viaShell("text")},
			{"DIR/empty", "ENOEXEC", 126, "\"DIR/empty\" is empty\n  try: write the program, or reinstall it"},
			{"DIR/unloaded", "ENOENT", 126, "\"DIR/unloaded\" is a program with the loader \"/lib64/ld-none\", which does not exist\n  try: install the C library that it was built for, or use a static build"},
			{"DIR/foreign", "ENOEXEC", 126, fmt.Sprintf("\"DIR/foreign\" is a program for %s, and this machine is %s\n  try: install a build for this machine, or qemu-user with binfmt_misc", machine, ours)},
			{"DIR/broken", "ENOEXEC", 126, "\"DIR/broken\" begins like a program, but the kernel does not accept it\n  try: reinstall it, because it may be damaged"},
		} {
			t.Run(test.command, func(t *testing.T) {
				command := strings.ReplaceAll(test.command, "DIR", dir)
				trouble{
					profile: fmt.Sprintf("version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\ncommand = [%q]\n", command),
					status:  test.status,
					want: fmt.Sprintf("p.toml:3:1: command: step #, execute %s with LANG PATH TERM: %s\n  %s",
						command, test.errno, strings.ReplaceAll(test.want, "DIR", dir)),
				}.check(t, u)
			})
		}
		t.Run("path", func(t *testing.T) {
			trouble{
				profile: fmt.Sprintf("version = 1\nnamespaces = { user = \"new\" }\ncommand = [\"mixed\"]\nenv = { set = { PATH = \"/no/such:%s/bin\" } }\n", dir),
				status:  126,
				want:    fmt.Sprintf("p.toml:3:1: command: step #, execute mixed with LANG PATH TERM: EACCES\n  \"%[1]s/bin/mixed\" is not executable (mode 0644)\n  try: chmod +x %[1]s/bin/mixed", dir),
			}.check(t, u)
		})
		t.Run("words", func(t *testing.T) {
			cmd := systest.ProfileCommand(t, u, "version = 1\nnamespaces = { user = \"new\" }\ncommand = [\"true\"]\n", "./nosuch")
			got := nstest.Run(t, cmd)
			want := fmt.Sprintf("  there is no file \"./nosuch\" in the working directory, %s\n  try: set process.cwd, or give an absolute path\n", cmd.Dir)
			if got.Status != 127 || !strings.HasPrefix(got.Stderr, "nslaunch: error: command line: command: step ") || !strings.HasSuffix(got.Stderr, want) {
				t.Errorf("got %+v; want\n%s", got, want)
			}
		})
		t.Run("noexec", func(t *testing.T) {
			file := nstest.TempDir(t) + "/true"
			trouble{
				profile: fmt.Sprintf("version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\ncommand = [%q]\n", file),
				around:  mountedAfter(fmt.Sprintf("mount -t tmpfs -o noexec none %s; cp /bin/true %s", filepath.Dir(file), file)),
				status:  126,
				want:    fmt.Sprintf("p.toml:3:1: command: step #, execute %[1]s with LANG PATH TERM: EACCES\n  \"%[1]s\" is on a file system that is mounted noexec\n  try: copy it to another file system, or mount this one without noexec", file),
			}.check(t, u)
		})
		t.Run("being written", func(t *testing.T) {
			file := filepath.Join(nstest.TempDir(t), "busy")
			out, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o755)
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			if _, err := out.Write(aProgram(t, "/lib64/ld-none")); err != nil {
				t.Fatal(err)
			}
			trouble{
				profile: fmt.Sprintf("version = 1\nnamespaces = { user = \"new\" }\ncommand = [%q]\n", file),
				status:  126,
				want:    fmt.Sprintf("p.toml:3:1: command: step #, execute %[1]s with LANG PATH TERM: ETXTBSY\n  \"%[1]s\" is open for writing\n  try: wait until it is written, or execute a copy", file),
			}.check(t, u)
		})
		// What is in another's mount namespace cannot be looked at from here.
		t.Run("joined", func(t *testing.T) {
			h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\ncommand = [\"cat\"]\n"))
			script := filepath.Join(dir, "script")
			trouble{
				profile: fmt.Sprintf("version = 1\nnamespaces = { user = \"pid:%d\", mount = \"pid:%[1]d\" }\ncommand = [%q]\n", h.PID, script),
				status:  126,
				want:    fmt.Sprintf("p.toml:3:1: command: step #, execute %[1]s with LANG PATH TERM: ENOENT\n  \"%[1]s\" exists, but the interpreter or loader that it names does not\n  try: install it", script),
			}.check(t, u)
			h.Release(t)
		})
	})
}

// What a mode or an owner keeps from the command, which is not whom it is outside.
func TestDiagnosePermission(t *testing.T) {
	const ids = "\n  try: use another command, or run it with other ids (process.uid, idmap)"
	const place = "\n  try: start in another directory (process = { cwd = \"/\" }), or run it with other ids (process.uid, idmap)"
	u, root := nstest.Ordinary(t), nstest.Superuser(t)
	closed := nstest.TempDir(t)
	for _, name := range []string{"roots", "users"} {
		dir := filepath.Join(closed, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/true", nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(closed+"/users", u.UID, u.GID); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(closed+"/mine", []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(closed+"/mine", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name         string
		user         nstest.User
		rest, action string
		status       int
		want         string // DIR is closed
	}{
		{"a directory of root's", u, "command = [\"DIR/roots/true\"]\n", "3:1: command: step #, execute DIR/roots/true with LANG PATH TERM", 126,
			fmt.Sprintf(`uid 0, which is %d outside, may not enter "DIR/roots" (mode 0700, of uid 0 outside)`, u.UID) + ids},
		{"a file of root's", u, "command = [\"DIR/mine\"]\n", "3:1: command: step #, execute DIR/mine with LANG PATH TERM", 126,
			fmt.Sprintf(`uid 0, which is %d outside, may not execute "DIR/mine" (mode 0700, of uid 0 outside)`, u.UID) + ids},
		{"a search", u, "command = [\"nosuch\"]\nenv = { set = { PATH = \"DIR/roots:/bin\" } }\n", "3:1: command: step #, execute nosuch with LANG PATH TERM", 126,
			fmt.Sprintf(`there is no "nosuch" in the sandbox's PATH, as far as it can be searched: uid 0, which is %d outside, may not enter "DIR/roots" (mode 0700, of uid 0 outside)`, u.UID) +
				"\n  try: install it, give its path, or set PATH in env.set"},
		// Root inside has no rights over files whose owner is not mapped.
		{"a directory of another's", root, "command = [\"DIR/users/true\"]\n", "3:1: command: step #, execute DIR/users/true with LANG PATH TERM", 126,
			fmt.Sprintf(`uid 0 may not enter "DIR/users" (mode 0700, of uid %d)`, u.UID) + ids},
		{"working directory", u, "command = [\"true\"]\nprocess = { cwd = \"DIR/roots\" }\n", "4:13: process.cwd: step #, change to DIR/roots", 125,
			fmt.Sprintf(`uid 0, which is %d outside, may not enter "DIR/roots" (mode 0700, of uid 0 outside)`, u.UID) + place},
		{"another's working directory", root, "command = [\"true\"]\nprocess = { cwd = \"DIR/users\" }\n", "4:13: process.cwd: step #, change to DIR/users", 125,
			fmt.Sprintf(`uid 0 may not enter "DIR/users" (mode 0700, of uid %d)`, u.UID) + place},
		{"of a process", u, "command = [\"true\"]\nprocess = { cwd = \"/proc/1/cwd\" }\n", "4:13: process.cwd: step #, change to /proc/1/cwd", 125, "the command may not enter it" + place},
	} {
		t.Run(test.name, func(t *testing.T) {
			trouble{
				profile: strings.ReplaceAll(systest.NewUserProfile+test.rest, "DIR", closed),
				status:  test.status,
				want:    strings.ReplaceAll("p.toml:"+test.action+": EACCES\n  "+test.want, "DIR", closed),
			}.check(t, test.user)
		})
	}
}

func TestDiagnoseCwd(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct{ cwd, errno, want string }{
			{"/no/such", "ENOENT", "there is no such directory in the sandbox\n  try: create it, or process.cwd = \"/\""},
			{"/etc/passwd", "ENOTDIR", "\"/etc/passwd\" is not a directory, or leads through a file\n  try: use a directory, such as process.cwd = \"/\""},
		} {
			trouble{
				profile: fmt.Sprintf("%scommand = [\"true\"]\nprocess.cwd = %q\n", systest.NewUserProfile, test.cwd),
				want:    fmt.Sprintf("p.toml:4:9: process.cwd: step #, change to %s: %s\n  %s", test.cwd, test.errno, test.want),
			}.check(t, u)
		}
	})
	// The root of a process in another mount namespace is outside of ours.
	t.Run("outside", func(t *testing.T) {
		dir := fmt.Sprintf("/proc/%d/root/tmp", os.Getpid())
		trouble{
			profile: fmt.Sprintf("version = 1\nnamespaces = { mount = \"new\" }\ncommand = [\"true\"]\nprocess.cwd = %q\n", dir),
			want:    fmt.Sprintf("p.toml:4:9: process.cwd: step #, change to %[1]s: ENOENT\n  %[1]q leads out of the sandbox's root\n  try: use a directory inside the sandbox", dir),
		}.check(t, nstest.Superuser(t))
	})
}
