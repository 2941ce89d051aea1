package diagnose

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// cureOf is what an error says to try.
func cureOf(t *testing.T, got nstest.Result) string {
	t.Helper()
	_, cure, ok := strings.Cut(got.Stderr, "\n  try: ")
	if !ok {
		t.Fatalf("no cure: %+v", got)
	}
	return strings.TrimSpace(cure)
}

// pasted adds the lines of a cure to a profile: below the header that each names, or at the top.
func pasted(t *testing.T, profile, cure string) string {
	t.Helper()
	for _, line := range strings.Split(cure, " and ") {
		text, header, below := strings.Cut(line, " in [")
		if key, _, _ := strings.Cut(text, " = "); strings.Contains(profile, "\n"+key+" = ") { // it is another value for it
			profile = regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(key)+` = .*$`).ReplaceAllLiteralString(profile, text)
			continue
		}
		if !below {
			profile = strings.Replace(profile, "\n", "\n"+text+"\n", 1)
			continue
		}
		header = "[" + header + "\n"
		if !strings.Contains(profile, header) {
			t.Fatalf("%q has no %s", profile, header)
		}
		profile = strings.Replace(profile, header, header+text+"\n", 1)
	}
	return profile
}

// A program that the sandbox hides: where it is, what hides it, and the lines that show it. They do.
func TestHiddenProgram(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		home := systest.Tree(t, u, map[string]string{".local/bin": "/", ".local/share/tool": "/"})
		real := u.WriteFile(t, filepath.Join(home, ".local/share/tool/run"), "#!/bin/sh\necho \"it runs\"\n")
		if err := os.Chmod(real, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(real, home+"/.local/bin/tool"); err != nil {
			t.Fatal(err)
		}
		bin := home + "/.local/bin"
		base := "version = 1\n[namespaces]\nuser = \"new\"\nmount = \"new\"\n"
		hidden := fmt.Sprintf("%s/tool exists on the host, but is hidden in the sandbox by p.toml:6:", bin)
		for name, test := range map[string]struct{ profile, command, want string }{
			"a home in memory":    {base + "[mounts]\ntmpfs = [\"HOME\"]\n", "tool", hidden},
			"an absolute path":    {base + "[mounts]\ntmpfs = [\"HOME\"]\n", bin + "/tool", hidden},
			"a PATH of its own":   {base + "[mounts]\ntmpfs = [\"HOME\"]\n[env.set]\nPATH = \"/usr/bin:/bin\"\n", "tool", hidden},
			"no PATH to it":       {base + "[env.set]\nPATH = \"/usr/bin:/bin\"\n", "tool", "its directory is not in the sandbox's PATH, /usr/bin:/bin"},
			"a root in memory":    {"version = 1\nroot = \"tmpfs\"\n[namespaces]\nuser = \"new\"\nmount = \"new\"\n[mounts]\nro = [\"/usr\", \"-/bin\", \"-/lib\", \"-/lib64\"]\n", "tool", "hidden in the sandbox by p.toml:2:1: root"},
			"an empty root":       {"version = 1\nroot = \"tmpfs\"\n[namespaces]\nuser = \"new\"\nmount = \"new\"\n[mounts]\n", "/usr/bin/true", "hidden in the sandbox by p.toml:2:1: root"},
			"without the loader":  {"version = 1\nroot = \"tmpfs\"\n[namespaces]\nuser = \"new\"\nmount = \"new\"\n[mounts]\nro = [\"/usr\", \"/lib\"]\n", "/usr/bin/true", " is run by \"/lib"},
			"the loader's link":   {"version = 1\nroot = \"tmpfs\"\n[namespaces]\nuser = \"new\"\nmount = \"new\"\n[mounts]\nro = [\"/usr/bin\", \"/lib64\", \"/usr/lib/x86_64-linux-gnu\"]\n", "/usr/bin/true", " is run by \"/lib64/"},
			"of a masked, no way": {base + "[mounts]\n\"HOME\" = { masked = true }\n", "tool", hidden},
		} {
			t.Run(name, func(t *testing.T) {
				if strings.Contains(name, "the loader") {
					if _, err := os.Stat("/lib64/ld-linux-x86-64.so.2"); err != nil {
						nstest.Skip(t, "the loader is not in /lib64")
					}
				}
				run := func(profile string) nstest.Result {
					cmd := systest.ProfileCommand(t, u, profile, test.command)
					cmd.Env = append(cmd.Env, "PATH=/usr/bin:/bin:"+bin, "HOME="+home)
					return nstest.Run(t, cmd)
				}
				profile := strings.ReplaceAll(test.profile, "HOME", home)
				got := run(profile)
				if got.Status != 127 && got.Status != 126 || !strings.Contains(got.Stderr, test.want) {
					t.Fatalf("%+v; want %q", got, test.want)
				}
				cure := cureOf(t, got)
				if strings.Contains(profile, "masked") {
					if cure != "copy it to a directory that the sandbox shows, because a mask hides all that is below it" {
						t.Errorf("cure %q", cure)
					}
					return
				}
				if got := run(pasted(t, profile, cure)); got.Status != 0 {
					t.Errorf("after %q: %+v", cure, got)
				}
			})
		}
		// In flags, for who wrote flags.
		flags := fmt.Sprintf("--new user,mount --set mounts.tmpfs=%s", home)
		run := func(flags string) nstest.Result {
			cmd := u.Command(t, "sh", "-c", nstest.Nslaunch(t)+" run "+flags+" -- tool")
			cmd.Env = append(cmd.Env, "PATH=/usr/bin:/bin:"+bin, "HOME="+home)
			return nstest.Run(t, cmd)
		}
		cure := cureOf(t, run(flags))
		if want := "--ro-bind " + bin + "/tool and --set env.set.PATH=" + bin + ":"; !strings.HasPrefix(cure, want) {
			t.Errorf("cure %q for flags, want %q…", cure, want)
		}
		if got := run(flags + " " + strings.ReplaceAll(cure, " and ", " ")); got.Stdout != "it runs\n" {
			t.Errorf("after %q: %+v", cure, got)
		}
		// The control: what is nowhere is not said to be hidden.
		got := nstest.Run(t, systest.ProfileCommand(t, u, base, "no-such-tool"))
		if got.Status != 127 || strings.Contains(got.Stderr, "hidden") {
			t.Errorf("%+v", got)
		}
	})
}

