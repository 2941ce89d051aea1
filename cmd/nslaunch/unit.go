package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/passwd"
	"github.com/nslaunch/nslaunch/launcher"
	"github.com/nslaunch/nslaunch/units/unitfile"
)

func unitCommand() cli.Command {
	return cli.Command{
		Name:    "unit",
		Options: "[--user] [--setenv NAME=VALUE]",
		Args:    []cli.Arg{{Word: "PROFILE", Kind: cli.Profile}},
		Summary: "print a systemd unit that runs a profile",
		Examples: []cli.Example{
			{Line: "nslaunch unit web.toml >/etc/systemd/system/web.service", Says: "make a service of a profile"},
		},
		Flags: func(fs *flag.FlagSet) cli.Run {
			var o unitfile.Options
			var ch changes
			ch.addFlags(fs)
			fs.BoolVar(&o.User, "user", false, "for systemd --user, the user's own manager")
			fs.Func("setenv", "set a variable of the service: `NAME=VALUE`", func(v string) error {
				if name, _, ok := strings.Cut(v, "="); !ok || name == "" {
					return errors.New("want NAME=VALUE")
				}
				o.Env = append(o.Env, v)
				return nil
			})
			asJSON := fs.Bool("json", false, "print JSON")
			return func(c *cli.Call) int {
				switch {
				case len(c.Args) == 0:
					return c.Misused("no profile")
				case len(c.Args) > 1:
					return c.Misused("unit needs one profile, got %d", len(c.Args))
				case c.Args[0] == "-":
					return c.Misused("a unit needs the path of its profile, and standard input has none")
				case config.IsPreset(c.Args[0]):
					return c.Misused("a unit needs the path of a profile: write one that extends %q", c.Args[0])
				}
				return printUnit(c, &ch, o, *asJSON)
			}
		},
	}
}

func printUnit(c *cli.Call, ch *changes, o unitfile.Options, asJSON bool) int {
	o.Flags = ch.flags()
	text, p, err := serviceOf(c.Args[0], ch, &o)
	if err != nil {
		return c.Fail(err)
	}
	for _, ignored := range unitfile.Ignored(p) {
		origin := p.Origin(ignored.Key)
		origin.Pos.File = c.Args[0]
		c.Remark([]launcher.Note{{Origin: origin,
			Text: "not in the unit: systemd signals nslaunch, which sends process.stop_signal to the command"}})
	}
	if !o.User {
		files := append([]string{o.Nslaunch, o.Profile}, p.Extends()...)
		for _, text := range looseFiles(files, executedFiles(p, serviceVars(o)), hostUser(p)) {
			c.Warnf("%s", text)
		}
	}
	if asJSON {
		return c.PutJSON(struct {
			Name string `json:"name"`
			Unit string `json:"unit"`
		}{p.Name, text})
	}
	return c.Put(text)
}

// serviceOf returns the unit of the profile at path. It adds the paths of nslaunch and the profile to the options.
func serviceOf(path string, c *changes, o *unitfile.Options) (string, *config.Profile, error) {
	var err error
	if o.Nslaunch, err = os.Executable(); err != nil {
		return "", nil, err
	}
	if o.Profile, err = filepath.Abs(path); err != nil {
		return "", nil, err
	}
	vars := serviceVars(*o)
	vars.Var = c.variables
	p, err := config.Load(o.Profile, vars, c.settings...)
	var list config.Errors
	switch {
	case err != nil && !errors.As(err, &list):
		_, err = config.Load(path, vars, c.settings...) // which names it as the caller did
		return "", nil, err
	case err != nil:
		return "", nil, renamed(list, o.Profile, path)
	}
	if len(p.Command.Argv) == 0 {
		return "", nil, fmt.Errorf("%s: no command (write command = [\"sh\"] in it: a unit has no arguments after the profile)", path)
	}
	text, err := unitfile.Service(p, *o)
	return text, p, err
}

// renamed lets problems name the profile as the caller did.
func renamed(list config.Errors, from, to string) error {
	for _, e := range list {
		if e.Pos.File == from {
			e.Pos.File = to
		}
		for i := range e.Via {
			if e.Via[i].File == from {
				e.Via[i].File = to
			}
		}
	}
	return list
}

// serviceVars are the facts of the service that will read the profile, not of who asks for the
// unit: that would be right for this shell alone. See systemd.exec(5).
func serviceVars(o unitfile.Options) config.Vars {
	set := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"}
	var v config.Vars
	if o.User {
		v = config.CallerVars().Known()
		for _, name := range []string{"HOME", "USER", "LOGNAME", "SHELL", "XDG_RUNTIME_DIR"} {
			if value, ok := os.LookupEnv(name); ok {
				set[name] = value
			}
		}
	} else {
		root := passwd.ByID(0)
		v = config.Vars{User: root.Name, Home: root.Home, State: "/var/lib/nslaunch"}
	}
	for _, e := range o.Env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	v.Home = cmp.Or(set["HOME"], v.Home)
	v.Cwd = "/"
	if o.User {
		v.Cwd, v.State = v.Home, ""
		if state := set["XDG_STATE_HOME"]; filepath.IsAbs(state) {
			v.State = filepath.Join(state, "nslaunch")
		} else if v.Home != "" {
			v.State = filepath.Join(v.Home, ".local/state/nslaunch")
		}
	}
	v.Env = func(name string) (string, bool) {
		value, ok := set[name]
		return value, ok
	}
	return v
}
