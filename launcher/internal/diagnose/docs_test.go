package diagnose

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// docs/errors.md has every cause that the code can give, and no other.
func TestErrorsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error { // all of launcher
		if filepath.Ext(path) == ".go" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder // all that is said, of any string
	causes := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				said.WriteString(literal(n) + "\n")
			case *ast.CompositeLit:
				kind, _ := n.Type.(*ast.Ident)
				if s, ok := n.Type.(*ast.SelectorExpr); ok {
					kind = s.Sel
				}
				if kind != nil && kind.Name == "Advice" && len(n.Elts) > 0 {
					causes++
					for _, fragment := range fragments(n.Elts[0]) {
						if !strings.Contains(string(page), fragment) {
							t.Errorf("%s: not in docs/errors.md: %q", name, fragment)
						}
					}
				}
			}
			return true
		})
	}
	if causes < 50 {
		t.Errorf("%d causes found in the code", causes)
	}
	// What differs from case to case, and where the code puts a text together.
	varying := regexp.MustCompile(`…|user\.max_[…*]_namespaces|may not (enter|execute)|\(one of the above\)|, |: `)
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 3 || strings.HasPrefix(line, "| errno") || strings.HasPrefix(line, "| status") {
			continue
		}
		rows++
		for _, fragment := range varying.Split(cells[1], -1) {
			if fragment = strings.Trim(fragment, " ,:();"); len(fragment) > 8 && !strings.Contains(said.String(), fragment) {
				t.Errorf("docs/errors.md says what the code does not: %q", fragment)
			}
		}
	}
	if rows < 80 {
		t.Errorf("%d rows found in docs/errors.md", rows)
	}
}

// literal is the value of a string literal.
func literal(n *ast.BasicLit) string {
	text, err := strconv.Unquote(n.Value)
	if n.Kind != token.STRING || err != nil {
		return ""
	}
	return text
}

// fragments are what an expression for a cause has that does not differ from
// case to case.
func fragments(cause ast.Expr) []string {
	var all []string
	ast.Inspect(cause, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok {
			for _, f := range regexp.MustCompile(`%(\[\d\])?[0-9]*[a-z]`).Split(literal(lit), -1) {
				if f = strings.Trim(f, " ,:();"); len(f) > 8 {
					all = append(all, f)
				}
			}
		}
		return true
	})
	return all
}
