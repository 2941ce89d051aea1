package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// nslaunchJob has a profile.
func nslaunchJob(p place, s spec, command []string) (job, error) {
	return withProfile(p, profile(s), command), nil
}

func withProfile(p place, text string, command []string) job {
	path := filepath.Join(p.dir, "profile.toml")
	return job{
		Argv:  append([]string{p.path, path, "--"}, command...),
		files: map[string]string{path: text},
	}
}

func profile(s spec) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("version = 1")
	if s.hostname != "" {
		line("hostname = %q", s.hostname)
	}
	var kinds []string
	for _, kind := range s.namespaces {
		kinds = append(kinds, kind+` = "new"`)
	}
	line("namespaces = { %s }", strings.Join(kinds, ", "))
	if s.tmpfsRoot {
		line(`root = "tmpfs"`)
	}
	if s.minimalDev {
		line(`dev = "minimal"`)
	}
	if s.noCaps || s.cwd != "" {
		line("\n[process]")
	}
	if s.cwd != "" {
		line("cwd = %q", s.cwd)
	}
	if s.noCaps {
		line(`capabilities = "none"`)
	}
	if len(s.mounts) > 0 {
		line("\n[mounts]")
	}
	for _, m := range s.mounts {
		switch m.kind {
		case "tmpfs":
			line(`%q = { type = "tmpfs" }`, m.target)
		case "symlink":
			line(`%q = { type = "symlink", to = %q }`, m.target, m.source)
		default:
			line("%q = { %s = %q }", m.target, m.kind, m.source)
		}
	}
	return b.String()
}
