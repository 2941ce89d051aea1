package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
)

// keyFlag is a flag whose value is that of a key of the profile.
type keyFlag struct {
	name, key, usage string
	also             string // the name that another program has for it
	wants            string // its values, if other programs have a flag of this name with others
}

func keyFlags() []keyFlag {
	return []keyFlag{
		{name: "name", key: "name", usage: "name the sandbox `NAME` (default: the name of the profile or the command)"},
		{name: "hostname", key: "hostname", usage: "set the host name inside to `NAME` (default: the host's)"},
		{name: "propagation", key: "propagation", usage: "set mount propagation to `KIND`: slave (default), private, shared, …"},
		{name: "proc", key: "proc", usage: "set /proc to `MODE`: new (default with a new pid and mount namespace), host or none", wants: "new, host or none"},
		{name: "network", key: "network", usage: "set a new network namespace to `MODE`: loopback (default) or down", wants: "loopback or down"},
		{name: "idmap", key: "idmap", usage: "map user and group ids by `MODE`: root (default), keep, root+subid, …"},
		{name: "cwd", key: "process.cwd", usage: "start in `DIRECTORY`, a path inside (default: the current one, if it exists there)", also: "chdir"},
		{name: "capabilities", key: "process.capabilities", usage: "keep only the capabilities in `LIST`, such as KILL,CHOWN, or none (default: keep, which is all)"},
		{name: "terminal", key: "process.terminal", usage: "set the command's terminal to `MODE`: inherit (default), pty or none"},
		{name: "timeout", key: "limits.timeout", usage: "end the command after this `TIME`: 10s, 5min (default: never)"},
	}
}

// addFlags adds the flags that set keys of a profile. They change a profile, or replace one.
func (r *request) addFlags(fs *flag.FlagSet) {
	r.changes.addFlags(fs)
	for _, f := range keyFlags() {
		fs.Var(r.keyValue(fs, f, f.name), f.name, f.usage)
		if f.also != "" {
			cli.Alias(fs, f.also, f.name, r.keyValue(fs, f, f.also))
		}
	}
	r.addNamespaceFlags(fs)
	r.addFileFlags(fs)
	r.addEnvFlags(fs)
}

// keyValue is the value of a flag that sets a key as it is given. Capabilities are a list, but for the two words.
func (r *request) keyValue(fs *flag.FlagSet, f keyFlag, name string) *cli.Value {
	return &cli.Value{Key: f.key, Put: func(v string) error {
		if f.wants != "" {
			if hint := cli.Foreign(fs, name, v); hint != "" {
				return fmt.Errorf("want %s (%s)", f.wants, hint)
			}
		}
		var value any = v
		if f.key == "process.capabilities" && !strings.EqualFold(v, "keep") && !strings.EqualFold(v, "none") {
			value = strings.Split(v, ",")
		}
		r.put("--"+name, f.key, value)
		return nil
	}}
}

// put notes a setting that a flag gives.
func (r *request) put(from, key string, value any) {
	r.settings = append(r.settings, config.Setting{Key: key, Value: value, From: from})
}

// addNamespaceFlags adds the flags that say which namespaces are new, or are joined. The short ones are those of unshare(1).
func (r *request) addNamespaceFlags(fs *flag.FlagSet) {
	fs.Func("new", "create new namespaces: a `LIST` such as net,mount, or all", func(v string) error {
		for _, word := range strings.Split(v, ",") {
			kind, ok := kindNamed(word)
			switch {
			case word == "all":
				kind = "all"
			case !ok:
				return unknownKind(word)
			}
			r.put("--new", "namespaces."+string(kind), "new")
		}
		return nil
	})
	fs.Func("join", "join existing namespaces: `TYPES=WHERE`, such as net,uts=pid:1234, all=SANDBOX or net=/run/netns/blue", func(v string) error {
		settings, err := joinSettings(v)
		r.settings = append(r.settings, settings...)
		return err
	})
	for _, short := range []struct {
		letter string
		kind   config.NamespaceKind
	}{{"m", config.Mount}, {"u", config.UTS}, {"i", config.IPC}, {"n", config.Net}, {"p", config.PID}, {"U", config.User}, {"C", config.Cgroup}, {"T", config.TimeNS}} {
		fs.BoolFunc(short.letter, fmt.Sprintf("short for --new %s", short.kind), bare(func() {
			r.put("-"+short.letter, "namespaces."+string(short.kind), "new")
		}))
	}
	r.addUnshareFlag(fs, "r", "map-root-user", "be root inside: short for --new user --idmap root", func(from string) { r.put(from, "idmap", "root") })
	r.addUnshareFlag(fs, "c", "map-current-user", "keep your ids inside: short for --new user --idmap keep", func(from string) { r.put(from, "idmap", "keep") })
	r.addUnshareFlag(fs, "", "mount-proc", "mount a new /proc: short for --new mount,pid --proc new", func(from string) { r.put(from, "proc", "new") })
	r.addUnshareFlag(fs, "f", "fork", "accept this flag of unshare: nslaunch always runs the command as a child", func(string) {})
}

