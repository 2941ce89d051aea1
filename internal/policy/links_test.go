package policy

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	markdownLink   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	markdownFence  = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	markdownInline = regexp.MustCompile("`[^`\n]*`")
	notInAnchor    = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// Each link of a page to a file, a directory or a heading of this repository leads to one.
func TestLinks(t *testing.T) {
	root := strings.TrimSpace(string(goCommand(t, "list", "-m", "-f", "{{.Dir}}")))
	links := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || path == root:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		prose := markdownInline.ReplaceAllString(markdownFence.ReplaceAllString(string(text), ""), "")
		for _, m := range markdownLink.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			if problem := brokenLink(path, m[1]); problem != "" {
				t.Errorf("%s: %s: %s", strings.TrimPrefix(path, root+"/"), m[1], problem)
			}
		}
		return nil
	})
	if err != nil || links < 50 {
		t.Errorf("%d links, %v", links, err)
	}
}

// brokenLink says what is wrong with a link of a page, or "".
func brokenLink(page, link string) string {
	file, anchor, _ := strings.Cut(link, "#")
	target := page
	if file != "" {
		target = filepath.Join(filepath.Dir(page), file)
	}
	info, err := os.Stat(target)
	switch {
	case err != nil:
		return err.Error()
	case anchor == "":
		return ""
	case info.IsDir():
		return "a directory has no headings"
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(markdownFence.ReplaceAllString(string(text), "")) {
		if title := strings.TrimLeft(line, "#"); title != line && headingAnchor(title) == anchor {
			return ""
		}
	}
	return "no such heading"
}

// headingAnchor returns the name that GitHub gives a heading.
func headingAnchor(title string) string {
	return strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-")
}

func TestBrokenLink(t *testing.T) {
	dir := t.TempDir()
	page := filepath.Join(dir, "p.md")
	if err := os.WriteFile(page, []byte("# A `b` & c\n```\n# no\n```\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, broken := range map[string]bool{
		"p.md": false, "#a-b--c": false, "p.md#a-b--c": false, ".": false,
		"q.md": true, "#a": true, "#no": true, ".#a": true,
	} {
		if got := brokenLink(page, link); got != "" != broken {
			t.Errorf("%s: %q", link, got)
		}
	}
}
