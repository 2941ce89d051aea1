package config

import (
	"cmp"
	"os"
	"path/filepath"
	"sync"

	"github.com/nslaunch/nslaunch/internal/gitrepo"
	"github.com/nslaunch/nslaunch/internal/passwd"
)

// CallerVars returns the facts of this process. Home is $HOME, else from
// /etc/passwd; User is from /etc/passwd, else $USER. What cannot be found out is "".
func CallerVars() Vars {
	v := Vars{UID: os.Getuid(), GID: os.Getgid(), Home: os.Getenv("HOME"), Env: os.LookupEnv}
	v.Cwd, _ = os.Getwd()
	v.Git = gitOf(v.Cwd)
	user := passwd.ByID(v.UID)
	v.User = cmp.Or(user.Name, os.Getenv("USER"))
	v.Home = cmp.Or(v.Home, user.Home)
	switch state := os.Getenv("XDG_STATE_HOME"); {
	case v.UID == 0:
		v.State = "/var/lib/nslaunch"
	case filepath.IsAbs(state): // the specification says to ignore a relative one
		v.State = filepath.Join(state, "nslaunch")
	case v.Home != "":
		v.State = filepath.Join(v.Home, ".local/state/nslaunch")
	}
	return v
}

// gitOf looks up what ${git:…} stands for in the repository of a working
// directory, which is looked for when first asked for.
func gitOf(cwd string) func(name string) (string, error) {
	find := sync.OnceValues(func() (gitrepo.Repo, error) { return gitrepo.Find(cwd) })
	return func(name string) (string, error) {
		repo, err := find()
		switch {
		case err != nil:
			return "", err
		case name == "branch":
			return repo.Branch()
		case name == "common_dir":
			return repo.CommonDir, nil
		}
		return repo.Dir, nil
	}
}
