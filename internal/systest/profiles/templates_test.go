package profiles

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// workbench is a directory of u's with a profile made of a template.
type workbench struct {
	u        nstest.User
	dir      string
	template string
}

func newWorkbench(t *testing.T, u nstest.User, template string, files map[string]string) workbench {
	t.Helper()
	b := workbench{u, u.TempDir(t), template}
	for name, text := range files {
		systest.MakeDirs(t, filepath.Dir(filepath.Join(b.dir, name)))
		u.WriteFile(t, filepath.Join(b.dir, name), text)
	}
	u.Own(t, b.dir)
	nstest.MustRun(t, b.command(t, nstest.Nslaunch(t), "init", "-t", template))
	return b
}

func (b workbench) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := b.u.Command(t, name, args...)
	cmd.Dir = b.dir
	return cmd
}

// run runs the profile with words for its command.
func (b workbench) run(t *testing.T, words ...string) nstest.Result {
	t.Helper()
	return nstest.Run(t, b.command(t, nstest.Nslaunch(t), append([]string{b.template + ".toml"}, words...)...))
}

// prints asserts what the profile's command prints, and that it ends well.
func (b workbench) prints(t *testing.T, want string, words ...string) {
	t.Helper()
	if got := b.run(t, words...); got.Status != 0 || got.Stdout != want {
		t.Errorf("%+v, want\n%s", got, want)
	}
}

func (b workbench) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTemplateShell(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		b := newWorkbench(t, u, "shell", nil)
		nstest.CheckNothingLeft(t)
		cmd := b.command(t, nstest.Nslaunch(t), "shell.toml")
		cmd.Stdin = strings.NewReader(trials + "hostname; pwd; echo ~; try new; try ~/x; try /etc/x; try shell.toml; cat /etc/machine-id; getent passwd; ls -A /run; exit 3\n")
		want := fmt.Sprintf("dev\n%[1]s\n%[2]s\ncan write new\ncan write %[2]s/x\n00000000000000000000000000000001\n", b.dir, u.Home)
		if !u.IsRoot() {
			want += fmt.Sprintf("%s:x:%d:%[2]d::%s:/bin/sh\n", u.Name, u.UID, u.Home)
		} else {
			want += "root:x:0:0::/root:/bin/sh\n"
		}
		want += "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
		if got := nstest.Run(t, cmd); got.Status != 3 || got.Stdout != want {
			t.Errorf("%+v, want\n%s", got, want)
		}
		b.prints(t, "(dev) $ \n", "sh", "-c", `echo "$PS1"`)
	})
}

// npm installs a package of this machine, and its install script finds nothing to take or to harm.
func TestTemplateNPM(t *testing.T) {
	nstest.Require(t, nstest.Tools("node", "npm"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		b := newWorkbench(t, u, "npm", map[string]string{
			"package.json":     `{"name": "app", "version": "1.0.0", "dependencies": {"lib": "file:./lib"}}`,
			"lib/package.json": `{"name": "lib", "version": "1.0.0", "scripts": {"install": "sh ./install.sh"}}`,
			"lib/install.sh": trials + `{ try ../npm.toml; try /usr/x; try ../made; ls -A ~ | grep -vE '^\.(npm|gitconfig)$'; cat /proc/net/dev | tail -n +3 | cut -d: -f1
				node -e 'require("net").connect(9, "192.0.2.1").on("error", e => console.log(e.code))'; } >told 2>&1; :`,
			"lib/index.js": "module.exports = 'lib'",
		})
		nstest.CheckNothingLeft(t)
		if got := b.run(t, "install", "--foreground-scripts"); got.Status != 0 || !strings.Contains(got.Stdout, "added 1 package") {
			t.Fatalf("%+v", got)
		}
		if got, want := b.read(t, "lib/told"), "can write ../made\n    lo\nENETUNREACH\n"; got != want {
			t.Errorf("its script says\n%swant\n%s", got, want)
		}
		b.prints(t, "lib\n", "exec", "--offline", "--", "node", "-p", "require('lib')")
	})
}

