package nstest

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The users that setup.sh makes.
const (
	ordinaryName = "nslaunch-test"
	bareName     = "nslaunch-bare"
)

// A User is one who runs commands in tests.
type User struct {
	Name    string
	UID     int
	GID     int
	Home    string
	SubUIDs []Range // as /etc/subuid grants them
	SubGIDs []Range
}

// Range is a range of subordinate ids.
type Range struct{ Start, Count int }

// Superuser returns root, whom the tests themselves run as.
func Superuser(t testing.TB) User {
	t.Helper()
	Require(t, Root())
	return mustFind(t, "root")
}

// Ordinary returns an ordinary user who has subordinate ids.
func Ordinary(t testing.TB) User {
	t.Helper()
	return becomable(t, ordinaryName)
}

// Bare returns an ordinary user without subordinate ids.
func Bare(t testing.TB) User {
	t.Helper()
	return becomable(t, bareName)
}

// becomable returns a user of the tests whom this process can become, or is.
func becomable(t testing.TB, name string) User {
	t.Helper()
	Require(t, Users())
	u := mustFind(t, name)
	if os.Getuid() != u.UID {
		Require(t, Root())
	}
	return u
}

// EachUser runs a subtest as root and one as the ordinary user, named "root"
// and "user".
func EachUser(t *testing.T, test func(t *testing.T, u User)) {
	t.Helper()
	t.Run("root", func(t *testing.T) { test(t, Superuser(t)) })
	t.Run("user", func(t *testing.T) { test(t, Ordinary(t)) })
}

// IsRoot reports whether u is root.
func (u User) IsRoot() bool { return u.UID == 0 }

// Env is the clean environment of u's commands.
func (u User) Env() []string {
	env := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + u.Home,
		"USER=" + u.Name,
		"LOGNAME=" + u.Name,
		"SHELL=/bin/sh",
		"LANG=C.UTF-8",
		"TERM=dumb",
	}
	if Portable() {
		env = append(env, "NSLAUNCH_IMAGE=portable")
	}
	return env
}

// Command is a command that u runs: with u's ids and no further groups, in a
// directory of its own that u owns, with Env for an environment, and in a
// session of its own, so that it has no controlling terminal even where the
// tests have one. All of it can be changed before the command is started.
func (u User) Command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	closeInherited()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = u.Env()
	cmd.Dir = u.TempDir(t)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if u.UID != os.Getuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID)}
	}
	return cmd
}

// closeInherited keeps from commands what this process was started with above
// the standard files: whoever runs the tests may leave descriptors open.
var closeInherited = sync.OnceFunc(func() {
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
})

func mustFind(t testing.TB, name string) User {
	t.Helper()
	u, err := findUser(name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func findUser(name string) (User, error) {
	entry, err := user.Lookup(name)
	if err != nil {
		return User{}, err
	}
	u := User{Name: name, Home: entry.HomeDir}
	if u.UID, err = strconv.Atoi(entry.Uid); err != nil {
		return User{}, err
	}
	if u.GID, err = strconv.Atoi(entry.Gid); err != nil {
		return User{}, err
	}
	if u.SubUIDs, err = subordinate("/etc/subuid", u); err != nil {
		return User{}, err
	}
	if u.SubGIDs, err = subordinate("/etc/subgid", u); err != nil {
		return User{}, err
	}
	wanted := map[string]bool{ordinaryName: true, bareName: false}
	if want, ours := wanted[name]; ours && (len(u.SubUIDs) > 0) != want {
		return User{}, fmt.Errorf("user %s has %d ranges in /etc/subuid", name, len(u.SubUIDs))
	}
	return u, nil
}

// subordinate reads u's lines of subuid(5). A missing file grants nothing.
func subordinate(file string, u User) ([]Range, error) {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ranges []Range
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || f[0] != u.Name && f[0] != strconv.Itoa(u.UID) {
			continue
		}
		start, err1 := strconv.Atoi(f[1])
		count, err2 := strconv.Atoi(f[2])
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("%s: bad line %q", file, line)
		}
		ranges = append(ranges, Range{start, count})
	}
	return ranges, nil
}
