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
	testFunc  = regexp.MustCompile(`(?ms)^func (Test\w+)\((.*?)^}`)
	testNamed = regexp.MustCompile("`(Test\\w+)`")
)

// Each test that SECURITY.md names is there, and each attack in its table has a test and a control, or says
// that it needs a filter. Where a test is its own control, it says which part of it that is.
func TestSecurityNamesTests(t *testing.T) {
	root := strings.TrimSpace(string(goCommand(t, "list", "-m", "-f", "{{.Dir}}")))
	known := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			known[string(m[1])] = string(m[2])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range testNamed.FindAllSubmatch(page, -1) {
		if known[string(m[1])] == "" {
			t.Errorf("SECURITY.md names %s, and there is no such test", m[1])
		}
	}
	_, table, _ := strings.Cut(string(page), "| attack | what holds it off | test | control |\n")
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 || strings.HasPrefix(cells[1], "--") {
			continue
		}
		rows++
		for _, m := range testNamed.FindAllStringSubmatch(cells[4], -1) {
			body := known[m[1]]
			if strings.Contains(cells[3], m[0]) && !strings.Contains(body, `t.Run("without`) && !strings.Contains(body, "control") {
				t.Errorf("%s is to be its own control, and has none", m[1])
			}
		}
		named := testNamed.MatchString(cells[3]) && testNamed.MatchString(cells[4])
		if !named && strings.TrimSpace(cells[2]) != "needs a filter" {
			t.Errorf("no test and control for%s", cells[1])
		}
	}
	if rows < 34 {
		t.Errorf("%d rows in the table of attacks, want at least 34", rows)
	}
}
