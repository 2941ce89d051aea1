package main

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher"
)

// executedFiles returns the files of the host that the command of a service executes: its program, the interpreter of a script, and
// scripts among its arguments. It knows none in a mount namespace that is joined, or in memory. Nothing is executed to find them.
func executedFiles(p *config.Profile, v config.Vars) []string {
	var files []string
	add := func(inside string) (found bool) {
		file, ok := shownAt(p, inside)
		info, err := os.Stat(file)
		if !ok || err != nil || !info.Mode().IsRegular() {
			return false
		}
		if !slices.Contains(files, file) {
			files = append(files, file)
		}
		return true
	}
	cwd := cmp.Or(p.Process.Cwd, v.Cwd)
	if name := p.Command.Argv[0]; strings.Contains(name, "/") {
		add(pathInside(name, cwd))
	} else {
		for _, dir := range filepath.SplitList(servicePath(p, v)) {
			if add(path.Join(dir, name)) {
				break
			}
		}
	}
	for _, arg := range p.Command.Argv[1:] {
		inside := pathInside(arg, cwd)
		if file, ok := shownAt(p, inside); strings.Contains(arg, "/") && ok && script(file) {
			add(inside)
		}
	}
	for _, file := range slices.Clone(files) {
		if interpreter := interpreterOf(file); path.IsAbs(interpreter) {
			add(interpreter)
		}
	}
	return files
}

// pathInside returns a path inside, given the working directory.
func pathInside(file, cwd string) string {
	if path.IsAbs(file) {
		return path.Clean(file)
	}
	return path.Join("/", cwd, file)
}

// servicePath is the PATH that the command of a service has.
func servicePath(p *config.Profile, v config.Vars) string {
	if set, ok := p.Env.Set["PATH"]; ok {
		return set
	}
	inherited, _ := v.Env("PATH")
	return cmp.Or(inherited, launcher.DefaultPath)
}

// script reports whether a file is one that an interpreter runs: it is executable, or its name ends as those of scripts do.
func script(file string) bool {
	info, err := os.Stat(file)
	known := slices.Contains([]string{".sh", ".py", ".pl", ".rb", ".js", ".mjs", ".php", ".lua", ".jar"}, path.Ext(file))
	return err == nil && info.Mode().IsRegular() && (known || info.Mode()&0o111 != 0 || interpreterOf(file) != "")
}

// interpreterOf returns the interpreter in the first line of a script, "" if there is none.
func interpreterOf(file string) string {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	head, _ := io.ReadAll(io.LimitReader(f, 256))
	line, _, _ := bytes.Cut(head, []byte("\n"))
	rest, ok := strings.CutPrefix(string(line), "#!")
	if words := strings.Fields(rest); ok && len(words) > 0 {
		return words[0]
	}
	return ""
}

// shownAt returns the file of the host that a profile shows at a path of the sandbox. It reports whether there can be one.
func shownAt(p *config.Profile, inside string) (string, bool) {
	at, dirs := "/", []string{"/"}
	switch p.Root.Mode {
	case config.RootTmpfs:
		dirs = nil
	case config.RootPath:
		dirs = []string{p.Root.Path}
	}
	if p.Namespaces[config.Mount].Joined() {
		return "", false
	}
	for _, m := range p.Mounts { // parents come first
		if inside != m.Target && !strings.HasPrefix(inside, strings.TrimSuffix(m.Target, "/")+"/") {
			continue
		}
		switch m.Type {
		case config.MountBind:
			if _, err := os.Stat(m.Source); err != nil && m.Optional {
				continue
			}
			at, dirs = m.Target, []string{m.Source}
		case config.MountOverlay:
			at, dirs = m.Target, m.Lower
		case config.MountDir:
		default:
			at, dirs = m.Target, nil
		}
	}
	for _, dir := range dirs {
		file := path.Join(dir, strings.TrimPrefix(inside, at))
		if _, err := os.Lstat(file); err == nil {
			return file, true
		}
	}
	return "", false
}
