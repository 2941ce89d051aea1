package config

import (
	"cmp"
	"os"
	"path/filepath"
	"sync"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/internal/gitrepo"
	"github.com/nslaunch/nslaunch/internal/passwd"
)

// Vars are the facts of the caller that are the values of variables: Home, User, Cwd, State, UID and GID, and
// the functions Env, Ask and Git, each of which may be nil. Var has the values of ${var:NAME}.
type Vars = lang.Vars

// CallerVars returns the facts of this process. Home is $HOME if that is an absolute path,
// else from /etc/passwd, in its shortest form; User is from /etc/passwd, else $USER. What cannot be found out is "".
// All but the ids is found out when a profile needs it; see [Vars.Known].
func CallerVars() Vars {
	return Vars{UID: os.Getuid(), GID: os.Getgid(), Env: os.LookupEnv, Ask: ask, Git: gitOf()}
}

func ask(name string) string {
	switch name {
	case "home":
		for _, home := range []string{os.Getenv("HOME"), passwd.ByID(os.Getuid()).Home} {
			if filepath.IsAbs(home) {
				return filepath.Clean(home)
			}
		}
	case "user":
		return cmp.Or(passwd.ByID(os.Getuid()).Name, os.Getenv("USER"))
	case "cwd":
		dir, _ := os.Getwd()
		return dir
	case "state":
		return stateDir()
	}
	return ""
}

func stateDir() string {
	if os.Getuid() == 0 {
		return "/var/lib/nslaunch"
	}
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) { // the specification says to ignore a relative one
		return filepath.Join(state, "nslaunch")
	}
	if home := ask("home"); home != "" {
		return filepath.Join(home, ".local/state/nslaunch")
	}
	return ""
}

// gitOf looks up the value of ${git:…} in the repository of the working
// directory, which is looked for when first asked for.
func gitOf() func(name string) (string, error) {
	find := sync.OnceValues(func() (gitrepo.Repo, error) { return gitrepo.Find(ask("cwd")) })
	return func(name string) (string, error) {
		repo, err := find()
		switch {
		case err != nil:
			return "", err
		case name == "branch":
			return repo.Branch()
		case name == "common_dir":
			return repo.CommonDir, nil
		case name == "work_tree":
			return repo.WorkTree, nil
		}
		return repo.Dir, nil
	}
}
