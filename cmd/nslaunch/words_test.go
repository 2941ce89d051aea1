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
			"dve ls":                      `nslaunch: error: "dve" is neither a command nor a profile (did you mean "preset:dev"?)` + "\n",
			"qqq ls":                      `nslaunch: error: "qqq" is neither a command nor a profile: a profile has a "/", ends in .toml or is preset:NAME (see nslaunch help)` + "\n",
			"shell preset:dev ls -l":      "nslaunch: error: shell runs a shell and no other command (for the command: nslaunch run preset:dev ls -l)\n",
			"help nope":                   `nslaunch: error: no such command or key: "nope" (see nslaunch help, and nslaunch man 5 for all keys)` + "\n",
			"help limits.memroy":          `nslaunch: error: no such command or key: "limits.memroy" (did you mean "limits.memory"?)` + "\n",
			"help preset:dev":             `nslaunch: error: no such command or key: "preset:dev" (what a sandbox may do: nslaunch explain preset:dev)` + "\n",
			"plan preset:dev":             "nslaunch: error: preset:dev has no command (write it after the preset: nslaunch plan preset:dev COMMAND)\n",
			"plan":                        "nslaunch: error: no profile (for example: nslaunch plan preset:dev COMMAND)\n",
			"run ls -l":                   `nslaunch: error: "ls" is not a profile (for a program, put one in front: nslaunch run preset:dev ls -l)` + "\n",
			"run debian:12 sh":            `nslaunch: error: "debian:12" is not a profile, and nslaunch has no images (nslaunch run preset:dev sh uses the host's programs; nslaunch run --new all --bind DIR:/ --set dev=minimal -- sh those of a directory)` + "\n",
			"run node:20 npm ci":          `nslaunch: error: "node:20" is not a profile, and nslaunch has no images (nslaunch run preset:npm npm ci uses the host's programs; nslaunch run --new all --bind DIR:/ --set dev=minimal -- npm ci those of a directory)` + "\n",
			"run --bind / node:20 npm ci": `nslaunch: error: "node:20" is not a profile, and nslaunch has no images (nslaunch run preset:npm npm ci uses the host's programs; nslaunch run --new all --bind DIR:/ --set dev=minimal -- npm ci those of a directory); put -- before a command of that name (see nslaunch help run)` + "\n",
			"exec dev --cwd=/tmp pwd":     `nslaunch: error: "--cwd=/tmp" after "dev" would be the command (put flags before dev)` + "\n",
			"run ./web.service":           `nslaunch: error: "./web.service" is a unit of systemd, which is not a profile (nslaunch init -t service writes a profile, nslaunch unit its unit)` + "\n",
			"run --join net=nosuch true":  `nslaunch: error: invalid value "net=nosuch" for flag --join: no sandbox is called "nosuch", and /run/netns/nosuch does not exist (nslaunch ps lists sandboxes, ip netns other namespaces)` + "\n",
			"init mine":                   `nslaunch: error: the file name "mine" does not end in .toml (did you mean "mine.toml"?)` + "\n",
			"init -t npm my":              `nslaunch: error: the file name "my" does not end in .toml (did you mean "my.toml"?)` + "\n",
			"run --setenv x.toml true":    `nslaunch: error: there is no profile: "x.toml" is the value of --setenv (write --setenv NAME=VALUE x.toml true)` + "\n",
			"run --set x.toml true":       `nslaunch: error: invalid value "x.toml" for flag --set: want KEY=VALUE (write --set KEY=VALUE x.toml)` + "\n",
			"ns net":                      `nslaunch: error: "net" is not the inode number of a namespace (nslaunch ns --type net shows those of a type)` + "\n",
			"ns --task 0":                 `nslaunch: error: invalid value "0" for flag --task: want a process id, or the name of a sandbox (see nslaunch help ns)` + "\n",
			"preset:dev":                  "nslaunch: error: preset:dev has no command (write it after the preset: nslaunch run preset:dev COMMAND)\n",
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

// A file that is there but not named as a profile is one of the hints, and so is a sandbox that runs.
func TestProfileHints(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		const script = `mkdir d; cd d; echo 'version = 1' >web.toml; cp web.toml conf
			"$0" run --detach --name box -rpm -- sleep 60 >&2; trap '"$0" stop box >&2' EXIT
			for line in 'run web' 'plan web.tml' 'check web' 'run conf' 'run box' 'ns box'; do "$0" $line; done 2>&1
			"$0" ns --task box -t pid -n -o SANDBOX`
		got := nstest.Run(t, u.Command(t, "sh", "-c", script, nstest.Nslaunch(t)))
		want := `nslaunch: error: "web" is not a profile (did you mean "web.toml"?)
nslaunch: error: "web.tml" is not a profile (did you mean "web.toml"?)
web: no such file or directory (did you mean "web.toml"?)
nslaunch: error: "conf" is not a profile (for the file, write ./conf)
nslaunch: error: "box" is not a profile, but a sandbox that runs (nslaunch exec box runs a command in it)
nslaunch: error: "box" is not the inode number of a namespace (nslaunch ns --task box shows those of a sandbox)
box
`
		if strings.Join(strings.Fields(got.Stdout), " ") != strings.Join(strings.Fields(want), " ") {
			t.Errorf("got %+v; want\n%s", got, want)
		}
	})
}

// A namespace that another user namespace owns is joined together with that one.
func TestJoinCure(t *testing.T) {
	u := nstest.Ordinary(t)
	const script = `"$0" run --detach --name box -rn -- sleep 60 >&2; trap '"$0" stop box >&2' EXIT
		"$0" run --join net=box true 2>&1; "$0" run --join user,net=box true`
	got := nstest.Run(t, u.Command(t, "sh", "-c", script, nstest.Nslaunch(t)))
	want := fmt.Sprintf("nslaunch: error: --join: namespaces.net: joining a namespace needs CAP_SYS_ADMIN, which uid %d does not have here"+
		" (join the user namespace that owns it, too: --join user,net=box)\n", u.UID)
	if got.Stdout != want || got.Status != 0 {
		t.Errorf("got %+v; want\n%s", got, want)
	}
}

// Help shows what a key of a profile means, and those of a section.
func TestHelpKey(t *testing.T) {
	for key, want := range map[string]string{
		"limits.memory": "  limits.memory             The most memory that the sandbox can use.\n    type ",
		"memory":        "  limits.memory             The most memory that the sandbox can use.\n    type ",
		"limits":        "\nkeys:\n  limits.memory  ",
		"env.set.add":   "  LIST.add  ",
		"masked":        "\n  mounts.\"/path\".masked ",
	} {
		got := nstest.Run(t, exec.Command(nstest.Nslaunch(t), "help", key))
		if got.Status != 0 || !strings.Contains(got.Stdout, want) || strings.Contains(got.Stdout, "`") || strings.Contains(got.Stdout, "](") {
			t.Errorf("%s: %+v; want %s", key, got, want)
		}
	}
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
