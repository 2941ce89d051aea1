// Package profiles tests the profiles that come with nslaunch, presets and templates, and those of its design, at
// their work.
package profiles

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// sight is what the command of a profile is to see.
type sight struct {
	args     []string
	uid      int
	cwd      string
	hostname string // "" for the machine's
	noCaps   bool
	env      []string // among others
	mounts   map[string]string
}

// check compares what the probe saw. A mount is written as TYPE,OPTION…; an
// option with "!" in front must not be there.
func (s sight) check(t *testing.T, r report.Report) {
	t.Helper()
	if !slices.Equal(r.Process.Args, s.args) {
		t.Errorf("the command is %q, want %q", r.Process.Args, s.args)
	}
	if r.IDs.UID[1] != s.uid || r.Process.Cwd != s.cwd || r.Process.PID != 2 || (r.Capabilities.Effective == 0) != s.noCaps {
		t.Errorf("uid %d, cwd %s, process %d, capabilities %x; want %d, %s, 2, none %v",
			r.IDs.UID[1], r.Process.Cwd, r.Process.PID, r.Capabilities.Effective, s.uid, s.cwd, s.noCaps)
	}
	if name, _ := os.Hostname(); r.Hostname != s.hostname && (s.hostname != "" || r.Hostname != name) {
		t.Errorf("the host is %q, want %q", r.Hostname, s.hostname)
	}
	for _, v := range s.env {
		if !slices.Contains(r.Environment, v) {
			t.Errorf("%s is not in %q", v, r.Environment)
		}
	}
	if slices.Contains(r.Environment, "SECRET=1") {
		t.Errorf("the environment is %q", r.Environment)
	}
	for target, want := range s.mounts {
		m, ok := mountprop.At(r.Mounts, target)
		words := strings.Split(want, ",")
		if !ok || m.FSType != words[0] && words[0] != "" {
			t.Errorf("on %s there is %+v, want %s", target, m, want)
			continue
		}
		for _, option := range words[1:] {
			if name, absent := strings.CutPrefix(option, "!"); m.HasOption(name) == absent {
				t.Errorf("%s is mounted %s, want %s", target, m.Options, want)
			}
		}
	}
}

// sees runs a profile whose command is a stand-in.
func (w *world) sees(t *testing.T, name string, s sight, args ...string) {
	t.Helper()
	s.check(t, nstest.ParseReport(t, nstest.MustRun(t, w.command(t, name, args...))))
}

// refuses asserts that a profile cannot be for the user, and where.
func (w *world) refuses(t *testing.T, name string, errors ...string) {
	t.Helper()
	got := nstest.Run(t, w.command(t, name))
	lines := strings.Split(strings.TrimSuffix(got.Stderr, "\n"), "\n")
	ok := got.Status == systest.StatusSetup && got.Stdout == "" && len(lines) == len(errors)
	for i := range errors {
		ok = ok && strings.HasPrefix(lines[i], "nslaunch: error: ./"+name+".toml:"+errors[i])
	}
	if !ok {
		t.Errorf("%+v, want %q", got, errors)
	}
}

