// Package pages types every session of README.md and docs/, and compares what is printed.
package pages

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

var update = flag.Bool("update", false, "write what the sessions print into the pages")

// TestSessions types the sessions of each page, as an ordinary user where the prompt is $, as root where it is #. A page has one
// shell for each of them, from its first session to its last. A profile on a page must be one that nslaunch check accepts.
func TestSessions(t *testing.T) {
	if nstest.Portable() {
		return // the pages show the sealed image, and the shells have an environment of their own
	}
	nstest.Require(t, nstest.Root(), nstest.File("/proc/net/if_inet6"),
		nstest.Tools("bash", "cc", "git", "hostname", "ip", "ipcmk", "node", "npm", "pgrep", "ps", "script", "systemd-notify"))
	for _, p := range pages(t) {
		if !slices.ContainsFunc(p.blocks, func(b block) bool { return b.typed() || b.lang == "toml" }) {
			continue
		}
		left := nstest.Snapshot(t)
		t.Run(strings.TrimSuffix(p.name, ".md"), func(t *testing.T) {
			w := newWorld(t, slices.ContainsFunc(p.blocks, func(b block) bool { return b.typed() && strings.HasPrefix(b.lines[0], "# ") }))
			defer w.end(t)
			written := map[int][]string{}
			for i, b := range p.blocks {
				if text := w.play(t, p, b, p.blocks[i+1:]); text != nil {
					written[i] = text
				}
			}
			if *update && len(written) > 0 {
				if err := os.WriteFile(filepath.Join("../../..", p.name), []byte(p.with(written)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
		nstest.AssertNothingLeft(t, left)
	}
}

// typed reports whether a block is a session that is typed.
func (b block) typed() bool { return b.lang == "console" && b.marks.untyped == "" }

// play does what a block says. It returns its lines if they are to be written anew. rest are the blocks that follow.
func (w *world) play(t *testing.T, p page, b block, rest []block) []string {
	t.Helper()
	switch {
	case b.marks.file != "":
		w.write(t, p, b, rest)
	case b.marks.untyped != "":
		if b.marks.instead != "" {
			w.do(t, p, b, "$ ", b.marks.instead)
		}
	case b.lang == "toml":
		w.check(t, p, b)
	case b.lang == "console":
		return w.session(t, p, b)
	}
	return nil
}

// session types a session.
func (w *world) session(t *testing.T, p page, b block) []string {
	t.Helper()
	prompt, entries, err := b.session()
	if err != nil {
		t.Errorf("%s: %v", p.place(b), err)
		return nil
	}
	var text []string
	changed := false
	for _, e := range entries {
		command := e.command
		if b.marks.tty {
			command = onTerminal(command)
		}
		printed := w.shell(t, prompt).run(t, command)
		if !matches(e.output, printed, b.marks.numbers) {
			changed = true
			if !*update {
				t.Errorf("%s: %s prints\n%s\nnot\n%s\n(go test ./internal/systest/pages -update writes it)", p.place(b),
					strings.Join(e.command, "\n"), strings.Join(printed, "\n"), strings.Join(e.output, "\n"))
			}
			e.output = printed
		}
		text = append(text, e.text(prompt)...)
	}
	if !changed {
		return nil
	}
	return text
}

// write writes a block to its file, in the directory in which the next session begins. A profile is also checked.
func (w *world) write(t *testing.T, p page, b block, rest []block) {
	t.Helper()
	prompt := "$ "
	if next := slices.IndexFunc(rest, block.typed); next >= 0 {
		prompt = rest[next].lines[0][:2]
	}
	const end = "END-OF-BLOCK"
	w.do(t, p, b, prompt, "cat >"+b.marks.file+" <<'"+end+"'", strings.Join(b.lines, "\n"), end)
	if b.lang == "toml" {
		w.do(t, p, b, prompt, "nslaunch check "+b.marks.file)
	}
}

// do runs a command that must succeed and print nothing.
func (w *world) do(t *testing.T, p page, b block, prompt string, lines ...string) {
	t.Helper()
	s := w.shell(t, prompt)
	printed := s.run(t, lines)
	if status := s.run(t, []string{"echo $?"}); len(printed) > 0 || !slices.Equal(status, []string{"0"}) {
		t.Errorf("%s: %s: status %s:\n%s", p.place(b), strings.Join(lines, "\n"), status, strings.Join(printed, "\n"))
	}
}

// check checks a profile that no session uses. A part of one is checked on top of another that has the rest.
func (w *world) check(t *testing.T, p page, b block) {
	t.Helper()
	text := strings.Join(b.lines, "\n")
	if b.marks.part {
		head := "version = 1\n"
		if !strings.Contains("\n"+text, "\nextends") {
			head += "extends = [\"./rest.toml\"]\n"
		}
		text = head + text
	}
	const end = "END-OF-BLOCK"
	w.do(t, p, b, "$ ", "mkdir -p /tmp/check; echo 'version = 1\nextends = [\"preset:base\"]\ncommand = [\"true\"]' >/tmp/check/rest.toml; cat >/tmp/check/p.toml <<'"+end+"'", text, end)
	w.do(t, p, b, "$ ", "(cd ~/nslaunch && nslaunch check /tmp/check/p.toml)") // where a project is
}

// What is not typed is in testdata/untyped.txt with the reason, so that a reader of a change sees it. Each block of commands that
// looks like a session is one.
func TestUntyped(t *testing.T) {
	var list strings.Builder
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.marks.untyped != "" {
				fmt.Fprintf(&list, "%s: %s: %s\n", p.name, strings.Join(b.lines, "; "), b.marks.untyped)
			} else if b.lang == "sh" || b.lang == "bash" || b.lang == "" && len(b.lines) > 0 && strings.HasPrefix(b.lines[0], "$ ") {
				t.Errorf("%s: commands are a console block, or not typed for a reason", p.place(b))
			}
		}
	}
	const file = "testdata/untyped.txt"
	if *update {
		if err := os.WriteFile(file, []byte(list.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || list.String() != string(want) {
		t.Errorf("not typed are\n%s\nnot\n%s\n%v (go test ./internal/systest/pages -update writes it)", list.String(), want, err)
	}
}
