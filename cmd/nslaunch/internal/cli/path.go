package cli

import (
	"os"
	"path/filepath"
	"strings"
)

// ShortPath writes a path from the working directory, or from home, where that is shorter.
func ShortPath(path string) string {
	if !filepath.IsAbs(path) {
		return path
	}
	if cwd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(cwd, path); err == nil && !strings.HasPrefix(rel, "../") {
			return rel
		}
	}
	if home := os.Getenv("HOME"); home != "" && strings.HasPrefix(path, home+"/") {
		return "~" + strings.TrimPrefix(path, home)
	}
	return path
}