// What shows a hidden file shows nothing else: the home directory and the file's own directory may hold secrets.
func TestCureShowsNoSecrets(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		home := systest.Tree(t, u, map[string]string{".ssh/id": "secret", ".config/tools/token": "secret", ".nvm/bin/token": "secret", "directory": "/"})
		script := func(name, first string) string {
			file := u.WriteFile(t, filepath.Join(home, name), first+"\ncat ~/.ssh/id ~/.config/tools/token ~/.nvm/bin/token 2>&1 || echo \"it runs\"\n")
			if err := os.Chmod(file, 0o755); err != nil {
				t.Fatal(err)
			}
			return file
		}
		tool := script("tool", "#!/bin/sh")
		script(".config/tools/tool", "#!/bin/sh")
		script("interpreted", "#!"+home+"/.nvm/bin/node")
		if err := os.Symlink(tool, home+"/.nvm/bin/tool"); err != nil {
			t.Fatal(err)
		}
		nstest.MustRun(t, u.Command(t, "cp", "/bin/sh", home+"/.nvm/bin/node"))
		run := func(flags, command string) nstest.Result {
			cmd := u.Command(t, "sh", "-c", nstest.Nslaunch(t)+" run "+flags+" "+command)
			cmd.Env = append(cmd.Env, "PATH=/usr/bin:/bin:"+home, "HOME="+home)
			return nstest.Run(t, cmd)
		}
		for name, test := range map[string]struct{ flags, command, cure string }{
			"in the home directory, by its path": {"preset:npm", "HOME/tool", "--ro-bind HOME/tool before preset:npm"},
			"in the home directory, by its name": {"preset:npm", "tool", "--ro-bind HOME/tool before preset:npm"},
			"flags":                              {"--new user,mount --tmpfs " + home + " --", "HOME/tool", "--ro-bind HOME/tool"},
			"beside a secret":                    {"preset:npm", "HOME/.config/tools/tool", "--ro-bind HOME/.config/tools/tool before preset:npm"},
			"a link beside a secret":             {"preset:npm", "HOME/.nvm/bin/tool", "--ro-bind HOME/.nvm/bin/tool before preset:npm"},
			"an interpreter": {"--new user,mount --tmpfs " + home + " --ro-bind " + home + "/interpreted --", "HOME/interpreted",
				"--ro-bind HOME/.nvm/bin/node"},
		} {
			t.Run(name, func(t *testing.T) {
				command := strings.ReplaceAll(test.command, "HOME", home)
				cure := cureOf(t, run(test.flags, command))
				if want := strings.ReplaceAll(test.cure, "HOME", home); cure != want {
					t.Errorf("cure\n%s, want\n%s", cure, want)
				}
				flags, _, _ := strings.Cut(strings.ReplaceAll(cure, " and ", " "), " before ")
				if got := run(flags+" "+test.flags, command); strings.Contains(got.Stdout, "secret") || !strings.HasSuffix(got.Stdout, "it runs\n") {
					t.Errorf("after %q: %+v", cure, got)
				}
			})
		}
		// A directory is no program, so nothing shows it.
		for _, dir := range []string{home, home + "/directory", filepath.Dir(home)} {
			if got := run("preset:npm", dir); got.Status == 0 || !strings.Contains(got.Stderr, "is a directory") || strings.Contains(got.Stderr, "bind") {
				t.Errorf("%+v", got)
			}
		}
	})
}

