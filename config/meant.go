package config

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// meant says what is meant by a key or value that is none of ours: a word of docker, compose, systemd-nspawn, bwrap or
// another profile language. It is a [lang.Meaning].
func meant(table, name string, raw any) (key string, value any) {
	text, isText := raw.(string)
	number, isNumber := raw.(int64)
	switch table {
	case "env":
		list := toml.List(raw)
		switch {
		case name == "set" && len(variables(list)) > 0:
			return "env.set", variables(list)
		case name == "inherit" && raw == true:
			return "env.inherit", []any{"*"}
		case list != nil && slices.Contains([]string{"pass", "keep", "passthrough", "import"}, name):
			return "env.inherit", raw
		case lang.EnvName(name) && name != "set" && name != "inherit" && (isText || isNumber):
			if isNumber {
				raw = TOMLValue(number)
			}
			return toml.JoinKey("env.set", name), raw
		}
	case "namespaces":
		if kind := kindMeant(name); kind != "" {
			name = kind
		}
		if raw == true || name != "all" && (text == "none" || text == "private" || text == "unshare") {
			return table + "." + name, "new"
		}
	case "restrict":
		return restrictMeant(name, raw)
	case "idmap", "idmap.uid", "idmap.gid":
		return idmapMeant(table, name, raw)
	case "limits":
		switch {
		case isNumber && name == "timeout":
			return "limits.timeout", printedSeconds(number)
		case name == "files" || name == "fds" || name == "open_files":
			return "limits.rlimits.nofile", raw
		case name != "cpu" && name != "memory" && name != "tasks":
			return topMeant(name, raw)
		}
	case "process":
		if capability := strings.TrimPrefix(strings.ToUpper(text), "CAP_"); name == "capabilities" {
			switch {
			case text == "all" || raw == true:
				return "process.capabilities", string(CapabilitiesKeep)
			case slices.Contains(CapabilityNames(), capability):
				return "process.capabilities", []any{capability}
			}
		}
		if strings.HasPrefix(name, "cap") && name != "capabilities" {
			return topMeant(name, raw)
		}
		id := strings.NewReplacer("user", "uid", "group", "gid").Replace(name)
		if id == "uid" || id == "gid" {
			switch {
			case text == "root":
				return "process." + id, int64(0)
			case isNumber && name != id:
				return "process." + id, raw
			}
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
	case "time":
		if isNumber {
			return "time." + name, printedSeconds(number)
		}
	case "restrict.namespaces":
		if kind := kindMeant(text); kind != "" {
			return name, kind
		}
	case "command":
		if name == "argv" && isText && text != "" {
			return "command.argv", generic(CommandOf(text))
		}
	case "":
		return topMeant(strings.ToLower(strings.ReplaceAll(name, "-", "_")), raw)
	}
	if text == "root" && strings.HasPrefix(table, "mounts.") && (name == "uid" || name == "gid") {
		return table + "." + name, int64(0)
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
			return "command", generic(CommandOf(text))
		case toml.List(raw) != nil && name != "command":
			return "command", raw
		}
	case "env", "environment", "envs", "setenv":
		list := toml.List(raw)
		if isText {
			list = []any{raw}
		}
		if table := variables(list); len(table) > 0 {
			return "env.set", table
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
		switch {
		case text == "host" || raw == true:
			return "namespaces.net", "host"
		case text == "none" || text == "new" || text == "private" || raw == false:
			return "namespaces.net", "new"
		}
	case "namespaces":
		switch {
		case text == "all" || text == "private" || text == "unshare" || raw == true:
			return "namespaces", "new"
		case strings.Contains(text, ","):
			return "namespaces", newKinds(strings.Split(text, ","))
		}
		if list := toml.List(raw); len(list) > 0 {
			return "namespaces", newKinds(slices.Collect(stringsOf(list)))
		}
	case "time":
		if isText || raw == true {
			return "namespaces.time", "new"
		}
	case "proc", "sys":
		if raw == true {
			return name, "new"
		}
	case "dev":
		if raw == true || text == "new" {
			return "dev", "minimal"
		}
	case "idmap":
		return idmapMeant("idmap", "", raw)
	case "workdir", "working_dir", "working_directory", "chdir":
		return "process.cwd", raw
	case "caps", "capability", "cap_add":
		if list := toml.List(raw); list != nil || isText {
			return "process.capabilities", raw
		}
	case "cap_drop":
		return "process.capabilities", "none"
	case "user", "group":
		id := map[string]string{"user": "process.uid", "group": "process.gid"}[name]
		if _, isNumber := raw.(int64); isNumber {
			return id, raw
		} else if text == "root" {
			return id, int64(0)
		}
	case "volumes", "binds", "bind", "mount", "mounts", "allow_write", "writable":
		if list := toml.List(raw); len(list) > 0 {
			if table := renamed(list); table != nil {
				return "mounts", table
			}
			if texts := slices.Collect(stringsOf(list)); len(texts) == len(list) {
				return "mounts.rw", raw
			}
		}
	case "devices":
		table := devicesMeant(toml.List(raw))
		for target, device := range table {
			if len(table) == 1 {
				return toml.JoinKey("mounts", target), device
			}
			return "mounts", table
		}
	case "tmpfs":
		if list := toml.List(raw); list != nil {
			return "mounts.tmpfs", raw
		} else if strings.HasPrefix(text, "/") {
			return "mounts.tmpfs", []any{raw}
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
func foreign(key string, raw any) string {
	name, isText := raw.(string)
	switch key {
	case "user", "process.user":
		if isText && name != "root" {
			return "(set process.uid to the number that id -u " + quote.Word(name) + " prints)"
		}
	case "group", "process.group":
		if isText && name != "root" {
			return "(set process.gid to the number that getent group " + quote.Word(name) + " prints)"
		}
	case "root.idmap":
		return "(idmap above the first [table] maps the ids of the sandbox, and an entry of [mounts] can have its own idmap)"
	case "seccomp":
		return "(leave it out: no system calls are filtered, and [restrict] and process.capabilities limit the command)"
	case "landlock":
		return "(leave it out: [mounts] says what the command can read and write)"
	}
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

// CommandOf returns the argument vector of a command that was written as one string: with a shell only if it needs one.
func CommandOf(text string) []string {
	if strings.ContainsAny(text, "|&;<>()$`\\\"'*?[]#~=%!{}\n") {
		return []string{"sh", "-c", text}
	}
	return strings.Fields(text)
}

// newKinds returns the table of namespaces that were written as a list of kinds; nil where one is not known.
func newKinds(words []string) any {
	table := map[string]any{}
	for _, word := range words {
		word = strings.TrimSpace(word)
		if kind := kindMeant(word); kind != "" {
			word = kind
		}
		if !slices.Contains(Kinds(), NamespaceKind(word)) {
			return nil
		}
		table[word] = "new"
	}
	return table
}

// restrictMeant is meant for the keys of [restrict].
func restrictMeant(name string, raw any) (key string, value any) {
	if name != "namespaces" {
		return "", nil
	}
	text, _ := raw.(string)
	if text == "none" || raw == true {
		return "restrict.namespaces", []any{}
	}
	if kind := kindMeant(text); kind != "" {
		text = kind
	}
	if slices.Contains(Kinds(), NamespaceKind(text)) {
		return "restrict.namespaces", []any{text}
	}
	return "", nil
}

// variables returns the table of variables that were written as "NAME=value"; nil where one is not.
func variables(list []any) map[string]any {
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

// renamed returns the entries of mounts that were written as "SOURCE:TARGET" or "SOURCE:TARGET:ro", or as tables with a target;
// nil where one is not.
func renamed(list []any) map[string]any {
	table := map[string]any{}
	for _, e := range list {
		if members, ok := e.(map[string]any); ok {
			target, entry := targetMeant(members)
			if entry == nil {
				return nil
			}
			table[target] = entry
			continue
		}
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
