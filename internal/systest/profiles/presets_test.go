package profiles

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
)

// trials tries to write to files, and to read others, and says what it can.
const trials = `
try() { if (: >>"$1") 2>/dev/null; then echo "can write $1"; fi; }
see() { if [ -s "$1" ]; then echo "can read $1"; fi; }
`

// secrets lists what newWorld has put where no project is, and a preset that hides is not to show.
const secrets = `for f in HOME/.ssh/file HOME/.npm/file HOME/.claude/file /run/docker.sock /run/nslaunch/name.json /etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- \
	/etc/ssl/private/key.pem /etc/ssh/ssh_host_key /etc/myapp.conf /srv/secret /var/lib/webd/secret /sys/power/state; do see $f; done; ls -A /run 2>/dev/null | grep -vE '^(systemd|mount)$' || :; echo ${SECRET-none}; `

// Each preset keeps what it promises, for root and for an ordinary user.
func TestPresets(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		nstest.CheckNothingLeft(t)
		same := func(t *testing.T, name, script, want string, flags ...string) {
			t.Helper()
			script = strings.NewReplacer("PROJECT", w.project, "HOME", u.Home).Replace(trials + script)
			want = strings.NewReplacer("PROJECT", w.project, "HOME", u.Home).Replace(want)
			if got := w.preset(t, name, script, flags...); got != want {
				t.Errorf("it sees\n%swant\n%s", got, want)
			}
		}
		project := `pwd; try new; try /usr/x; try /etc/x; try /x; try /tmp/x; try HOME/x; for f in .git/x .git/hooks/pre-commit .git/config .git/HEAD; do try $f; done; (mv .git x) 2>/dev/null && echo moved; ` +
			`echo $(id -u) $(hostname); grep -E 'CapEff|NoNewPrivs' /proc/self/status; cat HOME/.gitconfig; `
		wantProject := func(host string) string {
			return fmt.Sprintf("none\nPROJECT\ncan write new\ncan write /tmp/x\ncan write HOME/x\n%d %s\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n[user]\n", u.UID, host)
		}
		t.Run("base", func(t *testing.T) { // It hides nothing, and is the control: what the others do not show is there.
			same(t, "base", `id -u; ls -A /tmp; try /tmp/x; echo $$; stat -f -c %T /proc /dev; `+secrets,
				"0\ncan write /tmp/x\n2\nproc\ntmpfs\ncan read HOME/.ssh/file\ncan read HOME/.npm/file\ncan read HOME/.claude/file\ncan read /run/docker.sock\n"+
					"can read /run/nslaunch/name.json\ncan read /etc/shadow\ncan read /etc/shadow-\ncan read /etc/gshadow\ncan read /etc/gshadow-\ncan read /etc/ssl/private/key.pem\n"+
					"can read /etc/ssh/ssh_host_key\ncan read /etc/myapp.conf\ncan read /srv/secret\ncan read /var/lib/webd/secret\ncan read /sys/power/state\n"+
					"docker.sock\nnetns\nnslaunch\nuser\nnone\n")
		})
		t.Run("system", func(t *testing.T) {
			same(t, "system", secrets+`ls -A /home /root 2>/dev/null || :; try /usr/x; try /etc/x; try /run/x; try /var/tmp/x; bash -c 'echo $BASH'`,
				"none\ncan write /run/x\ncan write /var/tmp/x\n/usr/bin/bash\n")
		})
		t.Run("dev", func(t *testing.T) { same(t, "dev", secrets+project, wantProject("dev")) })
		t.Run("npm", func(t *testing.T) {
			same(t, "npm", secrets+project+`see .env; echo $npm_config_audit; tail -n +3 /proc/net/dev | cut -d: -f1`, wantProject("npm")+"false\n    lo\n")
		})
		t.Run("agent", func(t *testing.T) {
			same(t, "agent", secrets+project+`see .env`, strings.Replace(wantProject("agent"), "none\n", "can read HOME/.claude/file\nnone\n", 1), "--set", "mounts.rw=-${home}/.claude")
		})
		t.Run("build", func(t *testing.T) {
			script := strings.ReplaceAll(secrets, "HOME", u.Home) + `id -un; id -u; hostname; domainname 2>/dev/null || cat /proc/sys/kernel/domainname; pwd; env | sort; ls -A /; try /build/new; try /build/.git/x; try /usr/x; cat /etc/machine-id; ls -A ~; umask; cat /proc/net/dev 2>/dev/null | wc -l`
			first := w.preset(t, "build", trials+script)
			if !strings.HasPrefix(first, "none\nbuild\n1000\nbuilder\nlocaldomain\n/build\nHOME=/home/build\n") || strings.Contains(first, "SECRET") ||
				!strings.Contains(first, "can write /build/new\n0000") {
				t.Errorf("it sees\n%s", first)
			}
			if again := w.preset(t, "build", trials+script); again != first {
				t.Errorf("the second time it sees\n%snot\n%s", again, first)
			}
		})
		t.Run("service", func(t *testing.T) {
			same(t, "service", secrets+`id -u; try /usr/x; try /etc/x; try /tmp/x; ls -A /home /root /sys 2>/dev/null || :; echo ${NOTIFY_SOCKET-none}; echo ${TERM-none}; grep CapEff /proc/self/status; getent passwd root`,
				fmt.Sprintf("none\n%d\ncan write /tmp/x\nnone\nnone\nCapEff:\t0000000000000000\nroot:x:0:0:root:/root:/bin/bash\n", u.UID))
			cmd := w.outer.Command(t, u, nstest.Nslaunch(t), "preset:service", "pwd") // as in a unit, wherever it is tried
			cmd.Dir = "/usr/bin"
			if got := nstest.MustRun(t, cmd); got != "/\n" {
				t.Errorf("it starts in %s", got)
			}
		})
	})
}

// A preset is a good profile, also where nothing that it names is there.
func TestPresetsCheck(t *testing.T) {
	nslaunch := nstest.Nslaunch(t)
	for _, preset := range config.Presets() {
		cmd := exec.Command(nslaunch, "check", preset)
		cmd.Dir = t.TempDir()
		if got := nstest.Run(t, cmd); got.Status != 0 || got.Stdout+got.Stderr != "" {
			t.Errorf("check %s: %+v", preset, got)
		}
	}
}
