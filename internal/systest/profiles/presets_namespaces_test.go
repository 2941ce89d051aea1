package profiles

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// newView makes a user namespace with a second view of a directory, which has none of the sandbox's covers, brings files
// there by renaming what is a mount point only in the first view, writes to them, and puts all back.
const newView = `import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(n):
    if n < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
os.makedirs("lib", exist_ok=True)
top = os.open(".", os.O_RDONLY)
call(libc.unshare(0x10020000)) # CLONE_NEWUSER, CLONE_NEWNS
call(libc.mount(b"lib", b"lib", None, 4096, None)) # MS_BIND
os.chdir("lib")
call(libc.pivot_root(b".", b"."))
call(libc.umount2(b".", 2)) # MNT_DETACH
for name, file in [(".git", ".git/config"), (".env", ".env"), ("agent.toml", "agent.toml")]:
    os.rename(name, "lib/" + name, src_dir_fd=top, dst_dir_fd=top)
    with open("/" + file, "a") as f: f.write("# evil\n")
    os.rename("lib/" + name, name, src_dir_fd=top, dst_dir_fd=top)
`

// No namespace of its own rids a command of what covers files in its project: they can be neither read nor written to.
func TestPresetsNamespaces(t *testing.T) {
	nstest.Require(t, nstest.File("/usr/bin/python3"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		attack := func(t *testing.T, preset, allowed string) (changed []string) {
			dir := u.TempDir(t)
			for _, sub := range []string{"objects", "refs"} {
				systest.MakeDirs(t, filepath.Join(dir, ".git", sub))
			}
			u.WriteFile(t, dir+"/.git/HEAD", "ref: refs/heads/main\n")
			for _, name := range []string{".git/config", ".env"} {
				u.WriteFile(t, filepath.Join(dir, name), "# text\n")
			}
			u.WriteFile(t, dir+"/attack.py", newView)
			u.WriteFile(t, dir+"/agent.toml", "version = 1\nextends = [\"preset:"+preset+"\"]\nmounts.masked = [\"-${cwd}/.env\", \"-/build/.env\"]\n"+allowed)
			u.Own(t, dir)
			cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", "agent.toml", "/usr/bin/python3", "attack.py")
			cmd.Dir = dir
			got := nstest.Run(t, cmd)
			for _, name := range []string{".git/config", ".env", "agent.toml"} {
				if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || strings.Contains(string(text), "# evil") {
					changed = append(changed, name)
				}
			}
			if changed == nil && !strings.Contains(got.Stderr, "[Errno 28]") {
				t.Errorf("the attack fails in another way: %+v", got)
			}
			return changed
		}
		for _, preset := range []string{"dev", "npm", "agent", "build"} {
			t.Run(preset, func(t *testing.T) {
				if changed := attack(t, preset, ""); changed != nil {
					t.Errorf("changed: %v", changed)
				}
			})
			t.Run("without/"+preset, func(t *testing.T) {
				if changed := attack(t, preset, "restrict.namespaces = \"all\"\n"); len(changed) != 3 {
					t.Errorf("changed: %v: this is no attack", changed)
				}
			})
		}
	})
}

// The restriction is of the kinds that are not named, and holds in the namespaces below.
func TestRestrictNamespaces(t *testing.T) {
	nstest.Require(t, nstest.Tools("unshare"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, test := range []struct{ allowed, want string }{
			{`"all"`, "user mount pid net ipc uts cgroup time \n"},
			{`[]`, "\n"},
			{`["net", "user"]`, "user net \n"},
			{`["time", "mount"]`, "mount time \n"},
		} {
			dir := u.TempDir(t)
			profile := u.WriteFile(t, dir+"/p.toml", "version = 1\nnamespaces = \"new\"\nproc = \"new\"\nprocess.capabilities = [\"SYS_ADMIN\"]\nprocess.terminal = \"none\"\nrestrict.namespaces = "+test.allowed+"\n")
			const script = `for k in user mount pid net ipc uts cgroup time; do unshare --$k true 2>/dev/null && printf "$k "; done; echo
echo 9 2>/dev/null >/proc/sys/user/max_user_namespaces && echo raised
case $1 in *user*) unshare --user --map-root-user sh -c 'echo 9 >/proc/sys/user/max_mnt_namespaces; unshare --mount true' 2>/dev/null && echo below;; esac; :`
			got := nstest.MustRun(t, u.Command(t, nstest.Nslaunch(t), profile, "sh", "-c", script, "sh", test.allowed))
			if got != test.want {
				t.Errorf("%s: %q, want %q", test.allowed, got, test.want)
			}
		}
	})
}
