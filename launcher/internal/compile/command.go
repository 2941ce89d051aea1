package compile

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
)

// DefaultPath is the PATH of the command if the profile neither sets nor inherits one.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// noCommand says that there is nothing to run. If the nearest key comes from another file, the error is reported at the profile that was named.
func (c *compiler) noCommand() {
	pos := plan.Place(c.p, c.p.Origin("command")).Pos
	if pos.File != c.p.File {
		pos = config.Pos{File: c.p.File}
	}
	c.errs = append(c.errs, &config.Error{Pos: pos, Key: "command", Msg: "no command (write command = [\"sh\"], or name one after the profile)"})
}

func (c *compiler) command(words []string) {
	argv := c.p.Command.Argv
	switch {
	case len(words) > 0 && c.p.Command.Args == config.ArgsAppend:
		if len(argv) == 1 && argv[0] == words[0] {
			c.notef("command", "the profile adds arguments to its command, so %s runs as %s (leave out the second %[1]s)",
				quote.Word(argv[0]), quote.Words([]string{argv[0], words[0]}, " "))
			c.notes[len(c.notes)-1].AtRun = true
		}
		argv = append(slices.Clone(argv), words...)
	case len(words) > 0:
		argv = words
	}
	switch {
	case len(argv) == 0:
		c.noCommand()
	case argv[0] == "":
		c.errorf("command", "the name of the command is empty")
	}
	c.argv = argv
	for i, fd := range c.p.Process.KeepFDs {
		if !c.h.OpenFDs[fd] {
			c.errorf(indexed("process.keep_fds", i), "descriptor %d is not open", fd)
		} else if slices.Contains(c.h.KeptTerminals, fd) && c.p.Process.Terminal == config.TerminalPTY {
			c.errorf(indexed("process.keep_fds", i), "descriptor %d is a terminal that the command could read from and type into, and process.terminal = \"pty\" keeps it away from the caller's terminal (remove the descriptor)", fd)
		}
	}
}

// DefaultEnv returns what a command gets of an environment if its profile has no [env], sorted by name.
func DefaultEnv(env []string) []string {
	p := &config.Profile{Env: config.Env{Inherit: config.DefaultInherit()}}
	return (&compiler{p: p, h: &host.Host{Env: env}}).environment()
}

// environment returns the command's environment, sorted by name.
func (c *compiler) environment() []string {
	values := map[string]string{}
	for _, e := range c.h.Env {
		name, value, ok := strings.Cut(e, "=")
		if ok && name != "" && inherits(c.p.Env.Inherit, name) {
			values[name] = value
		}
	}
	if _, ok := values["PATH"]; !ok {
		values["PATH"] = DefaultPath
	}
	c.serviceVariables(values)
	for name, value := range c.p.Env.Set {
		values[name] = value
	}
	for _, name := range c.p.Env.Unset {
		delete(values, name)
	}
	env := make([]string, 0, len(values))
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

func inherits(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, any := strings.CutSuffix(p, "*")
		return p == name || any && strings.HasPrefix(name, prefix) && !host.ManagerVariable(name)
	})
}