// addUnshareFlag adds a flag of unshare(1) without a value, which may have a short name.
func (r *request) addUnshareFlag(fs *flag.FlagSet, short, long, usage string, put func(from string)) {
	fs.BoolFunc(long, usage, bare(func() { put("--" + long) }))
	if short != "" {
		cli.Alias(fs, short, long, nil)
	}
}

// bare is the function of a flag that has no value.
func bare(do func()) func(string) error {
	return func(v string) error {
		if v != "true" {
			return errors.New(cli.NoValue)
		}
		do()
		return nil
	}
}

// addEnvFlags adds the flags that change the command's environment.
func (r *request) addEnvFlags(fs *flag.FlagSet) {
	fs.Func("setenv", "set a variable of the command: `NAME=VALUE`, or NAME for the value that it has here", func(v string) error {
		name, value, ok := strings.Cut(v, "=")
		switch {
		case name == "":
			return errors.New("want NAME=VALUE, or NAME")
		case ok:
			r.put("--setenv", config.Key("env", "set", name), config.Literal(value))
		default:
			r.put("--setenv", config.Key("env", "set", name), "${env:"+name+"}")
		}
		return nil
	})
	fs.Func("unsetenv", "remove the variable `NAME` from the command's environment", func(name string) error {
		if strings.Contains(name, "=") {
			return errors.New("want the name alone")
		}
		r.put("--unsetenv", config.Key("env", "set", name), false)
		return nil
	})
}

// twoArguments refuses the form of bwrap(1), which gives some flags two arguments: the second would be taken for the command.
func twoArguments(c *cli.Call) error {
	at := len(c.Words) - len(c.Args)
	if c.Dashed || len(c.Args) == 0 || at < 2 {
		return nil
	}
	name, first, second := strings.TrimLeft(c.Words[at-2], "-"), c.Words[at-1], c.Args[0]
	if len(name) == len(c.Words[at-2]) || surelyProfile(second) {
		return nil
	}
	switch {
	case (name == "bind" || name == "ro-bind") && strings.HasPrefix(second, "/") && len(cutColons(first)) == 1:
		return fmt.Errorf("--%s has one argument: write --%[1]s %s:%s, or put -- before a command", name, first, second)
	case name == "setenv" && !strings.Contains(first, "="):
		return fmt.Errorf("--setenv has one argument: write --setenv %s=%s, or put -- before a command", first, second)
	}
	return nil
}

// switchValue refuses a value after a flag that has one in another program and none here, such as docker's -u: it would be
// taken for the command.
func switchValue(c *cli.Call) error {
	at := len(c.Words) - len(c.Args)
	if c.Dashed || len(c.Args) < 2 || at < 1 || len(c.Words[at-1]) != 2 || isProfile(c.Args[0]) {
		return nil
	}
	flags := c.Command.FlagSet()
	hint := cli.Foreign(flags, c.Words[at-1][1:], c.Args...)
	if hint == "" {
		return nil
	}
	return fmt.Errorf("%s has no value, got %q: it is %s (%s; put -- before a command of that name)", c.Words[at-1], c.Args[0], flags.Lookup(c.Words[at-1][1:]).Usage, hint)
}

// profileFlagGroups are the groups of the flags that set keys of a profile, after those of the command itself.
func profileFlagGroups(own ...string) []cli.FlagGroup {
	groups := []cli.FlagGroup{
		{Title: "files", Names: []string{"bind", "ro-bind", "tmpfs", "propagation", "proc", "mount-proc"}},
		{Title: "namespaces and ids", Names: []string{"new", "join", "m", "u", "i", "n", "p", "U", "C", "T", "map-root-user", "map-current-user", "idmap", "hostname", "network", "fork"}},
		{Title: "the command", Names: []string{"cwd", "setenv", "unsetenv", "capabilities", "terminal", "timeout"}},
		{Title: "the profile", Names: []string{"set", "var", "name"}},
	}
	if len(own) > 0 {
		groups = append([]cli.FlagGroup{{Title: "flags", Names: own}}, groups...)
	}
	return groups
}
