package config

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// meant says what is meant by a key or value that is none of ours: a word of docker, compose, systemd-nspawn, bwrap or
// another profile language. It is a [lang.Meaning].
func meant(table, name string, raw any) (key string, value any) {
	text, isText := raw.(string)
	number, isNumber := raw.(int64)
	switch table {
	case "env":
		if isText && lang.EnvName(name) && name != "set" && name != "inherit" {
			return toml.JoinKey("env.set", name), raw
		}
		if list := toml.List(raw); name == "set" && list != nil {
			return "env.set", variables(list)
		}
	case "namespaces":
		if name != "all" && (text == "none" || text == "private" || text == "unshare") {
			return table + "." + name, "new"
		}
	case "limits":
		if isNumber && name == "timeout" {
			return "limits.timeout", printedSeconds(number)
		}
	case "process":
		if text == "root" && (name == "uid" || name == "gid") {
			return "process." + name, int64(0)
		}
		if isNumber && name == "stop_timeout" {
			return "process.stop_timeout", printedSeconds(number)
		}
	case "mounts":
		isTarget := strings.Contains(name, "/")
		if isTarget && isText && slices.Contains(mountTypes(), MountType(text)) {
			return table + "." + name, map[string]any{"type": text}
		}
		if source, how := bindOf(strings.Trim(name, `"`), text); isTarget && isText && source != "" {
			return table + "." + name, map[string]any{how: source}
		}
	case "command":
		if name == "argv" && isText && text != "" {
			return "command.argv", commandOf(text)
		}
	case "":
		return topMeant(strings.ToLower(strings.ReplaceAll(name, "-", "_")), raw)
	}
	return "", nil
}

// bindOf returns the source of a bind mount that was written as the string for a target, and its key; "" if it names none.
func bindOf(target, text string) (source, how string) {
	source, how = text, "ro"
	if text == "ro" || text == "rw" {
		source, how = target, text
	}
	for _, key := range []string{"ro", "rw"} {
		if rest, ok := strings.CutSuffix(text, ":"+key); ok {
			source, how = rest, key
		}
	}
	if !strings.HasPrefix(source, "/") {
		return "", ""
	}
	return source, how
}

// topMeant is meant for the keys that are in no table.
func topMeant(name string, raw any) (key string, value any) {
	text, isText := raw.(string)
	switch name {
	case "command", "cmd", "entrypoint", "args", "argv", "exec", "run":
		switch {
		case isText && text != "":
			return "command", commandOf(text)
		case toml.List(raw) != nil && name != "command":
			return "command", raw
		}
	case "env", "environment", "envs", "setenv":
		if list := toml.List(raw); len(list) > 0 {
			return "env.set", variables(list)
		}
		if table, ok := raw.(map[string]any); ok && name != "env" {
			return "env.set", table
		}
	case "rnu":
		return topMeant("run", raw)
	case "network":
		if table, ok := raw.(map[string]any); ok {
			text, _ = table["mode"].(string)
		}
		switch text {
		case "host":
			return "namespaces.net", "host"
		case "none", "new", "private":
			return "namespaces.net", "new"
		}
	case "namespaces":
		switch {
		case text == "all" || text == "private" || text == "unshare":
			return "namespaces", "new"
		case strings.Contains(text, ","):
			table := map[string]any{}
			for kind := range strings.SplitSeq(text, ",") {
				table[strings.TrimSpace(kind)] = "new"
			}
			return "namespaces", table
		}
		if list := toml.List(raw); len(list) > 0 {
			table := map[string]any{}
			for _, e := range list {
				if kind, ok := e.(string); ok {
					table[kind] = "new"
				}
			}
			return "namespaces", table
		}
	case "workdir", "working_dir", "working_directory", "chdir":
		return "process.cwd", raw
	case "caps", "capability", "cap_add":
		if list := toml.List(raw); list != nil || isText {
			return "process.capabilities", raw
		}
	case "cap_drop":
		return "process.capabilities", "none"
	case "user":
		if _, isNumber := raw.(int64); isNumber {
			return "process.uid", raw
		}
	case "group":
		if _, isNumber := raw.(int64); isNumber {
			return "process.gid", raw
		}
	case "volumes", "binds", "bind", "mount", "mounts", "allow_write", "writable":
		if list := toml.List(raw); list != nil {
			if table := renamed(list); table != nil {
				return "mounts", table
			}
			return "mounts.rw", raw
		}
	case "readonly_paths", "allow_read", "ro_bind":
		if list := toml.List(raw); list != nil {
			return "mounts.ro", raw
		}
	case "hide", "hidden", "mask", "deny_read", "blacklist":
		if list := toml.List(raw); list != nil {
			return "mounts.masked", raw
		}
	case "mem", "ram", "mem_limit", "memory_limit", "memory_max":
		return "limits.memory", raw
	case "cpus", "cpu_limit":
		return "limits.cpu", raw
	case "pids", "pids_limit", "max_processes":
		return "limits.tasks", raw
	case "rootfs", "chroot", "root_dir":
		return "root", raw
	case "read_only", "readonly_root":
		return "root.readonly", raw
	case "include", "import", "base", "inherits", "preset":
		if isText {
			if _, ok := preset(text); ok {
				text = presetPrefix + text
			}
			return "extends", []any{text}
		}
		if toml.List(raw) != nil {
			return "extends", raw
		}
	}
	return "", nil
}

