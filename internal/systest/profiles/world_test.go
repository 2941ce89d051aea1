package profiles

import (
	"embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// The profiles of the design, as they stand.
//
//go:embed testdata/profiles
var designProfiles embed.FS

// world is a machine on which the profiles make sense: a mount namespace in which the directories
// that they name are prepared. The machine itself is not touched.
type world struct {
	outer   *nstest.Outer
	u       nstest.User
	project string // the working directory
	runtime string // XDG_RUNTIME_DIR
	more    string // lines at the end of each profile
	flags   []string
}

// prepareWorld covers directories of the machine, seen from the new namespace alone.
// $1 has what is put there, $2 is the user's home, $3 and $4 the user's ids.
const prepareWorld = `set -e
mount -t tmpfs tmpfs /srv
for d in bookworm ci-root; do mkdir /srv/$d; mount --bind $1/$d /srv/$d; done
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/user/$3
mount --bind $1/runtime /run/user/$3
echo secret >/run/docker.sock
echo secret >/srv/secret
mkdir /run/nslaunch; echo secret >/run/nslaunch/name.json
mount -t tmpfs -o mode=0700,uid=$3,gid=$4 tmpfs $2
for d in .npm .claude .mozilla Downloads .ssh; do mkdir $2/$d; echo kept >$2/$d/file; done
echo '[user]' >$2/.gitconfig
chown -R $3:$4 $2
for d in usr/bin usr/sbin etc; do mount -t overlay -o lowerdir=$1/$d:/$d overlay /$d; done
mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/webd; chown 990:990 /var/lib/webd; echo secret >/var/lib/webd/secret
ip netns add blue
mount -t tmpfs -o mode=0755 tmpfs $1/dev
for n in null zero full random urandom tty; do touch $1/dev/$n; mount --bind /dev/$n $1/dev/$n; done
mkdir $1/dev/pts $1/dev/shm $1/dev/dri
mount -t devpts -o ptmxmode=0666,mode=0620 devpts $1/dev/pts
ln -s pts/ptmx $1/dev/ptmx
ln -s /proc/self/fd $1/dev/fd
mknod -m 0666 $1/dev/dri/card0 c 1 3
mount --rbind $1/dev /dev
`

// newWorld prepares a world for u. Stand-ins for the programs that the profiles
// run are copies of the probe.
func newWorld(t *testing.T, u nstest.User) *world {
	t.Helper()
	nstest.Require(t, nstest.Tools("ip", "mount"))
	super := nstest.Superuser(t)
	outer := nstest.OuterShared(t)
	dir := super.TempDir(t)
	systest.MakeDirs(t, dir+"/runtime", dir+"/dev", dir+"/etc/netns/blue", dir+"/ci-root/proc", dir+"/ci-root/dev")
	for _, sub := range []string{"proc", "sys", "dev", "tmp", "build", "src", "out", "etc"} {
		systest.MakeDirs(t, filepath.Join(dir, "bookworm", sub))
	}
	for _, file := range []string{"bookworm/etc/passwd", "bookworm/etc/machine-id"} {
		super.WriteFile(t, filepath.Join(dir, file), "of the root\n")
	}
	super.WriteFile(t, dir+"/etc/netns/blue/resolv.conf", "nameserver 127.0.0.53\n")
	super.WriteFile(t, dir+"/etc/resolv.conf", "nameserver 127.0.0.1\n")
	systest.MakeDirs(t, dir+"/etc/ssl/private", dir+"/etc/ssh")
	for _, secret := range []string{"shadow", "shadow-", "gshadow", "gshadow-", "ssl/private/key.pem", "ssh/ssh_host_key", "myapp.conf"} {
		super.WriteFile(t, dir+"/etc/"+secret, "secret\n") // for all to read
	}
	for _, file := range []string{"subuid", "subgid"} {
		super.WriteFile(t, dir+"/etc/"+file, "root:100000:65536\nnslaunch-test:1000000:65536\n")
	}
	for _, program := range []string{"usr/bin/npm", "usr/bin/claude", "usr/bin/firefox", "usr/sbin/webd",
		"bookworm/usr/bin/dpkg-buildpackage", "bookworm/usr/bin/make", "ci-root/bin/sh"} {
		systest.PutProbe(t, filepath.Join(dir, filepath.Dir(program)))
		if err := os.Rename(filepath.Join(dir, filepath.Dir(program), "probe"), filepath.Join(dir, program)); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("unix", dir+"/runtime/wayland-0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	u.Own(t, dir+"/runtime")
	nstest.MustRun(t, outer.Command(t, super, "sh", "-c", prepareWorld, "sh", dir, u.Home, fmt.Sprint(u.UID), fmt.Sprint(u.GID)))
	project := filepath.Join(u.TempDir(t), "src")
	systest.MakeDirs(t, project+"/.git/hooks", project+"/.git/objects", project+"/.git/refs", project+"/out")
	super.WriteFile(t, project+"/.git/HEAD", "ref: refs/heads/feat/login\n")
	super.WriteFile(t, project+"/.git/config", "")
	super.WriteFile(t, project+"/.env", "SECRET=1\n")
	u.Own(t, project)
	return &world{outer, u, project, fmt.Sprintf("/run/user/%d", u.UID), "", nil}
}

// command is u's `nslaunch FLAGS ./NAME.toml ARGS…` in the project.
func (w *world) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	text, err := designProfiles.ReadFile("testdata/profiles/" + name + ".toml")
	if err != nil {
		t.Fatal(err)
	}
	w.u.WriteFile(t, filepath.Join(w.project, name+".toml"), string(text)+w.more)
	cmd := w.outer.Command(t, w.u, nstest.Nslaunch(t), slices.Concat(w.flags, []string{"./" + name + ".toml"}, args)...)
	cmd.Dir = w.project
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+w.runtime, "WAYLAND_DISPLAY=wayland-0", "npm_config_cache=c", "CI=true", "CI_STEP=7", "COLORTERM=yes", "SECRET=1")
	return cmd
}

// preset runs a script in a preset as it is, in the project.
func (w *world) preset(t *testing.T, name, script string, flags ...string) string {
	t.Helper()
	cmd := w.outer.Command(t, w.u, nstest.Nslaunch(t), slices.Concat([]string{"run"}, flags, []string{"preset:" + name, "sh", "-euc", script})...)
	cmd.Dir = w.project
	cmd.Env = append(cmd.Env, "SECRET=1")
	return strings.ReplaceAll(nstest.MustRun(t, cmd), "\r", "") // which a terminal adds
}

// shell is command for a profile whose command is a shell: it reads a script.
func (w *world) shell(t *testing.T, name, script string) *exec.Cmd {
	t.Helper()
	cmd := w.command(t, name)
	cmd.Stdin = strings.NewReader(script)
	return cmd
}
