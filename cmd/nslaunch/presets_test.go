package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
		t.Run("base", func(t *testing.T) {
			same(t, "base", `id -u; ls -A /tmp; try /tmp/x; echo $$; stat -f -c %T /proc /dev; echo ${SECRET-none}`,
				"0\ncan write /tmp/x\n2\nproc\ntmpfs\nnone\n")
		})
		secrets := `see HOME/.ssh/file; see HOME/.npm/file; see HOME/.claude/file; ls -A /run; see /run/docker.sock; echo ${SECRET-none}; `
		t.Run("dev", func(t *testing.T) {
			same(t, "dev", secrets+`id -u; hostname; pwd; try new; try /usr/x; try /etc/x; try /tmp/x; try HOME/x; try .git/x; try .git/hooks/pre-commit; try .git/config; grep CapEff /proc/self/status`,
				fmt.Sprintf("none\n%d\ndev\nPROJECT\ncan write new\ncan write /tmp/x\ncan write HOME/x\ncan write .git/x\nCapEff:\t0000000000000000\n", u.UID))
		})
		t.Run("agent", func(t *testing.T) {
			same(t, "agent", `see HOME/.ssh/file; ls -A /run; see /run/docker.sock; echo ${SECRET-none}; hostname; try new; try /usr/x; try .git/x; try .git/hooks/pre-commit; try .git/config; see .env; cat HOME/.gitconfig; see HOME/.claude/file; [ -t 0 ] && echo terminal`,
				"none\nagent\ncan write new\ncan write .git/x\n[user]\ncan read HOME/.claude/file\nterminal\n", "--set", "mounts.rw=-${home}/.claude")
		})
		t.Run("build", func(t *testing.T) {
			script := `id -un; id -u; hostname; domainname 2>/dev/null || cat /proc/sys/kernel/domainname; pwd; env | sort; ls -A /; try /build/new; try /usr/x; cat /etc/machine-id; ls -A ~; umask; cat /proc/net/dev 2>/dev/null | wc -l`
			first := w.preset(t, "build", trials+script)
			if !strings.HasPrefix(first, "build\n1000\nbuilder\nlocaldomain\n/build\nHOME=/home/build\n") || strings.Contains(first, "SECRET") ||
				!strings.Contains(first, "can write /build/new\n0000") {
				t.Errorf("it sees\n%s", first)
			}
			if again := w.preset(t, "build", trials+script); again != first {
				t.Errorf("the second time it sees\n%snot\n%s", again, first)
			}
		})
		t.Run("service", func(t *testing.T) {
			same(t, "service", `id -u; see HOME/.ssh/file; see /run/docker.sock; try /usr/x; try /etc/x; try /tmp/x; echo ${NOTIFY_SOCKET-none}; echo ${TERM-none}; grep CapEff /proc/self/status`,
				fmt.Sprintf("%d\ncan write /tmp/x\nnone\nnone\nCapEff:\t0000000000000000\n", u.UID))
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

// An agent in a linked work tree has its repository, and git works there. What it
// writes into the work tree's .git file does not give the next one another.
func TestAgentWorktree(t *testing.T) {
	nstest.Require(t, nstest.Tools("git"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := u.TempDir(t)
		in := func(name string, args ...string) *exec.Cmd {
			cmd := u.Command(t, name, args...)
			cmd.Dir = dir
			return cmd
		}
		nstest.MustRun(t, in("sh", "-euc", `
			git init -q -b main app; cd app
			git config user.name a; git config user.email a@b
			git commit -q --allow-empty -m one
			git worktree add -q -b feat/login ../tree
			git init -q ../other`))
		agent := func(script string) *exec.Cmd {
			cmd := in(nstest.Nslaunch(t), "run", "--set", "process.terminal=inherit", "preset:agent", "sh", "-euc", script)
			cmd.Dir = filepath.Join(dir, "tree")
			return cmd
		}
		script := `echo x >file; git add file; git commit -q -m two; git log --format=%s; git branch --show-current
			for f in hooks/pre-commit config; do if (echo >>../app/.git/$f) 2>/dev/null; then echo "can write $f"; fi; done
			[ -e ../other ] && ls -A ../other; echo "gitdir: ` + dir + `/other/.git" >.git`
		if got, want := nstest.MustRun(t, agent(script)), "two\none\nfeat/login\n"; got != want {
			t.Errorf("it says\n%swant\n%s", got, want)
		}
		got := nstest.Run(t, agent("true"))
		if got.Status != exitSetup || !strings.Contains(got.Stderr, "/other/.git, whose configuration does not name this work tree") {
			t.Errorf("with a forged .git file: %+v", got)
		}
		if _, err := os.Stat(filepath.Join(dir, "app/.git/refs/heads/feat/login")); err != nil {
			t.Error(err)
		}
	})
}