// The cure of flags is a flag, which works.
func TestCureInFlags(t *testing.T) {
	u := nstest.Ordinary(t)
	got := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", "--new", "net,mount", "--set", "namespaces.user=host", "--", "true"))
	const want = "(add a user namespace: --new user,mount,net)"
	if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, want) {
		t.Errorf("%+v; want %s", got, want)
	}
	nstest.MustRun(t, u.Command(t, nstest.Nslaunch(t), "run", "--new", "user,mount,net", "--", "true"))
	got = nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", "--new", "user", "--set", "hostname=x", "--", "true"))
	if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, "--set hostname: needs --new user,uts\n") {
		t.Errorf("%+v", got)
	}
	nstest.MustRun(t, u.Command(t, nstest.Nslaunch(t), "run", "--new", "user,uts", "--set", "hostname=x", "--", "true"))
	got = nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", "--new", "user,network", "--", "true"))
	if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, `"network" is not a type of namespaces, want a list of user, mount, pid, net, ipc, uts, cgroup and time (did you mean "net"?)`) {
		t.Errorf("%+v", got)
	}
}

// The errno of a command is seen, however many variables there are.
func TestErrnoIsSeen(t *testing.T) {
	u := nstest.Ordinary(t)
	cmd := u.Command(t, nstest.Nslaunch(t), "run", "--new", "user", "--set", "env.inherit=*", "--", "nosuchcmd")
	for i := range 60 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("SOME_VARIABLE_WITH_A_LONG_NAME_%d=x", i))
	}
	got := nstest.Run(t, cmd)
	line, _, _ := strings.Cut(got.Stderr, "\n")
	if got.Status != 127 || len(line) > 120 || !strings.HasSuffix(line, " variables: ENOENT") {
		t.Errorf("%+v", got)
	}
}

// A directory for the changes to the whole tree that is missing is one fact, and the cure works.
func TestOverlayDirMissing(t *testing.T) {
	u := nstest.Ordinary(t)
	state := u.TempDir(t)
	run := func(more string) nstest.Result {
		cmd := systest.ProfileCommand(t, u, fmt.Sprintf("version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\nroot.overlay = { dir = \"${state}/up\"%s }\n", more), "true")
		cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
		return nstest.Run(t, cmd)
	}
	got := run("")
	if got.Status != systest.StatusSetup || strings.Count(got.Stderr, "\n") != 1 || !strings.Contains(got.Stderr, "(make them, or create = true with a dir below ${state})") {
		t.Errorf("%+v", got)
	}
	if got := run(", create = true"); got.Status != 0 {
		t.Errorf("after the cure: %+v", got)
	}
}