// agent is a stand-in that edits files, commits, and tries what it must not.
const agent = `#!/bin/sh
set -eu
` + trials + `
echo fixed >bug; git status --porcelain bug; git --no-pager log --format=%s
see ~/.ssh/file; see /run/docker.sock; see .env; see /home/*/.ssh/file
try agent.toml; try .git/hooks/pre-commit; try .git/config; try ~/.local/bin/agent; try /etc/x
(mv .git .moved || mv .git/hooks .git/moved || rm agent.toml) 2>/dev/null && echo moved
hostname; echo "${SECRET-none}" "$@"
`

func TestTemplateAgent(t *testing.T) {
	nstest.Require(t, nstest.Tools("git"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		in := func(name string, args ...string) *exec.Cmd {
			cmd := w.outer.Command(t, u, name, args...)
			cmd.Dir = w.project
			cmd.Env = append(cmd.Env, "SECRET=1", "PATH="+u.Home+"/.local/bin:/usr/bin:/bin")
			return cmd
		}
		nstest.MustRun(t, in("sh", "-euc", `rm -r .git; git init -q -b main; git config user.name a; git config user.email a@b
			git commit -q --allow-empty -m one; mkdir -p ~/.local/bin; echo "$1" >~/.local/bin/agent; chmod +x ~/.local/bin/agent`, "sh", agent))
		nstest.MustRun(t, in(nstest.Nslaunch(t), "init", "-t", "agent"))
		nstest.CheckNothingLeft(t)
		got := strings.ReplaceAll(nstest.MustRun(t, in(nstest.Nslaunch(t), "agent.toml", "agent", "--yes")), "\r", "")
		if want := "?? bug\none\nagent\nnone --yes\n"; got != want {
			t.Errorf("it says\n%swant\n%s", got, want)
		}
	})
}

// With every setting in effect that is a comment in a template, the sandbox has the directories that they name. It has the
// working directory alone, not the rest of the work tree.
func TestTemplatesUncommented(t *testing.T) {
	nstest.Require(t, nstest.Tools("git"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		in := func(name string, args ...string) *exec.Cmd {
			cmd := w.outer.Command(t, u, name, args...)
			cmd.Dir = w.project + "/packages/bad"
			return cmd
		}
		systest.MakeDirs(t, w.project+"/packages/bad/packages/api")
		for _, name := range []string{".npmrc", "packages/api/.env"} {
			u.WriteFile(t, w.project+"/packages/bad/"+name, "TOKEN=1\n")
		}
		u.Own(t, w.project)
		for template, kept := range map[string]string{"shell": ".cache/go-build", "npm": ".npm", "agent": ".agent agent.git"} {
			nstest.MustRun(t, in("sh", "-euc", "cd ~; mkdir -p "+kept))
			nstest.MustRun(t, in(nstest.Nslaunch(t), "init", "-t", template))
			path := w.project + "/packages/bad/" + template + ".toml"
			text := systest.Uncommented(t, systest.ReadFile(t, path))
			u.WriteFile(t, path, strings.Replace(text, `argv = ["npm"]`, `argv = []`, 1))
			script := trials + `cd ~; for d in "$@"; do try $d/made; done; cd - >/dev/null; try made; see ../../.env; touch ../../made; rm made; see .npmrc; see packages/api/.env`
			got := nstest.Run(t, in(nstest.Nslaunch(t), append([]string{template + ".toml", "sh", "-euc", script, "sh"}, strings.Fields(kept)...)...))
			want := "can write " + strings.ReplaceAll(kept, " ", "/made\ncan write ") + "/made\ncan write made\n"
			want += map[string]string{"shell": "can read .npmrc\ncan read packages/api/.env\n", "npm": "", "agent": "can read packages/api/.env\n"}[template]
			if out := strings.ReplaceAll(got.Stdout, "\r", ""); got.Status != 0 || out != want {
				t.Errorf("%s: %+v, want\n%s", template, got, want)
			}
			if _, err := os.Lstat(w.project + "/made"); err == nil {
				t.Errorf("%s: it has written to the rest of the work tree", template)
			}
			nstest.MustRun(t, in("sh", "-euc", `cd ~; for d in `+kept+`; do rm $d/made; done`))
		}
	})
}