// foreign returns what to do about a key of another program for which a profile has none like it; "" if nothing is known.
func foreign(key string) string {
	switch strings.ToLower(strings.ReplaceAll(key, "-", "_")) {
	case "image":
		return `(write root = "DIR", the directory that the image is unpacked to)`
	case "privileged":
		return "(leave it out: a sandbox can do what its profile allows)"
	case "tty", "stdin_open", "interactive":
		return "(leave it out: the command has the terminal that nslaunch was started on)"
	case "rm", "remove", "auto_remove":
		return "(leave it out: nothing of a sandbox is left when it ends)"
	case "ports", "publish", "expose":
		return "(leave it out: a command in the host's network has the host's ports)"
	case "restart":
		return "(leave it out: a service manager restarts what ends)"
	}
	return ""
}

// commandOf returns the argument vector of a command that was written as one string: with a shell only if it needs one.
func commandOf(text string) []any {
	if strings.ContainsAny(text, "|&;<>()$`\\\"'*?[]#~=%!{}\n") {
		return []any{"sh", "-c", text}
	}
	var argv []any
	for _, word := range strings.Fields(text) {
		argv = append(argv, word)
	}
	return argv
}

// variables returns the table of variables that were written as "NAME=value"; nil where one is not.
func variables(list []any) any {
	table := map[string]any{}
	for _, e := range list {
		text, _ := e.(string)
		name, value, ok := strings.Cut(text, "=")
		if !ok || !lang.EnvName(name) {
			return nil
		}
		table[name] = value
	}
	return table
}

// renamed returns the entries of mounts that were written as "SOURCE:TARGET" or "SOURCE:TARGET:ro"; nil where one is not.
func renamed(list []any) map[string]any {
	table := map[string]any{}
	for _, e := range list {
		text, _ := e.(string)
		parts := strings.Split(text, ":")
		if len(parts) < 2 || len(parts) > 3 || !strings.HasPrefix(parts[1], "/") {
			return nil
		}
		how := "rw"
		if len(parts) == 3 && parts[2] == "ro" {
			how = "ro"
		}
		table[parts[1]] = map[string]any{how: parts[0]}
	}
	return table
}

// printedSeconds returns a number as a duration in seconds; nil for one that is none.
func printedSeconds(n int64) any {
	if n <= 0 {
		return nil
	}
	return TOMLValue(n) + "s"
}
