package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// The session of the tour: a user and a machine that are not those of the test.
const session = `version = 1
hostname = "debian"
namespaces = { mount = "new", pid = "new", uts = "new", ipc = "new" }
command = ["bash", "-c", "exec -a -bash bash 2>&1"]

[process]
uid = 1000
gid = 1000
groups = []
no_new_privs = false
`

// console is a block of commands and their output in the tour.
var console = regexp.MustCompile("(?ms)^```console\n(.*?)^```\n")

// TestTour types the commands of the tour again and compares what they print,
// all but the numbers. With -update it writes that down.
func TestTour(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Tools("bash", "hostname", "ip", "ipcmk", "ps", "pgrep"), nstest.File("/proc/net/if_inet6"))
	const file = "../docs/tour.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	u := nstest.User{Name: "1000", UID: 1000, GID: 1000, Home: "/"}
	dir := u.TempDir(t)
	if err := os.Rename(u.CopyTree(t, "."), filepath.Join(dir, "examples")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(nstest.Nslaunch(t), filepath.Join(dir, "nslaunch")); err != nil {
		t.Fatal(err)
	}
	outer := nstest.NewOuter(t, mountprop.Private)
	for over, text := range map[string]string{"/etc/passwd": "ann:x:1000:1000::/:/bin/bash\n", "/etc/group": "ann:x:1000:\n"} {
		from := u.WriteFile(t, filepath.Join(nstest.TempDir(t), "file"), text)
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "--bind", from, over))
	}
	profile := u.WriteFile(t, filepath.Join(u.TempDir(t), "session.toml"), session)
	left := nstest.Snapshot(t)
	played := console.ReplaceAllStringFunc(string(text), func(block string) string {
		return "```console\n" + play(t, outer, dir, profile, commandsOf(block)) + "```\n"
	})
	nstest.AssertNothingLeft(t, left)
	if *update {
		if err := os.WriteFile(file, []byte(played), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	was, is := withoutNumbers(string(text)), withoutNumbers(played)
	for i := range max(len(was), len(is)) {
		if a, b := lineAt(was, i), lineAt(is, i); a != b {
			t.Fatalf("%s:%d: the commands print\n%s\nnot\n%s\n(go test ./examples -run Tour -update writes it)", file, i+1, b, a)
		}
	}
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "the end"
}

// withoutNumbers are the lines of a text without what differs between runs: numbers, checksums,
// the width of columns, and the order of namespaces, which is that of their inodes.
func withoutNumbers(text string) []string {
	number := regexp.MustCompile(`\b(0x)?[0-9a-f]{8,}\b|\d+`)
	namespace := regexp.MustCompile(`^\d{10}  `)
	lines := strings.Split(text, "\n")
	first := 0 // of the namespaces that line i goes on with
	for i, line := range lines {
		if !namespace.MatchString(line) {
			first = i + 1
		}
		lines[i] = strings.Join(strings.Fields(number.ReplaceAllString(line, "0")), " ")
		slices.Sort(lines[min(first, i) : i+1])
	}
	return lines
}

func commandsOf(block string) []string {
	var commands []string
	for line := range strings.Lines(block) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			commands = append(commands, strings.TrimSuffix(command, "\n"))
		}
	}
	return commands
}

// play types commands into a shell and returns what is to be seen.
func play(t *testing.T, outer *nstest.Outer, dir, profile string, commands []string) string {
	t.Helper()
	const mark = "--- next ---"
	var script strings.Builder
	script.WriteString("{\n") // what is typed is for the shell alone
	for _, c := range commands {
		script.WriteString(c + "\n")
		if started, ok := strings.CutSuffix(c, " &"); ok {
			// Who types is slower than what he has started.
			words := strings.Fields(started[strings.LastIndex(started, "-- ")+3:])
			fmt.Fprintf(&script, "until pgrep -x %s >/dev/null; do :; done\n", words[0])
		}
		fmt.Fprintf(&script, "echo '%s'\n", mark)
	}
	script.WriteString("} </dev/null\n")
	cmd := outer.Command(t, nstest.Superuser(t), nstest.Nslaunch(t), profile)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(script.String())
	outputs := strings.Split(nstest.MustRun(t, cmd), mark+"\n")
	if len(outputs) != len(commands)+1 {
		t.Fatalf("%d outputs of %d commands: %q", len(outputs)-1, len(commands), outputs)
	}
	var seen strings.Builder
	for i, c := range commands {
		fmt.Fprintf(&seen, "$ %s\n%s", c, outputs[i])
	}
	return seen.String()
}

// machine is one with systemd on which nslaunch is installed.
func machine(t *testing.T) *nstest.Machine {
	t.Helper()
	m := nstest.Systemd(t)
	for _, name := range []string{"nslaunch", "nslaunch-scope"} {
		m.Run(t, "install", filepath.Join(filepath.Dir(nstest.Nslaunch(t)), name), "/usr/local/bin/"+name)
	}
	m.Run(t, "mkdir", "-p", "/etc/nslaunch")
	return m
}

// compare asserts that a document is what playing it gave, but for what is never the same; with -update it
// writes that. run is the test's name, for people.
func compare(t *testing.T, file, text, played, run string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(played), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	was, is := steady(text), steady(played)
	for i := range max(len(was), len(is)) {
		if a, b := lineAt(was, i), lineAt(is, i); a != b {
			t.Fatalf("%s: the commands print\n%s\nnot\n%s\n(go test ./examples -run %s -update writes it)", file, b, a, run)
		}
	}
}