// The profiles of the design do what they say, for root and for an ordinary user, or say why not.
func TestDesignProfiles(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		nstest.CheckNothingLeft(t)
		run := func(name string, test func(t *testing.T)) { t.Run(name, test) }
		run("01-npm", func(t *testing.T) {
			w.flags = []string{"--set", "limits.optional=true"} // there is no systemd here
			defer func() { w.flags = nil }()
			w.sees(t, "01-npm", sight{
				args: []string{"npm", "ci", "--x"}, uid: u.UID, cwd: w.project, hostname: "npm", noCaps: true,
				env: []string{"npm_config_cache=c", "HOME=" + u.Home},
				mounts: map[string]string{"/": "tmpfs,rw", "/usr": ",ro,nosuid", "/etc/ssl": ",ro", w.project: ",rw,nosuid,nodev", w.project + "/.git/hooks": ",ro",
					"/tmp": "tmpfs,rw", u.Home: "tmpfs,rw", u.Home + "/.npm": ",rw", "/dev/null": ",!nodev", "/proc": "proc"},
			}, "ci", "--x")
		})
		run("02-agent", func(t *testing.T) {
			w.sees(t, "02-agent", sight{
				args: []string{"claude"}, uid: u.UID, cwd: w.project, hostname: "agent", noCaps: true, env: []string{"COLORTERM=yes"},
				mounts: map[string]string{"/": ",ro", "/tmp": "tmpfs,rw", u.Home: "tmpfs,rw", w.project: ",rw", w.project + "/.git": ",rw",
					w.project + "/.git/hooks": ",ro", u.Home + "/.claude": ",rw", u.Home + "/.gitconfig": ",ro",
					"/run/user": "tmpfs,ro", "/run/docker.sock": ",ro", w.project + "/.env": ",ro", "/dev/pts": "devpts"},
			})
		})
		run("03-debroot", func(t *testing.T) {
			if !u.IsRoot() {
				w.refuses(t, "03-debroot", `19:32: mounts."/build".idmap: mapping the ids of a mount needs CAP_SYS_ADMIN`)
				return
			}
			w.sees(t, "03-debroot", sight{
				args: []string{"dpkg-buildpackage", "-us", "-uc", "-b"}, uid: 0, cwd: "/build/src", hostname: "bookworm",
				env:    []string{"HOME=/root", "DEBIAN_FRONTEND=noninteractive"},
				mounts: map[string]string{"/": "overlay,rw", "/tmp": "tmpfs", "/build": ",rw"},
			})
		})
		run("04-service", func(t *testing.T) {
			if !u.IsRoot() {
				w.refuses(t, "04-service", `9:8: idmap.uid[0]: uid 990: not the caller's`, `10:8: idmap.gid[0]: gid 990: not the caller's`)
				return
			}
			// There is no systemd here: see TestDesignService.
			w.refuses(t, "04-service", `23:1: limits.memory: needs systemd, which cannot be reached here: /run/systemd/private: ENOENT`)
			w.more = "optional = true\n"
			defer func() { w.more = "" }()
			w.sees(t, "04-service", sight{
				args: []string{"/usr/sbin/webd", "--foreground"}, uid: 990, cwd: w.project, noCaps: true,
				mounts: map[string]string{"/": ",ro", "/var/lib/webd": "tmpfs,rw"},
			})
		})
		run("05-netlab", func(t *testing.T) {
			if !u.IsRoot() {
				w.refuses(t, "05-netlab", `4:16: namespaces.mount: new mount, uts namespaces need CAP_SYS_ADMIN`, `4:44: namespaces.net: joining a namespace needs CAP_SYS_ADMIN`)
				return
			}
			got := nstest.MustRun(t, w.shell(t, "05-netlab", "hostname; cat /etc/resolv.conf; echo /sys/class/net/*; touch /sys/x 2>&1; stat -f -c %T /sys"))
			if want := "blue\nnameserver 127.0.0.53\n/sys/class/net/lo\ntouch: cannot touch '/sys/x': Read-only file system\nsysfs\n"; got != want {
				t.Errorf("it sees\n%swant\n%s", got, want)
			}
		})
		run("06-nested", func(t *testing.T) {
			got := nstest.MustRun(t, w.shell(t, "06-nested", "id -u; echo /tmp/*; echo $$; stat -f -c %T /proc; cat "+u.Home+"/.npm/file"))
			if want := "0\n/tmp/*\n2\nproc\nkept\n"; got != want {
				t.Errorf("it sees\n%swant\n%s", got, want)
			}
		})
		run("07-branch", func(t *testing.T) {
			got := nstest.MustRun(t, w.shell(t, "07-branch", "pwd; id -u; echo changed >new; rm .env; echo $SECRET"))
			if want := fmt.Sprintf("%s\n%d\n1\n", w.project, u.UID); got != want {
				t.Errorf("it sees\n%swant\n%s", got, want)
			}
			got = nstest.MustRun(t, w.shell(t, "07-branch", "cat new; ls .env 2>&1 || :"))
			if want := "changed\nls: cannot access '.env': No such file or directory\n"; got != want {
				t.Errorf("then it sees\n%swant\n%s", got, want)
			}
			_, err := os.Lstat(w.project + "/new")
			if _, err2 := os.Lstat(w.project + "/.env"); err == nil || err2 != nil {
				t.Errorf("the project has changed: %v, %v", err, err2)
			}
		})
		run("08-repro", func(t *testing.T) {
			w.sees(t, "08-repro", sight{
				args: []string{"make", "-C", "/src", "dist", "OUT=/out"}, uid: 1000, cwd: "/build", hostname: "builder", noCaps: true,
				env: []string{"TZ=UTC", "SOURCE_DATE_EPOCH=1700000000"},
				mounts: map[string]string{"/": ",ro", "/build": "tmpfs,rw", "/src": ",ro", "/out": ",rw", "/etc/machine-id": "tmpfs", "/etc/passwd": "tmpfs",
					"/proc": "proc"},
			})
		})
		run("09-ci", func(t *testing.T) {
			w.refuses(t, "09-ci", `2:14: name: variable job is not given, want --var job=VALUE`)
			w.flags = []string{"--var", "job=unit", "--set", "limits.optional=true"} // there is no systemd here
			defer func() { w.flags = nil }()
			if !u.IsRoot() {
				w.refuses(t, "09-ci", `17:27: mounts."/w".idmap: mapping the ids of a mount needs CAP_SYS_ADMIN`)
				return
			}
			w.sees(t, "09-ci", sight{
				args: []string{"/bin/sh", "-ec", "./ci.sh ${CI_STEP}"}, uid: 0, cwd: "/w", env: []string{"CI=true", "CI_STEP=7"},
				mounts: map[string]string{"/": "overlay,rw", "/w": ",rw", "/tmp": "tmpfs"},
			})
		})
		run("10-gui", func(t *testing.T) {
			w.sees(t, "10-gui", sight{
				args: []string{"firefox"}, uid: u.UID, cwd: "/", noCaps: true, env: []string{"WAYLAND_DISPLAY=wayland-0"},
				mounts: map[string]string{"/": ",ro", u.Home: "tmpfs", u.Home + "/.mozilla": ",rw", w.runtime: "tmpfs,rw", w.runtime + "/wayland-0": ",rw",
					"/dev/dri": ",rw,!nodev", filepath.Join("/dev", "pts"): "devpts"},
			})
		})
		run("11-unshare and 12-nsenter", func(t *testing.T) {
			w.command(t, "12-nsenter")
			if !u.IsRoot() {
				w.refuses(t, "11-unshare", `3:16: namespaces.net: a new net namespace needs CAP_SYS_ADMIN`)
				return
			}
			cmd := w.command(t, "11-unshare")
			cmd.Args = slices.Concat(cmd.Args[:slices.Index(cmd.Args, nstest.Nslaunch(t))], []string{"sh", "-c", unshareThenEnter, "sh", nstest.Nslaunch(t)})
			if got := nstest.MustRun(t, cmd); !strings.HasPrefix(got, "1: lo: <LOOPBACK,UP,LOWER_UP>") || strings.Contains(got, "\n2: ") {
				t.Errorf("it sees\n%s", got)
			}
		})
	})
}

// unshareThenEnter runs the profile that makes a network namespace, and the one that enters it.
const unshareThenEnter = `
$1 run --status-fd 3 ./11-unshare.toml 3>events &
until pid=$(sed -n 's/.*"started","pid":\([0-9]*\).*/\1/p' events) && [ "$pid" ]; do sleep 0.05; done
$1 run --var pid=$pid ./12-nsenter.toml
status=$?
kill $!
wait
exit $status
`
