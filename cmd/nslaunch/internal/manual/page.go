package manual

import (
	"iter"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/docs"
	"github.com/nslaunch/nslaunch/internal/roff"
)

// Edition is which manual it is.
type Edition struct {
	Version string
	Date    string // when it was last changed
}

func (e Edition) page(name, section string) *roff.Page {
	return roff.New(name, section, e.Date, "nslaunch "+e.Version)
}

// Program returns nslaunch(1), made from the commands, their flags and the statuses.
func (e Edition) Program(commands iter.Seq[cli.Command]) string {
	p := e.page("nslaunch", "1")
	p.Section("name")
	p.Text("nslaunch - run commands in sandboxes that a profile declares")
	p.Section("synopsis")
	for c := range commands {
		p.Line(strings.TrimRight("**nslaunch "+c.Name+"** "+c.Usage(), " "))
	}
	p.Line("**nslaunch** PROFILE [ARGV…]")
	p.Section("description")
	p.Text(`nslaunch runs a command in a sandbox. A TOML profile describes the sandbox: its namespaces, files, ids, capabilities and limits, see
**nslaunch.toml**(5). nslaunch does nothing that the profile does not ask for.`)
	p.Text(`A PROFILE has a "/", ends in .toml, is preset:NAME, or is - for standard input. A profile in the place of a command means
**run**. Arguments after it replace the profile's command, or follow it. Flags can describe the sandbox in place of a profile. A NAME is that of a
running sandbox, as **ps** lists it.`)
	p.Text(`A first line **#!/usr/bin/env nslaunch** makes a profile executable.`)
	p.Section("commands")
	for c := range commands {
		p.Tagged("**"+c.Name+"** "+c.Usage(), c.Summary)
		p.Indent()
		for _, g := range c.FlagGroups() {
			if g.Title != cli.CommonTitle {
				flagTags(p, g.Flags)
			}
		}
		for _, e := range c.Examples {
			p.Tagged(e.Line, e.Says)
		}
		p.Outdent()
	}
	p.Section("options of every command")
	p.Text("They can stand before the command's name, too.")
	flagTags(p, cli.CommonFlags())
	p.Section("exit status")
	p.Text("Of " + relays(commands) + ":")
	for _, s := range cli.RelayedStatuses() {
		p.Tagged(s.Value, s.Meaning)
	}
	p.Text("Of all others:")
	for _, s := range cli.OtherStatuses() {
		p.Tagged(s.Value, s.Meaning)
	}
	p.Section("environment")
	p.Tagged("**NO_COLOR**", "if it is not empty, nslaunch uses colours only with --color always")
	p.Tagged("**SHELL**", "the shell that **shell** runs, and **exec** and flags in place of a profile without a command; it must be an absolute path (default: that of /etc/passwd)")
	p.Tagged("**XDG_STATE_HOME**", "for an ordinary user, the directory of kept layers and of the output of detached sandboxes: ${state} in profiles")
	p.Tagged("**XDG_RUNTIME_DIR**", "for an ordinary user, the directory of the records of running sandboxes")
	p.Section("files")
	p.Tagged("/run/nslaunch, $XDG_RUNTIME_DIR/nslaunch, /run/user/UID/nslaunch, /tmp/nslaunch-UID",
		"the records of sandboxes that run: of root the first, of others the first of the rest that there is")
	p.Tagged("/etc/subuid, /etc/subgid", "the subordinate ids of users, see **subuid**(5)")
	p.Tagged("/var/lib/nslaunch, ~/.local/state/nslaunch", "layers that are kept, and the output of detached sandboxes")
	p.Section("examples")
	for _, example := range []struct{ line, says string }{
		{"nslaunch run --new net,mount -- sleep 60", "no profile: flags say the same, as unshare(1) would"},
		{"nslaunch run --join net=pid:1234 -- ip a", "enter a namespace, as nsenter(1) would"},
		{"nslaunch ns; nslaunch ns --task 1234 --output +PATH", "show the namespaces of this machine, and those of a process"},
		{"nslaunch check --host *.toml", "every problem of profiles, also those of this machine"},
		{"nslaunch run --detach dev.toml; nslaunch exec dev; nslaunch stop dev", "leave a sandbox running, enter it, end it"},
		{"nslaunch doctor dev.toml", "whether this machine can run a profile, and why not"},
	} {
		p.Tagged(example.line, example.says)
	}
	p.Section("see also")
	p.Text("**nslaunch.toml**(5), **namespaces**(7), **capabilities**(7), **unshare**(1), **nsenter**(1), **systemd.scope**(5)")
	return p.String()
}

func flagTags(p *roff.Page, flags []cli.Flag) {
	for _, f := range flags {
		p.Tagged(strings.TrimRight("**"+f.All()+"** "+f.Value, " "), f.Usage)
	}
}

// Profile returns nslaunch.toml(5): the pages on the profile language.
func (e Edition) Profile() string {
	p := e.page("nslaunch.toml", "5")
	p.Section("name")
	p.Text("nslaunch.toml - a profile, which declares a sandbox of nslaunch")
	p.Section("description")
	p.Markdown(docs.Profile)
	p.Section("extending profiles")
	p.Markdown(docs.Extending)
	p.Section("see also")
	p.Text("**nslaunch**(1), **namespaces**(7), **mount_namespaces**(7), **user_namespaces**(7), **systemd.resource-control**(5)")
	return p.String()
}
