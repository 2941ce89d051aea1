package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// writeFiles writes files of a directory, and goes there.
func writeFiles(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// here is testVars of a caller in the working directory.
func here(t *testing.T) Vars {
	t.Helper()
	v := testVars()
	var err error
	if v.Cwd, err = os.Getwd(); err != nil {
		t.Fatal(err)
	}
	return v
}

var codeSpan = regexp.MustCompile("`([^`]+)`")

// toml is a profile of the code spans of a table's cell.
func cellTOML(cell string) string {
	lines := []string{"version = 1"}
	for _, span := range codeSpan.FindAllStringSubmatch(cell, -1) {
		lines = append(lines, span[1])
	}
	if !strings.Contains(cell, "namespaces") {
		lines = append(lines, `namespaces = "new"`)
	}
	return strings.Join(lines, "\n") + "\n"
}

// rows returns the rows below the header of a table in the documentation.
func rows(t *testing.T, header string) [][]string {
	t.Helper()
	_, rest, ok := strings.Cut(pages(t), header+"\n")
	if !ok {
		t.Fatalf("%s has no table %s", docsFile, header)
	}
	var all [][]string
	for _, line := range strings.Split(rest, "\n")[1:] {
		if !strings.HasPrefix(line, "| ") {
			break
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		all = append(all, cells)
	}
	return all
}

// tree is what a profile resolves to.
func tree(t *testing.T, file string, settings ...Setting) any {
	t.Helper()
	r, err := Resolve(file, here(t), settings...)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := r.Tree()
	delete(all.(map[string]any), "name")
	return all
}

// Each example of the documentation is as it says.
func TestDocsMerging(t *testing.T) {
	table := rows(t, "| rule | the extended file | the file that extends it | together |")
	if len(table) < 20 {
		t.Errorf("%d examples", len(table))
	}
	for _, row := range table {
		t.Run(row[0], func(t *testing.T) {
			child := cellTOML(row[2])
			if !strings.Contains(row[2], "namespaces") { // it is the base's
				child = strings.Replace(child, "namespaces = \"new\"\n", "", 1)
			}
			writeFiles(t, map[string]string{"base.toml": cellTOML(row[1]), "child.toml": "extends = [\"base.toml\"]\n" + child, "want.toml": cellTOML(row[3])})
			if want, ok := strings.CutPrefix(row[3], "error: "); ok {
				_, err := Load("child.toml", here(t))
				if err == nil || !strings.HasPrefix(err.Error(), "child.toml:3:") || !strings.HasSuffix(err.Error(), ": "+want) {
					t.Errorf("got %v; want %s", err, want)
				}
				return
			}
			if got, want := tree(t, "child.toml"), tree(t, "want.toml"); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			if _, err := Load("child.toml", here(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// So is each flag.
func TestDocsFlags(t *testing.T) {
	table := rows(t, "| flag | means |")
	if len(table) < 15 {
		t.Errorf("%d examples", len(table))
	}
	for _, row := range table {
		t.Run(row[0], func(t *testing.T) {
			flag := strings.TrimPrefix(strings.Trim(row[0], "`"), "--set ")
			key, text, _ := strings.Cut(flag, "=")
			if !strings.Contains(row[1], "namespaces") {
				row[1] += " `namespaces = \"new\"`"
			}
			writeFiles(t, map[string]string{"p.toml": "version = 1\nnamespaces = \"new\"\n", "want.toml": cellTOML(row[1])})
			got, want := tree(t, "p.toml", Setting{key, Text(text), FromSet}), tree(t, "want.toml")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}
