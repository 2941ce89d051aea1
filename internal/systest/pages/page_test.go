package pages

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// page is a Markdown file with the blocks in it that are fenced by ```.
type page struct {
	name   string // below the top of the repository
	lines  []string
	blocks []block
}

// block is the text between two fences.
type block struct {
	lang   string // what follows the first fence
	first  int    // the index of its first line in the page
	lines  []string
	indent string // of the fence, which is taken off the lines
	marks  marks
}

// marks are what comments in front of a block say to these tests:
//
//	<!-- test: MARK -->
type marks struct {
	file    string // "file NAME": the block is written to this file
	untyped string // "not typed: REASON": the commands cannot run here
	instead string // "instead: COMMAND": typed in their place
	part    bool   // "part of a profile": without version and command
	tty     bool   // "on a terminal": output goes to a terminal, without colours
	numbers bool   // "numbers vary": numbers differ between runs; in front of a page's first block with "on this page" also in all others
}

// pages reads README.md and all pages of docs.
func pages(t *testing.T) []page {
	t.Helper()
	const top = "../../.."
	names := []string{"README.md"}
	err := filepath.WalkDir(top+"/docs", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			names = append(names, strings.TrimPrefix(path, top+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []page
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(top, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := parsePage(name, string(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// parsePage finds the blocks of a page.
func parsePage(name, text string) (page, error) {
	p := page{name: name, lines: strings.Split(text, "\n")}
	var open *block
	var next marks
	marked, numbers := false, false
	for i, line := range p.lines {
		bare := strings.TrimLeft(line, " ")
		switch {
		case open != nil && strings.TrimSpace(line) == "```":
			p.blocks = append(p.blocks, *open)
			open = nil
		case open != nil:
			open.lines = append(open.lines, strings.TrimPrefix(line, open.indent))
		case strings.HasPrefix(bare, "```"):
			next.numbers = next.numbers || numbers
			open = &block{lang: bare[3:], first: i + 1, indent: line[:len(line)-len(bare)], marks: next}
			next, marked = marks{}, false
		case strings.HasPrefix(bare, "<!-- test: "):
			mark, ok := strings.CutSuffix(bare[len("<!-- test: "):], " -->")
			if mark == "numbers vary on this page" && ok {
				numbers = true
				continue
			}
			if !ok || !next.set(mark) {
				return page{}, fmt.Errorf("%s:%d: unknown mark %q", name, i+1, mark)
			}
			marked = true
		case marked && bare != "":
			return page{}, fmt.Errorf("%s:%d: a mark is not in front of a block", name, i+1)
		}
	}
	if open != nil || marked {
		return page{}, fmt.Errorf("%s: a block or a mark without an end", name)
	}
	return p, nil
}

func (m *marks) set(mark string) bool {
	switch {
	case mark == "part of a profile":
		m.part = true
	case mark == "on a terminal":
		m.tty = true
	case mark == "numbers vary":
		m.numbers = true
	default:
		key, value, _ := strings.Cut(mark, ": ")
		into, ok := map[string]*string{"file": &m.file, "not typed": &m.untyped, "instead": &m.instead}[key]
		if !ok || value == "" {
			return false
		}
		*into = value
	}
	return true
}

// place names a block in errors.
func (p page) place(b block) string { return fmt.Sprintf("%s:%d", p.name, b.first+1) }

// with returns the page with other lines in some of its blocks, by their indexes.
func (p page) with(blocks map[int][]string) string {
	lines := slices.Clone(p.lines)
	for i, b := range slices.Backward(p.blocks) {
		if text, ok := blocks[i]; ok {
			indented := make([]string, len(text))
			for j, line := range text {
				indented[j] = strings.TrimRight(b.indent+line, " ")
			}
			lines = slices.Replace(lines, b.first, b.first+len(b.lines), indented...)
		}
	}
	return strings.Join(lines, "\n")
}

// entry is one command of a session with what it prints.
type entry struct {
	command []string // lines; all but the first have a "> " in front of them
	output  []string
}

// session reads the entries of a block. Its first character is the prompt: "$" of an ordinary user, "#" of root.
func (b block) session() (prompt string, entries []entry, err error) {
	if len(b.lines) == 0 || !strings.HasPrefix(b.lines[0], "$ ") && !strings.HasPrefix(b.lines[0], "# ") {
		return "", nil, fmt.Errorf("a session begins with $ or #")
	}
	prompt = b.lines[0][:2]
	for _, line := range b.lines {
		command, typed := strings.CutPrefix(line, prompt)
		if typed {
			entries = append(entries, entry{command: []string{command}})
			continue
		}
		last := &entries[len(entries)-1]
		if more, ok := strings.CutPrefix(line, "> "); ok && last.output == nil {
			last.command = append(last.command, more)
		} else {
			last.output = append(last.output, line)
		}
	}
	return prompt, entries, nil
}

// text returns the lines of an entry as the page has them.
func (e entry) text(prompt string) []string {
	lines := []string{prompt + e.command[0]}
	for _, more := range e.command[1:] {
		lines = append(lines, "> "+more)
	}
	return append(lines, e.output...)
}

func TestParsePage(t *testing.T) {
	const text = "a\n<!-- test: file: x.toml -->\n```toml\nversion = 1\n```\n- b\n\n  ```console\n  $ echo 'a\n  > b'\n  a\n  > b\n  $ true\n  ```\nend"
	p, err := parsePage("p.md", text)
	if err != nil || len(p.blocks) != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	if b := p.blocks[0]; b.lang != "toml" || b.marks != (marks{file: "x.toml"}) || p.place(b) != "p.md:4" || !slices.Equal(b.lines, []string{"version = 1"}) {
		t.Errorf("the first block is %+v", b)
	}
	prompt, entries, err := p.blocks[1].session()
	want := "[{[echo 'a b'] [a > b]} {[true] []}]"
	if got := fmt.Sprint(entries); prompt != "$ " || got != want || err != nil {
		t.Errorf("the session is %q %s, %v; want %s", prompt, got, err, want)
	}
	var again []string
	for _, e := range entries {
		again = append(again, e.text(prompt)...)
	}
	if got := p.with(map[int][]string{1: again}); got != text {
		t.Errorf("written again it is\n%s", got)
	}
	for _, wrong := range []string{"<!-- test: x -->\n```\n```", "<!-- test: file: -->\n```\n```", "```sh\n", "<!-- test: numbers vary -->\ntext\n```\n```"} {
		if p, err := parsePage("p.md", wrong); err == nil {
			t.Errorf("%q is %+v", wrong, p)
		}
	}
}
