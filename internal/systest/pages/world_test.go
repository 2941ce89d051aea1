package pages

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// world is where the sessions of a page are typed: a machine called debian, on which nslaunch is installed. It has an ordinary
// user ann, in whose home directory is a clone of this repository without its programs. If root types something there, it is a machine with systemd.
type world struct {
	machine *nstest.Machine // nil without systemd
	outer   *nstest.Outer   // nil with it
	shells  map[string]*shell
}

// A login of ann: a sandbox that is hardly one.
const login = `version = 1
hostname = "debian"
namespaces = { mount = "new", pid = "new", uts = "new", ipc = "new" }
command = ["bash", "-c", "exec -a -bash bash 2>&1"]

[process]
cwd = "/home/ann"
uid = 1000
gid = 1000
groups = []
no_new_privs = false

[env]
set = { HOME = "/home/ann", USER = "ann", SHELL = "/bin/bash", XDG_RUNTIME_DIR = "/run/user/1000" }
`

// prepare makes the files of the world. $1 has its own, $2 the programs, $3 the examples. All three are hidden by /tmp in the end.
const prepare = `for file in passwd group subuid subgid; do mount --bind "$1/$file" /etc/$file; done
mount -t tmpfs bin /usr/local/bin
for program in nslaunch nslaunch-scope; do install "$2/$program" /usr/local/bin; done
mount -t tmpfs home /home
mkdir -p /home/ann/.ssh /home/ann/nslaunch
echo key >/home/ann/.ssh/id_ed25519
cp -r "$3" /home/ann/nslaunch/examples
mount -t tmpfs share /usr/local/share
mkdir -p /usr/local/share/doc/nslaunch
cp -r "$3" /usr/local/share/doc/nslaunch/examples
chown -hR 0:0 /usr/local/share
chmod -R a+rX /usr/local/share
chown -hR 1000:1000 /home/ann
[ -d /run/systemd/system ] || mount -t tmpfs -o mode=0755 run /run
mkdir -p /run/user/1000
mount -t tmpfs -o mode=0700,uid=1000,gid=1000 user /run/user/1000
cp "$1/login.toml" /run
mkdir -p /etc/nslaunch
mount -t tmpfs nslaunch /etc/nslaunch
mount -t tmpfs -o mode=1777 tmp /tmp
`

func newWorld(t *testing.T, systemd bool) *world {
	t.Helper()
	root := nstest.Superuser(t)
	w := &world{shells: map[string]*shell{}}
	files := nstest.TempDir(t)
	for name, text := range map[string]string{
		"passwd":     "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n",
		"group":      "root:x:0:\nann:x:1000:\n",
		"subuid":     "ann:100000:65536\n",
		"subgid":     "ann:100000:65536\n",
		"login.toml": login,
	} {
		root.WriteFile(t, filepath.Join(files, name), text)
	}
	examples := root.CopyTree(t, "../../../examples")
	if systemd {
		w.machine = nstest.Systemd(t)
	} else {
		w.outer = nstest.NewOuter(t, mountprop.Private)
	}
	nstest.MustRun(t, w.command(t, "sh", "-euc", prepare, "sh", files, filepath.Dir(nstest.Nslaunch(t)), examples))
	return w
}

// command is one of root's in the world.
func (w *world) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	root := nstest.Superuser(t)
	var cmd *exec.Cmd
	if w.machine != nil {
		cmd = w.machine.Command(t, root, nil, name, args...)
	} else {
		cmd = w.outer.Command(t, root, name, args...)
	}
	cmd.Dir = "/"
	return cmd
}

// shell returns the shell with a prompt, which goes on where the session before has left it.
func (w *world) shell(t *testing.T, prompt string) *shell {
	t.Helper()
	if s := w.shells[prompt]; s != nil {
		return s
	}
	cmd, prepare := w.command(t, "nslaunch", "/run/login.toml"), "cd"
	if prompt == "# " {
		cmd, prepare = w.command(t, "bash"), "cd /etc/nslaunch"
	}
	w.shells[prompt] = startShell(t, cmd, prepare)
	return w.shells[prompt]
}

func (w *world) end(t *testing.T) {
	t.Helper()
	for _, s := range w.shells {
		s.end(t)
	}
}