// Two builds are the same bit for bit, whatever the clock says and wherever they are made.
func TestTemplateBuild(t *testing.T) {
	nstest.Require(t, nstest.Tools("cc"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		var first string
		for range 2 {
			b := newWorkbench(t, u, "build", map[string]string{
				"hello.c":   "#include <stdio.h>\nint main(void) { puts(__DATE__ \" \" __TIME__ \" \" __FILE__); }\n",
				".git/HEAD": "ref: refs/heads/main\n",
			})
			b.prints(t, "build builder /build\n", "sh", "-euc", trials+`echo $(id -un) $(hostname) $PWD; try build.toml; try .git/HEAD; try /x; cc -g -o hello "$PWD/hello.c"; rm hello.c`)
			if got := nstest.MustRun(t, b.command(t, "./hello")); got != "Jan  1 1980 00:00:00 /build/hello.c\n" {
				t.Errorf("it prints %q", got)
			}
			built := b.read(t, "hello")
			if first != "" && built != first {
				t.Error("the second build differs")
			}
			first = built
		}
	})
}

// So does go build, with a tool chain that lies elsewhere.
func TestTemplateBuildGo(t *testing.T) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	nstest.Require(t, nstest.NewCondition("the go command", func() error { return err }))
	root := strings.TrimSpace(string(goroot))
	u := nstest.Ordinary(t)
	var first string
	for range 2 {
		b := newWorkbench(t, u, "build", map[string]string{"go.mod": "module hello\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { println(\"hello\") }\n"})
		cmd := b.command(t, nstest.Nslaunch(t), "run", "--set", "mounts.ro=-"+root, "build.toml", root+"/bin/go", "build", "-o", "app")
		nstest.MustRun(t, cmd)
		built := b.read(t, "app")
		if first != "" && built != first {
			t.Error("the second build differs")
		}
		first = built
	}
}

// A job works on a copy, and its time is limited: what it has started ends with it.
func TestTemplateCI(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		b := newWorkbench(t, u, "ci", map[string]string{
			"ci.sh": "#!/bin/sh\ntrap '' TERM\necho $(hostname) $(id -un) ${CI_STEP-none} ${SECRET-none}\nls made; touch made; echo changed >ci.sh\nsleep 1000 & sleep 1000\nwait\n",
		})
		if err := os.Chmod(b.dir+"/ci.sh", 0o755); err != nil {
			t.Fatal(err)
		}
		before := b.read(t, "ci.sh")
		nstest.CheckNothingLeft(t)
		for range 2 {
			cmd := b.command(t, nstest.Nslaunch(t), "run", "--var", "job=7", "--set", "limits.timeout=500ms", "--set", "process.stop_timeout=100ms", "ci.toml")
			cmd.Env = append(cmd.Env, "CI_STEP=3", "SECRET=1")
			got := nstest.Run(t, cmd)
			if got.Status != 124 || got.Stdout != "ci build 3 none\n" || !strings.HasSuffix(got.Stderr, "nslaunch: error: the command was ended by limits.timeout\n") {
				t.Errorf("%+v", got)
			}
		}
		if _, err := os.Stat(b.dir + "/made"); err == nil || b.read(t, "ci.sh") != before {
			t.Errorf("the checkout has changed: %v", err)
		}
	})
}

