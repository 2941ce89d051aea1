package main

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/docs"
	"github.com/nslaunch/nslaunch/internal/roff"
)

func cmdMan(args []string) int {
	fs := newFlags("man")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if fs.NArg() > 1 {
		return misused("man", exitUsage, "unexpected argument %q", fs.Arg(1))
	}
	switch fs.Arg(0) {
	case "", "1":
		return put(manual())
	case "5":
		return put(profileManual())
	}
	return misused("man", exitUsage, "no manual page in section %q, want 1 or 5", fs.Arg(0))
}

// manual is nslaunch(1), made from the tables of commands, flags and statuses.
func manual() string {
	p := roff.New("nslaunch", "1", dated, "nslaunch "+version)
	p.Section("name")
	p.Text("nslaunch - run commands in sandboxes that a profile declares")
	p.Section("synopsis")
	for _, c := range commands() {
		p.Line(strings.TrimRight("**nslaunch "+c.name+"** "+c.usage, " "))
	}
	p.Line("**nslaunch** PROFILE [ARGV…]")
	p.Section("description")
	p.Text(`nslaunch runs a command in a sandbox that one TOML profile declares, see **nslaunch.toml**(5): its namespaces, the tree of
files, ids, capabilities, limits. What the profile does not declare is not done.`)
	p.Text(`A PROFILE has a "/", ends in .toml, is preset:NAME, or - for standard input. A profile in the place of a command means
**run**. Words after it replace the profile's command, or follow it. A NAME is that of a sandbox that runs, as **ps** lists it.`)
	p.Text(`A first line **#!/usr/bin/env nslaunch** makes a profile executable.`)
	p.Section("commands")
	common := flagsHelp(newFlags(""))
	for _, c := range commands() {
		p.Tagged("**"+c.name+"** "+c.usage, c.summary)
		own := slices.DeleteFunc(flagsHelp(c.flags()), func(f flagHelp) bool { return slices.Contains(common, f) })
		if len(own) > 0 {
			p.Indent()
			flagTags(p, own)
			p.Outdent()
		}
	}
	p.Section("options of every command")
	p.Text("They may stand before the command's name, too.")
	flagTags(p, common)
	p.Section("exit status")
	p.Text("Of " + commandStatusOf + ":")
	for _, s := range runStatuses() {
		p.Tagged(s.value, s.meaning)
	}
	p.Text("Of all others:")
	for _, s := range otherStatuses() {
		p.Tagged(s.value, s.meaning)
	}
	p.Section("environment")
	p.Tagged("**NO_COLOR**", "if not empty, there are no colours where --color does not ask for them")
	p.Tagged("**SHELL**", "what runs where no command is given")
	p.Tagged("**XDG_STATE_HOME**", "where layers that are kept lie, and the output of detached sandboxes, for an ordinary user: ${state} in profiles")
	p.Tagged("**XDG_RUNTIME_DIR**", "where sandboxes that run are recorded, for an ordinary user")
	p.Section("files")
	p.Tagged("/run/nslaunch, $XDG_RUNTIME_DIR/nslaunch, /run/user/UID/nslaunch, /tmp/nslaunch-UID",
		"the records of sandboxes that run: of root the first, of others the first of the rest that there is")
	p.Tagged("/etc/subuid, /etc/subgid", "the subordinate ids of users, see **subuid**(5)")
	p.Tagged("/var/lib/nslaunch, ~/.local/state/nslaunch", "layers that are kept, and the output of detached sandboxes")
	p.Section("examples")
	for _, example := range []struct{ line, says string }{
		{"nslaunch run --new net,mount -- sleep 60", "no profile: flags say the same, as unshare(1) would"},
		{"nslaunch run --join net=pid:1234 -- ip a", "enter a namespace, as nsenter(1) would"},
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

func flagTags(p *roff.Page, flags []flagHelp) {
	for _, f := range flags {
		p.Tagged(strings.TrimRight("**"+f.dashed()+"** "+f.Value, " "), f.Usage)
	}
}

// profileManual is nslaunch.toml(5): the page on the profile language.
func profileManual() string {
	p := roff.New("nslaunch.toml", "5", dated, "nslaunch "+version)
	p.Section("name")
	p.Text("nslaunch.toml - a profile, which declares a sandbox of nslaunch")
	p.Section("description")
	p.Markdown(docs.Profile)
	p.Section("see also")
	p.Text("**nslaunch**(1), **namespaces**(7), **mount_namespaces**(7), **user_namespaces**(7), **systemd.resource-control**(5)")
	return p.String()
}
