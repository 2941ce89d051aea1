package config

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

const docsFile = "../docs/profile.md"

func docs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documented returns the paths of all keys, as the documentation writes them:
// a section by its heading, which has a "## " in front.
func documented(path string, fields []lang.Field) []string {
	var paths []string
	for _, f := range fields {
		here := toml.JoinKey(path, f.Name)
		switch {
		case f.Below() == nil:
			paths = append(paths, "`"+here+"`")
		case isRanges(f):
			paths = append(paths, "`"+here+"`")
			paths = append(paths, documented(here+"[]", f.Below())...)
		default:
			if path == "" {
				paths = append(paths, "## "+here)
			} else {
				paths = append(paths, "`"+here+"`")
			}
			paths = append(paths, documented(here, f.Below())...)
		}
	}
	return paths
}

// Every key is documented, and every key that is documented is one.
func TestDocsKeys(t *testing.T) {
	text := docs(t)
	known := map[string]bool{}
	for _, path := range documented("", topFields(newProfile(""))) {
		known[path] = true
		if !strings.Contains(text, path) {
			t.Errorf("%s has nothing on %s", docsFile, path)
		}
	}
	for _, f := range topFields(newProfile("")) {
		for _, path := range regexp.MustCompile("`"+f.Name+`\.[a-z_.\[\]]+`+"`").FindAllString(text, -1) {
			if !known[path] {
				t.Errorf("%s tells of %s, which is no key", docsFile, path)
			}
		}
		if f.Main() != "" && !lang.HasField(f.Below(), f.Main()) {
			t.Errorf("the main key of %s is %s, which it does not have", f.Name, f.Main())
		}
		if f.Main() != "" && !strings.Contains(section(text, f.Name), "Main key: `"+f.Main()+"`") {
			t.Errorf("%s does not say that the main key of %s is %s", docsFile, f.Name, f.Main())
		}
	}
	for _, name := range lang.VariableNames() {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s has nothing on %s", docsFile, name)
		}
	}
}

// section returns the text below a heading.
func section(text, name string) string {
	_, rest, _ := strings.Cut(text, "\n## "+name+"\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

// Every example is a profile.
func TestDocsExamples(t *testing.T) {
	examples := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(docs(t), -1)
	if len(examples) < 8 {
		t.Errorf("%d examples in %s", len(examples), docsFile)
	}
	for _, e := range examples {
		if _, err := Parse("example.toml", []byte(e[1]), testVars()); err != nil {
			t.Errorf("%s\n%v", e[1], err)
		}
	}
}