func TestTemplateService(t *testing.T) {
	left := nstest.Snapshot(t)
	t.Run("machine", func(t *testing.T) {
		nstest.Require(t, nstest.Tools("systemd-notify"))
		m, root := nstest.Systemd(t), nstest.Superuser(t)
		systest.MakeDirs(t, m.Root()+"/usr/local/sbin", m.Root()+"/var/lib/myservice")
		script := strings.Replace(webd, "/var/lib/webd/written", "/var/lib/myservice/written", 1)
		script = strings.Replace(script, "systemd-notify ", "! [ -s /run/systemd/private ] && ! systemctl is-active init.scope 2>/dev/null\nsystemd-notify ", 1)
		root.WriteFile(t, m.Root()+"/usr/local/sbin/myservice", script)
		m.Run(t, "chmod", "755", "/usr/local/sbin/myservice")
		b := newWorkbench(t, root, "service", nil)
		m.WriteUnit(t, "myservice.service", m.Run(t, nstest.Nslaunch(t), "unit", b.dir+"/service.toml"))
		if got := nstest.Run(t, m.Command(t, root, nil, "systemctl", "start", "myservice.service")); got.Status != 0 {
			t.Fatalf("%+v\n%s", got, journalOf(t, m, "myservice.service"))
		}
		for property, want := range map[string]string{"ActiveState": "active", "Type": "notify", "StatusText": ": uid 0, process 2"} {
			if got := m.Show(t, "myservice.service", property); got != want {
				t.Errorf("%s is %q; want %q", property, got, want)
			}
		}
		m.Run(t, "stat", "/var/lib/myservice/written")
		m.Systemctl(t, "stop", "myservice.service")
		if got := m.Show(t, "myservice.service", "Result"); got != "success" {
			t.Errorf("stopped: %s", got)
		}
		whole := systest.Uncommented(t, b.read(t, "service.toml"))
		whole = strings.Replace(whole, "[limits]", "[limits]\noptional = true", 1) // this machine may lack the controllers
		root.WriteFile(t, b.dir+"/service.toml", whole)
		m.Run(t, "sh", "-euc", "mkdir -p /etc/myservice /run/dbus; chown -R 990:990 /var/lib/myservice")
		m.WriteUnit(t, "myservice.service", m.Run(t, nstest.Nslaunch(t), "unit", b.dir+"/service.toml"))
		if got := nstest.Run(t, m.Command(t, root, nil, "systemctl", "start", "myservice.service")); got.Status != 0 {
			t.Fatalf("%+v\n%s", got, journalOf(t, m, "myservice.service"))
		}
		if got, want := m.Show(t, "myservice.service", "StatusText"), ": uid 990, process 2"; got != want {
			t.Errorf("StatusText is %q; want %q", got, want)
		}
		m.Systemctl(t, "stop", "myservice.service")
	})
	nstest.AssertNothingLeft(t, left)
}

// A Debian is unpacked as the template's comment says, and the fake root administers it.
func TestTemplateDebootstrap(t *testing.T) {
	u := nstest.Ordinary(t)
	nstest.Require(t, nstest.Tools("newuidmap", "tar"), nstest.File(systest.DebianArchive), nstest.UnprivilegedUserNamespaces())
	b := newWorkbench(t, u, "debootstrap", nil)
	nslaunch := nstest.Nslaunch(t)
	nstest.MustRun(t, b.command(t, "mkdir", "root", "files"))
	nstest.MustRun(t, b.command(t, nslaunch, "run", "--new", "user", "--idmap", "root+subid", "--", "tar", "-C", "root", "-xpf", systest.DebianArchive, "--exclude=./dev/*"))
	nstest.CheckNothingLeft(t)
	b.prints(t, "0\ndebian\n/mnt\n1000\n0:42\n/mnt\n/mnt/made\n", "sh", "-euc", trials+`id -u; hostname; pwd; useradd -m -u 1000 alice; su alice -c "id -u"; stat -c %u:%g /etc/shadow; echo made >made; find / -xdev -name debootstrap.toml; find /mnt`)
	if uid, gid := systest.Owner(t, b.dir+"/files/made"); uid != u.UID || gid != u.GID {
		t.Errorf("outside, its file is of %d:%d", uid, gid)
	}
	if uid, _ := systest.Owner(t, b.dir+"/root/home/alice"); uid != systest.MappedID(u, "root+subid", 1000) {
		t.Errorf("outside, alice is %d", uid)
	}
	nstest.MustRun(t, b.command(t, nslaunch, "run", "--new", "user", "--idmap", "root+subid", "--", "rm", "-r", "root"))
}
