// Package passwd looks users up in /etc/passwd alone: to ask the other
// sources of users that a system may have costs more than a launch.
package passwd

import (
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/smallfile"
)

// User is what an entry says. The zero value is no user.
type User struct{ Name, Home, Shell string }

// ByID returns the first user of /etc/passwd with that id.
func ByID(uid int) User {
	text, _ := smallfile.Read("/etc/passwd", 1<<24) // without the file there are no users
	return find(string(text), uid)
}

// find reads the format of passwd(5): name:password:uid:gid:comment:home:shell.
func find(passwd string, uid int) User {
	id := strconv.Itoa(uid)
	for line := range strings.Lines(passwd) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), ":"); len(f) == 7 && f[2] == id {
			return User{Name: f[0], Home: f[5], Shell: f[6]}
		}
	}
	return User{}
}
