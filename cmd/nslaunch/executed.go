package main

import (
	"cmp"
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
		file, ok := launcher.HostPath(p, inside)
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
		if file, ok := launcher.HostPath(p, inside); strings.Contains(arg, "/") && ok && script(file) {
			add(inside)
		}
	}
	for _, file := range slices.Clone(files) {
		if interpreter := launcher.Interpreter(file); path.IsAbs(interpreter) {
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
	return err == nil && info.Mode().IsRegular() && (known || info.Mode()&0o111 != 0 || launcher.Interpreter(file) != "")
}
