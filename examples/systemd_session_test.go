package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// TestSystemdSessions types the commands of docs/systemd.md again, as root of a machine with
// systemd, and compares what is to be seen. With -update it writes that down.
func TestSystemdSessions(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Tools("bash", "pgrep", "systemd-notify"))
	const file = "../docs/systemd.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	played := string(text)
	left := nstest.Snapshot(t)
	t.Run("machine", func(t *testing.T) {
		m := machine(t)
		played = console.ReplaceAllStringFunc(string(text), func(block string) string {
			block = console.FindStringSubmatch(block)[1]
			for name, profile := range shownProfiles(block) {
				nstest.Superuser(t).WriteFile(t, filepath.Join(m.Root(), "etc/nslaunch", name), profile)
			}
			return "```console\n" + typed(t, m, block) + "```\n"
		})
	})
	nstest.AssertNothingLeft(t, left)
	if t.Failed() {
		return
	}
	compare(t, file, string(text), played, "Sessions")
}

// shownProfiles are those that a session prints first: name and text.
func shownProfiles(block string) map[string]string {
	profiles := make(map[string]string)
	for _, part := range strings.Split("\n"+block, "\n# ") {
		if words, text, ok := strings.Cut(part, "\n"); ok && strings.HasPrefix(words, "cat ") {
			profiles[strings.TrimPrefix(words, "cat ")] = strings.TrimSuffix(text, "\n") + "\n"
		}
	}
	return profiles
}

// typed runs the commands of a session in one shell, and returns what is to be seen.
func typed(t *testing.T, m *nstest.Machine, block string) string {
	t.Helper()
	const mark = "--- next ---"
	script := "exec 2>&1\ncd /etc/nslaunch\n"
	var commands []string
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "# ")
		if !ok {
			continue
		}
		commands = append(commands, command)
		script += "journalctl --sync\n"
		if strings.HasSuffix(command, " &") {
			// As at a terminal: without -m, a shell has what it starts so ignore SIGINT.
			script += "set -m\n" + command + "\nset +m\n"
		} else {
			script += command + "\n"
		}
		// Who types is slower than what he has started.
		if strings.HasSuffix(command, " &") || strings.HasPrefix(command, "systemctl start ") {
			script += "until pgrep -x sleep >/dev/null; do :; done\n"
		}
		script += "echo '" + mark + "'\n"
	}
	outputs := strings.Split(m.Run(t, "bash", "-c", script), mark+"\n")
	if len(outputs) != len(commands)+1 {
		t.Fatalf("%d outputs of %d commands: %q", len(outputs)-1, len(commands), outputs)
	}
	seen := ""
	for i, c := range commands {
		seen += fmt.Sprintf("# %s\n%s", c, outputs[i])
	}
	return seen
}

var (
	// accounts are lines of systemctl status that depend on the kernel's controllers.
	accounts = regexp.MustCompile(`^ +(Tasks|Memory|CPU|IO): `)
	times    = regexp.MustCompile(`since .* ago$|^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d |\b[0-9a-f]{16}\b`)
)

// steady are lines without what differs between runs and machines.
func steady(text string) []string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if !accounts.MatchString(line) {
			lines = append(lines, withoutNumbers(times.ReplaceAllString(line, "0 "))...)
		}
	}
	return lines
}
