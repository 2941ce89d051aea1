package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher"
)

// entryFlags are the flags of exec that say as whom, where and with which variables a command runs.
type entryFlags struct {
	user, cwd string
	env       []string
}

func (f *entryFlags) addFlags(fs *flag.FlagSet) {
	fs.StringVar(&f.user, "user", "", "run as `UID`, UID:GID or root, as numbered inside (default: the user of the sandbox's command)")
	fs.StringVar(&f.cwd, "cwd", "", "start in `DIRECTORY`, a path inside (default: the sandbox's)")
	fs.Func("env", "set a variable: `NAME=VALUE`, or NAME for the value that it has here", func(v string) error {
		name, _, ok := strings.Cut(v, "=")
		if name == "" {
			return errors.New("want NAME=VALUE, or NAME")
		}
		if !ok {
			value, ok := os.LookupEnv(name)
			if !ok {
				return fmt.Errorf("%s is not set here: write %[1]s=VALUE", name)
			}
			v = name + "=" + value
		}
		f.env = append(f.env, v)
		return nil
	})
	cli.Alias(fs, "u", "user", nil)
	cli.Alias(fs, "w", "cwd", nil)
	cli.Alias(fs, "e", "env", nil)
}

// apply gives an entry what the flags say.
func (f *entryFlags) apply(e *launcher.Entry) (err error) {
	if f.cwd != "" && !strings.HasPrefix(f.cwd, "/") {
		return fmt.Errorf("--cwd: want an absolute path inside the sandbox, got %q", f.cwd)
	}
	e.Cwd, e.Env = f.cwd, f.env
	if f.user != "" {
		e.User, err = parseUser(f.user)
	}
	return err
}

// parseUser reads UID, UID:GID or root. Names are not looked up: those inside are the sandbox's own, and those outside mean other ids.
func parseUser(text string) (*launcher.EntryUser, error) {
	if text == "root" {
		return &launcher.EntryUser{}, nil
	}
	user := &launcher.EntryUser{GID: -1}
	uid, gid, both := strings.Cut(text, ":")
	for _, id := range []struct {
		text string
		to   *int64
		read bool
	}{{uid, &user.UID, true}, {gid, &user.GID, both}} {
		if !id.read {
			continue
		}
		n, err := strconv.ParseUint(id.text, 10, 32)
		if err != nil || n == 1<<32-1 { // which is -1 to setresuid(2)
			return nil, fmt.Errorf("--user: want UID, UID:GID or root, got %q", text)
		}
		*id.to = int64(n)
	}
	return user, nil
}

// mapped refuses a user that the target's user namespace does not have.
func mapped(e *launcher.Entry) error {
	if e.User == nil {
		return nil
	}
	for _, id := range []struct {
		kind string
		id   int64
	}{{"uid", e.User.UID}, {"gid", e.User.GID}} {
		ranges, err := launcher.IDMap(e.Target.Process.PID, id.kind)
		if err != nil {
			return err
		}
		if id.id < 0 {
			continue
		}
		if _, ok := config.OutsideID(ranges, uint32(id.id)); !ok {
			return fmt.Errorf("--user: %s %d is not mapped in %s, which has %s (one that was started with --idmap root+subid has more)", id.kind, id.id, e.Name, insideWords(ranges))
		}
	}
	return nil
}

// insideWords lists the ids that a map has inside: "0, 5-9".
func insideWords(ranges []config.IDRange) string {
	if len(ranges) == 0 {
		return "none"
	}
	var all []string
	for _, r := range ranges {
		if r.Count == 1 {
			all = append(all, fmt.Sprint(r.Inside))
		} else {
			all = append(all, fmt.Sprintf("%d-%d", r.Inside, r.Inside+(r.Count-1)))
		}
	}
	return strings.Join(all, ", ")
}
