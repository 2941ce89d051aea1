package main

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// addFileFlags adds the flags that say which files the command sees.
func (r *request) addFileFlags(fs *flag.FlagSet) {
	fs.Func("bind", "show a file or directory of the host, writable: `SRC:DST`, or SRC for the same path", func(v string) error {
		return r.bind("--bind", "rw", v)
	})
	fs.Func("ro-bind", "show a file or directory of the host, read-only: `SRC:DST`, or SRC for the same path", func(v string) error {
		return r.bind("--ro-bind", "ro", v)
	})
	fs.Func("tmpfs", "mount an empty file system in memory on `DST`; on / none of the host's files are visible", func(v string) error {
		dst, err := targetOf(v)
		switch {
		case len(cutColons(v)) > 1:
			err = fmt.Errorf("want a path alone (--set %s sets the size)", quote.Word(config.Key("mounts", cutColons(v)[0], "size")+"=64M"))
		case err == nil && dst == "/":
			r.put("--tmpfs", "root", "tmpfs")
		case err == nil:
			r.mount("--tmpfs", dst, map[string]any{"type": "tmpfs"})
		}
		return err
	})
}

// bind notes a bind mount; key is ro or rw. One on / is the root.
func (r *request) bind(from, key, v string) error {
	src, dst, err := bindPaths(v)
	switch {
	case err != nil:
		return err
	case dst != "/":
		r.mount(from, dst, map[string]any{key: src})
		return nil
	case src == "/":
		src = "host"
	}
	r.put(from, "root", src)
	r.put(from, "root.readonly", key == "ro")
	return nil
}

// mount notes an entry of mounts. Of two such flags for one target the later counts.
func (r *request) mount(from, dst string, entry map[string]any) {
	key := config.Key("mounts", dst)
	r.settings = slices.DeleteFunc(r.settings, func(s config.Setting) bool {
		return s.Key == key && (s.From == "--bind" || s.From == "--ro-bind" || s.From == "--tmpfs")
	})
	r.put(from, key, entry)
}

// bindPaths splits SRC:DST, or SRC alone. A relative SRC is one of the working directory.
func bindPaths(v string) (src, dst string, err error) {
	parts := cutColons(v)
	if src = parts[0]; src == "" {
		return "", "", errors.New("want SRC:DST, or SRC")
	}
	switch {
	case strings.HasPrefix(src, "/"), strings.HasPrefix(src, "~"), strings.HasPrefix(src, "${"):
	default:
		if src, err = filepath.Abs(src); err != nil {
			return "", "", err
		}
	}
	switch len(parts) {
	case 1:
		dst, err = targetOf(src)
		return src, dst, err
	case 2:
		dst, err = targetOf(parts[1])
		return src, dst, err
	}
	switch short := parts[0] + ":" + parts[1]; {
	case len(parts) == 3 && parts[2] == "ro":
		return "", "", fmt.Errorf("there are no options after DST: write --ro-bind %s", quote.Word(short))
	case len(parts) == 3 && (parts[2] == "rw" || strings.EqualFold(parts[2], "z")):
		return "", "", fmt.Errorf("there are no options after DST: write --bind %s", quote.Word(short))
	}
	return "", "", fmt.Errorf("want one \":\" between SRC and DST (a path with a \":\" needs --set %s)", quote.Word(`mounts."/DST".rw=/SRC`))
}

// targetOf returns the shortest form of a path inside.
func targetOf(path string) (string, error) {
	if strings.Contains(path, "${") { // the profile language replaces it
		return path, nil
	}
	if !strings.HasPrefix(path, "/") {
		return "", fmt.Errorf("want an absolute path inside the sandbox, got %q", path)
	}
	return filepath.Clean(path), nil
}

// cutColons splits a text at each ":" that is not in a variable of the profile language, such as ${env:HOME}.
func cutColons(v string) []string {
	var parts []string
	from, depth := 0, 0
	for i := range len(v) {
		switch {
		case strings.HasPrefix(v[i:], "${"):
			depth++
		case v[i] == '}' && depth > 0:
			depth--
		case v[i] == ':' && depth == 0:
			parts = append(parts, v[from:i])
			from = i + 1
		}
	}
	return append(parts, v[from:])
}
