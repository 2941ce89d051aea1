package main

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

// What is typed wrong is answered with what was most likely meant.
func TestMistyped(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for line, want := range map[string]string{
			"dev ls":                      `nslaunch: error: "dev" is neither a command nor a profile (did you mean "preset:dev"?)` + "\n",
			"dve ls":                      `nslaunch: error: "dve" is neither a command nor a profile, which has a "/", ends in .toml or is preset:NAME (see nslaunch help)` + "\n",
			"shell preset:dev ls -l":      "nslaunch: error: shell runs no other command: want the profile alone (nslaunch run preset:dev ls -l runs one)\n",
			"help nope":                   `nslaunch: error: no such command: "nope" (see nslaunch help)` + "\n",
			"preset:dev":                  "nslaunch: error: preset:dev: command: no command (write command = [\"…\"], or give it after the profile)\n",
			"preset:dev --timeout 5 true": "\n  try: put flags of nslaunch before the profile\n",
			"preset:dev nosuchprogram":    "\n  try: install it, give its path, or set PATH in env.set\n",
		} {
			cmd := u.Command(t, nstest.Nslaunch(t), strings.Split(line, " ")...)
			if got := nstest.Run(t, cmd); got.Status == 0 || !strings.HasSuffix(got.Stderr, want) || want[0] == 'n' && got.Stderr != want {
				t.Errorf("%s: got %+v; want\n%s", line, got, want)
			}
		}
	})
}

// One cause outside of the profile is reported once, however many values meet it.
func TestOneCause(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		got := nstest.Run(t, u.Command(t, "sh", "-c", `mkdir gone; cd gone; rmdir ../gone; exec "$0" preset:agent true`, nstest.Nslaunch(t)))
		if got.Status != systest.StatusSetup || strings.Count(got.Stderr, "\n") != 1 || !strings.Contains(got.Stderr, "${cwd} is not known here: the working directory was removed") {
			t.Errorf("a removed working directory: %+v", got)
		}
		const moved = `git init -q a; cd a; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x
			git worktree add -q ../w; cd ..; mv w v; cd v; `
		got = nstest.Run(t, u.Command(t, "sh", "-c", moved+`exec "$0" preset:agent true`, nstest.Nslaunch(t)))
		if got.Status != systest.StatusSetup || strings.Count(got.Stderr, "\n") != 1 || !strings.Contains(got.Stderr, "(git worktree repair fixes it)") {
			t.Errorf("a moved work tree: %+v", got)
		}
		got = nstest.Run(t, u.Command(t, "sh", "-c", moved+`git worktree repair 2>/dev/null >&2; exec "$0" preset:agent true`, nstest.Nslaunch(t)))
		if got.Status != 0 {
			t.Errorf("a moved work tree that is repaired: %+v", got)
		}
		got = nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", "--set", "mounts.rw=./agent.git", "preset:agent", "true"))
		if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, "agent.git\" (git init --bare ") {
			t.Errorf("no repository to push to: %+v", got)
		}
	})
}

// A detached sandbox whose name cannot be said is ended.
func TestDetachUnheard(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		before := nstest.Snapshot(t)
		for out, status := range map[string]int{"/dev/full": systest.StatusSetup, "/dev/null": 0} {
			cmd := u.Command(t, "sh", "-c", `"$0" run --detach --name unheard --new user,mount,pid -- sleep 77 >`+out, nstest.Nslaunch(t))
			got := nstest.Run(t, cmd)
			ps := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "ps"))
			if got.Status != status || strings.Contains(ps.Stdout, "unheard") != (status == 0) {
				t.Errorf("to %s: %+v, and then %s", out, got, ps.Stdout)
			}
			if status == 0 {
				nstest.MustRun(t, u.Command(t, nstest.Nslaunch(t), "stop", "unheard"))
			}
		}
		nstest.AssertNothingLeft(t, before)
	})
}

// How a mask is made optional depends on how it was written.
func TestOptionalCure(t *testing.T) {
	dir := nstest.TempDir(t)
	file := filepath.Join(dir, "p.toml")
	for mounts, want := range map[string]string{
		fmt.Sprintf("masked = [%q]", dir+"/x"):            `(a "-" in front makes it optional)`,
		fmt.Sprintf("%q = { masked = true }", dir+"/x"):   "optional = true",
		fmt.Sprintf("masked = [%q]", dir+"/p.toml/below"): `not a directory: "` + dir + `/p.toml/below"` + "\n",
	} {
		if err := os.WriteFile(file, []byte("version = 1\nnamespaces = \"new\"\ncommand = [\"true\"]\n[mounts]\n"+mounts+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		got := nstest.Run(t, exec.Command(nstest.Nslaunch(t), file))
		if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, want) {
			t.Errorf("%s: %+v; want %s", mounts, got, want)
		}
	}
}

// No word that other programs use is taken for one of theirs if it is one of ours.
func TestForeignWords(t *testing.T) {
	for _, line := range []string{"list", "enter", "kill", "start", "validate", "preview", "inspect", "journal", "new", "lsns", "diagnose", "docs"} {
		got := nstest.Run(t, exec.Command(nstest.Nslaunch(t), line))
		if got.Status != 2 || !strings.Contains(got.Stderr, "(did you mean ") {
			t.Errorf("%s: %+v; it is a command now, or has no hint", line, got)
		}
	}
}
