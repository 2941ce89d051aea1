package namespaces

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// span is code in a cell of a table.
var span = regexp.MustCompile("`([^`]+)`")

// besideRows returns the rows of the page's tables that have a command line of util-linux and one of ours, and perhaps lines of a profile.
func besideRows(t *testing.T) (rows [][3][]string) {
	t.Helper()
	for line := range strings.Lines(systest.ReadFile(t, "../../../docs/coming-from/unshare-nsenter.md")) {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || !strings.HasPrefix(line, "| `") {
			continue
		}
		var row [3][]string
		for i, cell := range cells {
			for _, found := range span.FindAllStringSubmatch(cell, -1) {
				row[i] = append(row[i], found[1])
			}
		}
		rows = append(rows, row)
	}
	if len(rows) < 17 {
		t.Fatalf("%d rows", len(rows))
	}
	return rows
}

// What the page for people who know unshare(1) and nsenter(1) says does the same prints the same.
func TestBesideUtilLinux(t *testing.T) {
	nstest.Require(t, nstest.Tools("unshare", "nsenter", "lsns", "findmnt", "ip", "hostname"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("name = \"beside\"\nnamespaces.all = \"new\"\nhostname = \"beside\"\ncommand = [\"cat\"]\n")
		h := systest.Hold(t, p.Command("p.toml"))
		shell := func(line string) nstest.Result {
			t.Helper()
			cmd := u.Command(t, "sh", "-c", line)
			cmd.Dir = p.Dir
			cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+p.Dir, fmt.Sprintf("pid=%d", h.PID),
				"PATH="+filepath.Dir(nstest.Nslaunch(t))+":"+os.Getenv("PATH"))
			return nstest.Run(t, cmd)
		}
		for _, row := range besideRows(t) {
			theirs := shell(row[0][0])
			if theirs.Status != 0 || theirs.Stdout == "" {
				t.Errorf("%s: %+v", row[0][0], theirs)
				continue
			}
			if ours := shell(row[1][0]); ours.Status != 0 || squeeze(ours.Stdout) != squeeze(theirs.Stdout) {
				t.Errorf("%s: %+v; %s prints %q", row[1][0], ours, row[0][0], theirs.Stdout)
			}
			if row[2] == nil {
				continue
			}
			u.WriteFile(t, filepath.Join(p.Dir, "row.toml"), "version = 1\ncommand = [\"true\"]\n"+strings.Join(row[2], "\n")+"\n")
			_, command, _ := strings.Cut(row[1][0], " -- ")
			if ours := shell("nslaunch ./row.toml " + command); ours.Status != 0 || squeeze(ours.Stdout) != squeeze(theirs.Stdout) {
				t.Errorf("%s: %+v; %s prints %q", row[2], ours, row[0][0], theirs.Stdout)
			}
		}
		h.Release(t)
	})
}

// squeeze takes the blanks out that align columns.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
