package config

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Reading a profile asks nothing of the machine, and is on the way of every
// launch: what it imports is kept small.
func TestImports(t *testing.T) {
	const module = "github.com/nslaunch/nslaunch/"
	allowed := map[string]bool{
		"bytes": true, "cmp": true, "embed": true, "errors": true, "fmt": true, "io": true, "io/fs": true, "maps": true, "math": true,
		"math/bits": true, "os": true, "path": true, "path/filepath": true, "slices": true, "strconv": true,
		"strings": true, "sync": true, "syscall": true, "time": true, "unicode": true, "unicode/utf8": true,
		"github.com/BurntSushi/toml":       true,
		module + "config/internal/toml":    true,
		module + "config/internal/lang":    true,
		module + "config/internal/systemd": true,
		module + "mountprop":               true,
		module + "internal/passwd":         true,
		module + "internal/gitrepo":        true,
		module + "internal/smallfile":      true,
		module + "internal/quote":          true,
		module + "internal/nearest":        true,
	}
	files, _ := filepath.Glob("*.go")
	below, _ := filepath.Glob("internal/*/*.go")
	if len(below) == 0 {
		t.Error("no files in internal")
	}
	files = append(files, below...)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if !allowed[path] {
				t.Errorf("%s imports %s", file, path)
			}
			if (path == "os" || path == "syscall") && file != "read.go" && file != "vars_host.go" {
				t.Errorf("%s imports %s: files are read in read.go alone", file, path)
			}
		}
	}
}
