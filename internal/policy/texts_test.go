package policy

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

// textKind is what a text belongs to.
type textKind int

const (
	comment textKind = iota // of Go code, of a profile or of a script
	literal                 // a string of Go code
	page                    // a paragraph, a list item or a cell of a Markdown page
)

// text is something that people read.
type text struct {
	file string // in the repository
	line int    // its first
	kind textKind
	text string // with its line breaks, without comment signs and code
}

// readTexts returns all texts of the repository. Tests and the packages that only tests use are left out,
// as their readers also read the code. Generated code is left out, too.
func readTexts(t *testing.T) []text {
	t.Helper()
	root := strings.TrimSpace(string(goCommand(t, "list", "-m", "-f", "{{.Dir}}")))
	var all []text
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name == "." || !strings.HasPrefix(entry.Name(), ".") && entry.Name() != "testdata" && !ofTests(name) {
				return nil
			}
			return filepath.SkipDir
		}
		read := reader(name)
		if read == nil {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range read(t, name, string(content)) {
			found.file = name
			all = append(all, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ofTests reports whether a directory has only what tests use.
func ofTests(directory string) bool {
	return fitsAny(directory, []string{"internal/nstest/...", "internal/systest/...", "internal/vmtest/...", "internal/bench/..."})
}

// reader returns what reads the texts of a file, nil if it has none.
func reader(name string) func(t *testing.T, name, content string) []text {
	base := filepath.Base(name)
	switch filepath.Ext(name) {
	case ".go":
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		return goTexts
	case ".md":
		return pageTexts
	case ".toml", ".sh", ".service":
		return hashComments
	}
	if base == "Makefile" {
		return hashComments
	}
	return nil
}

// goTexts returns the comments and the strings of Go code. Strings that are joined with + are one text.
func goTexts(t *testing.T, name, content string) []text {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if ast.IsGenerated(file) {
		return nil
	}
	var all []text
	for _, group := range file.Comments {
		all = append(all, text{line: files.Position(group.Pos()).Line, kind: comment, text: commentText(group)})
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			node.Tag = nil
		case *ast.BinaryExpr:
			if joined, ok := joinStrings(node); ok {
				all = append(all, text{line: files.Position(node.Pos()).Line, kind: literal, text: joined})
				return false
			}
		case *ast.BasicLit:
			if value, ok := stringOf(node); ok {
				all = append(all, text{line: files.Position(node.Pos()).Line, kind: literal, text: value})
			}
		}
		return true
	})
	return all
}

// commentText returns the text of a comment, line by line. A directive becomes an empty line.
func commentText(group *ast.CommentGroup) string {
	var lines []string
	for _, c := range group.List {
		body, isLine := strings.CutPrefix(c.Text, "//")
		switch {
		case isLine && body != "" && body[0] != ' ' && body[0] != '\t':
			body = ""
		case !isLine:
			body = strings.TrimSuffix(strings.TrimPrefix(c.Text, "/*"), "*/")
		}
		lines = append(lines, body)
	}
	return strings.Join(lines, "\n")
}

// joinStrings returns the text of a sum with a string in it. What is not a string becomes "%s".
func joinStrings(sum *ast.BinaryExpr) (string, bool) {
	if sum.Op != token.ADD {
		return "", false
	}
	found := false
	part := func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.BinaryExpr:
			if joined, ok := joinStrings(e); ok {
				found = true
				return joined
			}
		case *ast.BasicLit:
			if value, ok := stringOf(e); ok {
				found = true
				return value
			}
		}
		return "%s"
	}
	joined := part(sum.X) + part(sum.Y)
	return joined, found
}

func stringOf(literal *ast.BasicLit) (string, bool) {
	if literal.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(literal.Value)
	return value, err == nil
}

// hashComments returns the comments of a profile, a script, a unit file or a Makefile. Comments in
// consecutive lines are one text.
func hashComments(_ *testing.T, _, content string) []text {
	var all []text
	previous := 0
	for number, line := range strings.Split(content, "\n") {
		_, body, ok := strings.Cut(" "+line, " #")
		if !ok || strings.HasPrefix(body, "!") || strings.HasPrefix(body, ":") {
			continue
		}
		if len(all) > 0 && previous == number {
			all[len(all)-1].text += "\n" + body
		} else {
			all = append(all, text{line: number + 1, kind: comment, text: body})
		}
		previous = number + 1
	}
	return all
}

var (
	codeSpan = regexp.MustCompile("`[^`]*`")
	linkTo   = regexp.MustCompile(`\]\([^)]*\)`)
	listItem = regexp.MustCompile(`^\s*([-*]|\d+\.)\s+`)
)

// pageTexts returns the prose of a Markdown page. Code is left out; in a sentence it counts as one word.
// Of the change log only the newest section counts: the others are history.
func pageTexts(_ *testing.T, name, content string) []text {
	if filepath.Base(name) == "CHANGELOG.md" {
		parts := strings.SplitN(content, "\n## ", 3)
		content = strings.Join(parts[:min(2, len(parts))], "\n## ")
	}
	var all []text
	paragraph := false // the last text goes on
	fenced := false
	for number, line := range strings.Split(content, "\n") {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "```") {
			fenced, paragraph = !fenced, false
			continue
		}
		if fenced || trimmed == "" || strings.HasPrefix(line, "    ") && !paragraph || strings.HasPrefix(trimmed, "<") {
			paragraph = false
			continue
		}
		heading := strings.HasPrefix(line, "#")
		prose := plainProse(strings.TrimLeft(line, "# "))
		switch {
		case strings.HasPrefix(line, "|"):
			for cell := range strings.SplitSeq(strings.ReplaceAll(prose, `\|`, " "), "|") {
				if strings.Trim(cell, " -:") != "" {
					all = append(all, text{line: number + 1, kind: page, text: strings.TrimSpace(cell)})
				}
			}
			paragraph = false
		case heading || !paragraph || listItem.MatchString(line):
			all = append(all, text{line: number + 1, kind: page, text: listItem.ReplaceAllString(prose, "")})
			paragraph = !heading
		default:
			all[len(all)-1].text += "\n" + prose
		}
	}
	return all
}

// plainProse takes code, links and emphasis out of a line of Markdown.
func plainProse(line string) string {
	line = codeSpan.ReplaceAllString(line, "code")
	line = linkTo.ReplaceAllString(line, "]")
	return strings.NewReplacer("**", "", "[", "", "]", "").Replace(line)
}
