package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// changes is what flags say over a profile.
type changes struct {
	settings  []config.Setting
	variables map[string]string
}

// addFlags adds the flags that change a profile.
func (c *changes) addFlags(fs *flag.FlagSet) {
	fs.Func("set", "set a key of the profile: `KEY=VALUE`, such as limits.memory=1G or env.inherit.add=CI", func(v string) error {
		key, value, ok := strings.Cut(v, "=")
		if strings.Count(key, `"`)%2 == 1 { // the key itself has a =
			if end := strings.Index(value, `"=`); end >= 0 {
				key, value = key+"="+value[:end+1], value[end+2:]
			}
		}
		if !ok || key == "" {
			if surelyProfile(v) { // it was meant to be read
				return fmt.Errorf("want KEY=VALUE (write --set KEY=VALUE %s)", quote.Word(v))
			}
			return fmt.Errorf("want KEY=VALUE (write --set %s)", quote.Word(cmp.Or(key, "KEY")+"=VALUE"))
		}
		c.settings = append(c.settings, config.Setting{Key: key, Value: config.Text(value), From: config.FromSet})
		return nil
	})
	fs.Func("var", "set the variable ${var:NAME} of the profile: `NAME=VALUE`", func(v string) error {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return errors.New("want NAME=VALUE")
		}
		if c.variables == nil {
			c.variables = map[string]string{}
		}
		c.variables[name] = value
		return nil
	})
}

// read reads a profile with the changes.
func (c *changes) read(path string) (*config.Profile, error) {
	if strings.HasSuffix(path, ".service") {
		return nil, fmt.Errorf("%q is a unit of systemd, which is not a profile (nslaunch init -t service writes a profile, nslaunch unit its unit)", path)
	}
	p, err := config.Load(path, c.vars(), c.settings...)
	if err != nil && !isProfile(path) {
		if _, missing := os.Lstat(path); errors.Is(missing, fs.ErrNotExist) && !strings.HasSuffix(err.Error(), "?)") {
			return nil, fmt.Errorf("%w%s", err, fileHint(path))
		}
	}
	return p, err
}

// vars are the caller's facts, and what --var adds to them.
func (c *changes) vars() config.Vars {
	v := config.CallerVars()
	v.Var = maps.Clone(c.variables)
	return v
}

// instead returns a flag that may stand in place of a profile, "" if there is none.
func (c *changes) instead() string {
	for _, s := range c.settings {
		if s.From != config.FromSet && s.From != "--name" {
			return s.From
		}
	}
	return ""
}

// flags are the arguments that say the changes again.
func (c *changes) flags() []string {
	var args []string
	for _, s := range c.settings {
		args = append(args, config.FromSet, fmt.Sprintf("%s=%s", s.Key, s.Value))
	}
	for _, name := range slices.Sorted(maps.Keys(c.variables)) {
		args = append(args, "--var", name+"="+c.variables[name])
	}
	return args
}
