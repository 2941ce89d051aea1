// Package mistakes makes mistakes as newcomers make them, and tests that each message names the place and a cure that works. The files of
// testdata are a catalogue to read; -update writes the messages and the cures anew.
package mistakes

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

var update = flag.Bool("update", false, "write the messages and the cures anew")

// mistake is a section of the catalogue.
type mistake struct {
	title   string
	wrong   string // a profile, or command lines after "$ "
	message string
	cured   string
	byHand  string // why a person decides about the cure
	only    string // who makes this mistake, if not both root and an ordinary user, and why
}

func TestMistakes(t *testing.T) {
	kinds := 0
	for _, name := range []string{"profiles.md", "commands.md", "launches.md"} {
		file := filepath.Join("testdata", name)
		head, all := read(t, file)
		kinds += len(all)
		t.Run(name, func(t *testing.T) {
			for i := range all {
				t.Run(all[i].title, func(t *testing.T) {
					t.Parallel()
					all[i].test(t)
				})
			}
		})
		if *update {
			var b strings.Builder
			b.WriteString(head)
			for i := range all {
				b.WriteString(all[i].String())
			}
			if err := os.WriteFile(file, []byte(strings.TrimRight(b.String(), "\n")+"\n"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	if kinds < 150 {
		t.Errorf("%d mistakes, want 150 at least", kinds)
	}
}

// onlyRoot and onlyUser are what only starts with.
const onlyRoot, onlyUser = "Only as root: ", "Only as an ordinary user: "

// test makes the mistake, applies the cure that the message names, and tests whether it works. An ordinary user gets the same message as root.
func (m *mistake) test(t *testing.T) {
	all := []nstest.User{nstest.Superuser(t), nstest.Ordinary(t)}
	switch {
	case strings.HasPrefix(m.only, onlyRoot):
		all = all[:1]
	case strings.HasPrefix(m.only, onlyUser):
		all = all[1:]
	}
	for i, u := range all {
		m.testAs(t, u, *update && i == 0)
	}
}

func (m *mistake) testAs(t *testing.T, u nstest.User, update bool) {
	place := regexp.MustCompile(`^p\.toml:\d+:\d+: `)
	if m.isCommand() {
		place = regexp.MustCompile(`^nslaunch: error: |^--set \S+: |^\S+: `)
	}
	output, failed := run(t, u, m.wrong)
	switch {
	case !failed:
		t.Fatalf("%s: this is no mistake: %s", u.Name, output)
	case !place.MatchString(output):
		t.Errorf("%s: the message names no place: %s", u.Name, output)
	case update:
		m.message = output
	case output != m.message:
		t.Errorf("%s: got %s\nwant %s\n(-update writes it)", u.Name, output, m.message)
	}
	cured, ok := m.applied()
	switch {
	case m.byHand != "" && ok:
		t.Errorf("the message says what to write, so nobody has to decide:\n%s", cured)
	case m.byHand != "":
		cured = m.cured
	case !ok:
		t.Fatalf("the message says nothing that can be applied: %s", output)
	case update:
		m.cured = cured
	case cured != m.cured:
		t.Errorf("the message leads to\n%s\nwant\n%s\n(-update writes it)", cured, m.cured)
	}
	if output, failed := run(t, u, cured); failed {
		t.Errorf("%s: the cure is none:\n%s\n%s", u.Name, cured, output)
	}
}

func (m *mistake) isCommand() bool { return strings.HasPrefix(m.wrong, "$ ") }

var (
	launcher = regexp.MustCompile(`launched by process \d+`)
	detached = regexp.MustCompile(`--detach --name (\w+)`)
	steps    = regexp.MustCompile(`\bstep \d+`)                // whose numbers differ between users
	presets  = regexp.MustCompile(`\b(preset:\w+):\d+:\d+`)    // whose lines change
	notes    = regexp.MustCompile(`(?m)^nslaunch: note: .*\n`) // which an ordinary user gets on its user namespace
)

// run checks a profile or runs command lines, and returns what they print, with $PWD for the working directory.
func run(t *testing.T, u nstest.User, text string) (output string, failed bool) {
	t.Helper()
	profile, script := text, "nslaunch check p.toml"
	if strings.HasPrefix(text, "$ ") {
		profile = "version = 1\nnamespaces = \"new\"\ncommand = [\"true\"]\n"
		script = "set -e\n"
		if m := detached.FindStringSubmatch(text); m != nil {
			script += "trap 'nslaunch stop " + m[1] + " >/dev/null 2>&1 || :' EXIT\n"
		}
		script += strings.TrimPrefix(strings.ReplaceAll(text, "\n$ ", "\n"), "$ ")
	}
	cmd := u.Command(t, "sh", "-c", script)
	cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(nstest.Nslaunch(t))+":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile+"\n")
	u.WriteFile(t, filepath.Join(cmd.Dir, "plain.toml"), "version = 1\n")
	u.WriteFile(t, filepath.Join(cmd.Dir, "tool"), "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(cmd.Dir, "tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(cmd.Dir, "work"), 0o755); err != nil {
		t.Fatal(err)
	}
	got := nstest.Run(t, cmd)
	output = strings.ReplaceAll(strings.TrimRight(got.Stdout+got.Stderr, "\n"), cmd.Dir, "$PWD")
	if !u.IsRoot() { // a note says that it gets a user namespace
		output = notes.ReplaceAllString(output, "")
	}
	output = launcher.ReplaceAllString(output, "launched by process #")
	output = presets.ReplaceAllString(output, "$1:#")
	return steps.ReplaceAllString(output, "step #"), got.Status != 0
}

// applied returns what the mistake becomes if all that the message says to write is written; ok is false if it says nothing.
func (m *mistake) applied() (text string, ok bool) {
	text = m.wrong
	if m.isCommand() {
		if line, ok := curedLaunch(m.wrong, m.message); ok {
			return line, true
		}
	}
	messages := strings.Split(m.message, "\n")
	slices.Reverse(messages) // so that the places of those before stay
	for _, message := range messages {
		changed := curedProfile(text, message)
		if m.isCommand() {
			changed = curedCommand(text, message)
		}
		ok = ok || changed != text
		text = changed
	}
	return text, ok
}

// read returns the sections of a file of the catalogue, and what comes before them.
func read(t *testing.T, file string) (head string, all []mistake) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "\n## ")
	for _, part := range parts[1:] {
		title, rest, _ := strings.Cut(part, "\n")
		m := mistake{title: title}
		wrong, cured, has := strings.Cut(rest, "Cured:\n")
		if !has {
			wrong, cured, _ = strings.Cut(rest, "Cured by hand: ")
			m.byHand, cured, _ = strings.Cut(cured, "\n")
		}
		for line := range strings.Lines(wrong) {
			if strings.HasPrefix(line, onlyRoot) || strings.HasPrefix(line, onlyUser) {
				m.only = strings.TrimRight(line, "\n")
			}
		}
		m.wrong, m.cured = indented(wrong), indented(cured)
		for line := range strings.Lines(wrong) {
			if said, ok := strings.CutPrefix(line, "> "); ok {
				m.message += said
			}
		}
		m.message = strings.TrimRight(m.message, "\n")
		all = append(all, m)
	}
	return parts[0] + "\n", all
}

// indented returns the lines of a block of code.
func indented(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			lines = append(lines, strings.TrimRight(code, "\n"))
		}
	}
	return strings.Join(lines, "\n")
}

// String returns the section as the file has it.
func (m *mistake) String() string {
	block := func(prefix, text string) string { return prefix + strings.ReplaceAll(text, "\n", "\n"+prefix) + "\n\n" }
	how, only := "Cured:", ""
	if m.byHand != "" {
		how = "Cured by hand: " + m.byHand
	}
	if m.only != "" {
		only = m.only + "\n\n"
	}
	return fmt.Sprintf("## %s\n\n%s%s%s%s\n\n%s", m.title, only, block("    ", m.wrong), block("> ", m.message), how, block("    ", m.cured))
}
