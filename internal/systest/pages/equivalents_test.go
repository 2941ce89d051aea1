package pages

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

var (
	inlineCode = regexp.MustCompile("`([^`]+)`")
	keyPath    = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)*$`)
	flagWord   = regexp.MustCompile(`(?:^| )(--?[a-zA-Z][a-z-]*)`)
)

// In the tables of docs/coming-from, what is to be typed are flags of nslaunch, and what is to be in a profile is accepted by
// nslaunch check; a name alone is that of a key. Those of unshare-nsenter.md are whole command lines, which a test of
// namespaces runs.
func TestEquivalents(t *testing.T) {
	u := nstest.User{Home: "/home/ann"}
	nslaunch := nstest.Nslaunch(t)
	dir := nstest.TempDir(t)
	run := func(args ...string) nstest.Result {
		cmd := u.Command(t, nslaunch, args...)
		cmd.SysProcAttr.Credential = nil
		cmd.Dir = dir
		return nstest.Run(t, cmd)
	}
	schema := run("schema").Stdout
	help := run("help", "run").Stdout + " " + run("help").Stdout
	u.WriteFile(t, filepath.Join(dir, "rest.toml"), "version = 1\nextends = [\"preset:system\"]\ncommand = [\"true\"]\n")
	flags, keys, settings := 0, 0, 0
	for _, p := range pages(t) {
		if !strings.HasPrefix(p.name, "docs/coming-from/") || p.name == "docs/coming-from/unshare-nsenter.md" {
			continue
		}
		for _, cell := range cells(p) {
			for _, m := range inlineCode.FindAllStringSubmatch(cell.text, -1) {
				text := strings.ReplaceAll(m[1], `\|`, "|")
				switch {
				case cell.head == "nslaunch":
					for _, flag := range flagWord.FindAllStringSubmatch(text, -1) {
						flags++
						if !strings.Contains(help, " "+flag[1]+" ") && !strings.Contains(help, " "+flag[1]+",") {
							t.Errorf("%s: there is no flag %s", cell.place, flag[1])
						}
					}
				case cell.head != "in a profile":
				case strings.Contains(text, " = "):
					settings++
					u.WriteFile(t, filepath.Join(dir, "p.toml"), "version = 1\nextends = [\"./rest.toml\"]\n"+text+"\n")
					if got := run("check", "p.toml"); got.Status != 0 {
						t.Errorf("%s: %s: %+v", cell.place, text, got)
					}
				case keyPath.MatchString(text):
					keys++
					for _, name := range strings.Split(text, ".") {
						if !strings.Contains(schema, `"`+name+`"`) {
							t.Errorf("%s: there is no key %s", cell.place, text)
						}
					}
				}
			}
		}
	}
	if flags < 30 || keys < 20 || settings < 45 {
		t.Errorf("%d flags, %d keys, %d settings", flags, keys, settings)
	}
}

// cell is one of a table's, with the head of its column.
type cell struct{ place, head, text string }

func cells(p page) []cell {
	var all []cell
	var heads []string
	for i, line := range p.lines {
		if !strings.HasPrefix(line, "| ") {
			if !strings.HasPrefix(line, "|-") {
				heads = nil
			}
			continue
		}
		line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
		row := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
		for j := range row {
			row[j] = strings.Trim(strings.ReplaceAll(row[j], "\x00", `\|`), " |")
		}
		if heads == nil {
			heads = slices.Clone(row)
			continue
		}
		for j, text := range row[:min(len(row), len(heads))] {
			all = append(all, cell{fmt.Sprintf("%s:%d", p.name, i+1), heads[j], text})
		}
	}
	return all
}
