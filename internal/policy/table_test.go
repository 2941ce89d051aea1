package policy

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row is a row of the table of packages in ARCHITECTURE.md.
type row struct {
	packages []string // "x/..." is all below x
	imports  []string // likewise; of ours
	many     bool     // it stands for more than one package, which need not import all
}

type rows []row

// of returns the row of a package, nil if there is none. One that names it comes before one for all below.
func (r rows) of(name string) *row {
	for _, match := range []func(pattern string) bool{
		func(pattern string) bool { return pattern == name },
		func(pattern string) bool { return fits(name, pattern) },
	} {
		if i := slices.IndexFunc(r, func(row row) bool { return slices.ContainsFunc(row.packages, match) }); i >= 0 {
			return &r[i]
		}
	}
	return nil
}

// readTable reads the table. A name in it is a path in the repository, or the end of just one.
func readTable(t *testing.T, all []goPackage) rows {
	t.Helper()
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range all {
		names = append(names, ours(p.ImportPath))
	}
	var table rows
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		r := row{packages: named(t, cells[1], names), imports: named(t, cells[3], names)}
		r.many = len(r.packages) > 1 || strings.HasSuffix(r.packages[0], "/...")
		table = append(table, r)
	}
	if len(table) < 40 {
		t.Fatalf("%d rows: too few", len(table))
	}
	return table
}

var code = regexp.MustCompile("`([^`]+)`")

// named are the packages that a cell names.
func named(t *testing.T, cell string, names []string) []string {
	t.Helper()
	var found []string
	for _, match := range code.FindAllStringSubmatch(cell, -1) {
		name := match[1]
		if below, ok := strings.CutSuffix(name, "/*"); ok {
			found = append(found, below+"/...")
			continue
		}
		if !slices.Contains(names, name) {
			whole := slices.DeleteFunc(slices.Clone(names), func(path string) bool { return !strings.HasSuffix(path, "/"+name) })
			if len(whole) != 1 {
				t.Errorf("%s in ARCHITECTURE.md is %q: want one package", name, whole)
				continue
			}
			name = whole[0]
		}
		found = append(found, name)
	}
	return found
}
