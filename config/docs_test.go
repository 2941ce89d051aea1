package config

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

const docsFile = "../docs/reference/profile.md"

// pages returns the two pages on the language.
func pages(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(docsFile)
	more, moreErr := os.ReadFile("../docs/reference/extending.md")
	if err := errors.Join(err, moreErr); err != nil {
		t.Fatal(err)
	}
	return string(text) + string(more)
}

// documented returns the paths of all keys as the page writes them. Each has a heading or a row of a table.
func documented(path string, fields []lang.Field) []string {
	var paths []string
	for _, f := range fields {
		here := toml.JoinKey(path, f.Name)
		paths = append(paths, here)
		if isRanges(f) {
			here += "[]"
		}
		paths = append(paths, documented(here, f.Below())...)
	}
	return paths
}

// described matches where the page describes keys: in a heading, and in the first cell of a row.
var described = regexp.MustCompile("(?m)^(#+ (?:`[^`]+`(?:, )?)+$|\\| (?:`[a-z_]+\\.[^`]+` ?)+\\|)")

// The page describes every key, and every key that it describes exists.
func TestDocsKeys(t *testing.T) {
	text := pages(t)
	fields := topFields(newProfile(""))
	known, found := map[string]bool{}, map[string]bool{}
	for _, path := range documented("", fields) {
		known[path] = true
	}
	for _, place := range described.FindAllString(text, -1) {
		for _, code := range codeSpan.FindAllStringSubmatch(place, -1) {
			found[code[1]] = true
		}
	}
	for path := range known {
		if !found[path] {
			t.Errorf("%s does not describe %s", docsFile, path)
		}
	}
	for _, f := range fields {
		for _, code := range regexp.MustCompile("`"+f.Name+`\.[a-z_.\[\]]+`+"`").FindAllString(text, -1) {
			if path := strings.Trim(code, "`"); !known[path] {
				t.Errorf("%s mentions %s, which is not a key", docsFile, path)
			}
		}
		if f.Main() == "" {
			continue
		}
		if !lang.HasField(f.Below(), f.Main()) {
			t.Errorf("the main key of %s is %s, which it does not have", f.Name, f.Main())
		}
		short := regexp.MustCompile("Short form: `" + f.Name + " = [^`]+` sets `" + f.Name + `\.` + f.Main() + "`")
		if !short.MatchString(section(text, f.Name)) {
			t.Errorf("%s does not say what the short form of %s sets", docsFile, f.Name)
		}
	}
	for _, name := range lang.VariableNames() {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s has nothing on %s", docsFile, name)
		}
	}
}

// The list of sections at the top names every key.
func TestDocsList(t *testing.T) {
	list, _, _ := strings.Cut(pages(t), "\n## ")
	for _, f := range topFields(newProfile("")) {
		at := strings.Index(list, "[`"+f.Name+"`](#"+f.Name+")")
		if at < 0 {
			t.Errorf("the list at the top of %s does not link to %s", docsFile, f.Name)
			continue
		}
		row, _, _ := strings.Cut(list[at:], "\n")
		for _, below := range f.Below() {
			if !strings.Contains(row, strings.Trim(toml.JoinKey("", below.Name), " ")+"`") {
				t.Errorf("the list at the top of %s does not have %s.%s", docsFile, f.Name, below.Name)
			}
		}
	}
}

// section returns the text below a heading.
func section(text, name string) string {
	_, rest, _ := strings.Cut(text, "\n## `"+name+"`\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

// Every example is a profile.
func TestDocsExamples(t *testing.T) {
	examples := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(pages(t), -1)
	if len(examples) < 8 {
		t.Errorf("%d examples in %s", len(examples), docsFile)
	}
	for _, e := range examples {
		if _, err := Parse("example.toml", []byte(e[1]), testVars()); err != nil {
			t.Errorf("%s\n%v", e[1], err)
		}
	}
}
