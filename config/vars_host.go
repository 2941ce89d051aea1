package config

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/nslaunch/nslaunch/internal/passwd"
)

// CallerVars returns the facts of this process. Home is $HOME, else from
// /etc/passwd; User is from /etc/passwd, else $USER. What cannot be found out is "".
func CallerVars() Vars {
	v := Vars{UID: os.Getuid(), GID: os.Getgid(), Home: os.Getenv("HOME"), Env: os.LookupEnv}
	v.Cwd, _ = os.Getwd()
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
