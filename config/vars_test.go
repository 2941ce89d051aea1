package config

import (
	"fmt"
	"os"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/internal/gitrepo"
	"github.com/nslaunch/nslaunch/internal/passwd"
)

// A fact that nobody knows is a problem of who uses it.
func TestUnknownFacts(t *testing.T) {
	for _, name := range []string{"home", "user", "cwd", "profile_dir", "state"} {
		_, err := Parse("p", []byte("version = 1\ncommand = [\"${"+name+"}\"]"), Vars{})
		want := "p:2:12: command[0]: ${" + name + "} is not known here"
		if name == "home" {
			want += ": neither $HOME nor /etc/passwd has an absolute path (set HOME)"
		}
		if name == "cwd" {
			want += ": the working directory was removed or cannot be read (start nslaunch in another)"
		}
		if err == nil || err.Error() != want {
			t.Errorf("${%s} without facts: %v; want %s", name, err, want)
		}
	}
	_, err := Parse("p", []byte("version = 1\ncommand = [\"${env:HOME}\", \"${env:HOME:-x}\"]"), Vars{})
	want := "p:2:12: command[0]: environment variable HOME is not set (${env:HOME:-default} gives a default)"
	if err == nil || err.Error() != want {
		t.Errorf("${env:HOME} without an environment: %v; want %s", err, want)
	}
	p, err := Parse("p", []byte("version = 1\ncommand = [\"${uid}\"]"), Vars{UID: 7})
	if err != nil || p.Command.Argv[0] != "7" {
		t.Errorf("${uid} = %v, %v; want 7", p, err)
	}
}

func TestExpand(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "",
		"plain":               "plain",
		"$":                   "$",
		"$$":                  "$$",
		"$HOME $$HOME }{":     "$HOME $$HOME }{",
		"$${home}":            "${home}",
		"$$${home}":           "$${home}",
		"$$$${home}":          "$$${home}",
		"$${":                 "${",
		"${home}$${home}$":    "/home/u${home}$",
		"${uid}:${gid}":       "1000:1000",
		"${env:NAME}":         "value",
		"${env:EMPTY}":        "",
		"${env:EMPTY:-x}":     "x",
		"${env:NONE:-a:-b $}": "a:-b $",
		"${env:TRICK}":        "${home}", // and not what that stands for
	} {
		p, err := Parse("p.toml", []byte("version = 1\ncommand = [\"x\", "+toml.QuoteKey(text)+"]"), testVars())
		if err != nil || p.Command.Argv[1] != want {
			t.Errorf("%q is %v, %v; want %q", text, p, err, want)
		}
	}
}

func TestCallerVars(t *testing.T) {
	t.Setenv("HOME", "/home/x")
	t.Setenv("XDG_STATE_HOME", "/state")
	v := CallerVars().Known()
	if v.Home != "/home/x" || v.UID != os.Getuid() || v.GID != os.Getgid() || v.Cwd == "" {
		t.Errorf("CallerVars = %+v", v)
	}
	want := "/state/nslaunch"
	if v.UID == 0 {
		want = "/var/lib/nslaunch"
	}
	if v.State != want {
		t.Errorf("State = %s; want %s", v.State, want)
	}
	for home, want := range map[string]string{"/home/x/": "/home/x", "//home//x/.": "/home/x", "/": "/", "": passwd.ByID(os.Getuid()).Home, "relative/x": passwd.ByID(os.Getuid()).Home} {
		t.Setenv("HOME", home)
		if got := CallerVars().Known().Home; got != want {
			t.Errorf("Home with HOME=%q = %q, want %q", home, got, want)
		}
	}
	t.Setenv("HOME", "/home/x")
	t.Setenv("XDG_STATE_HOME", "relative")
	if v.UID != 0 {
		if got := CallerVars().Known().State; got != "/home/x/.local/state/nslaunch" {
			t.Errorf("State with a relative XDG_STATE_HOME = %s", got)
		}
	}
	if name, ok := v.Env("HOME"); name != "/home/x" || !ok {
		t.Errorf("Env(HOME) = %q, %v", name, ok)
	}
}

// HOME as it comes: a profile that covers the home directory can be started with a slash at its end, and "/" is reported.
func TestHomeTarget(t *testing.T) {
	text := []byte("version = 1\nnamespaces = \"new\"\n[mounts]\n\"${home}\" = { type = \"tmpfs\" }\nrw = [\"-${home}\", \"${cwd}\", \"${git:work_tree}\", \"-${git:work_tree}\"]\n")
	vars := testVars()
	vars.Home = "/"
	_, err := Parse("p.toml", text, vars)
	want := "p.toml:4:1: mounts.\"${home}\": the home directory is /, and the root has a key of its own: root (set HOME to a directory of your own)\n" +
		"p.toml:5:7: mounts.rw[0]: the home directory is /, and the root has a key of its own: root (set HOME to a directory of your own)"
	if err == nil || err.Error() != want {
		t.Errorf("with HOME=/: %v\nwant %s", err, want)
	}
}

// Variables that stand for one path make one entry of a list; the same text twice is a mistake.
func TestSamePath(t *testing.T) {
	for list, want := range map[string]string{
		`"${cwd}", "-${git:work_tree}"`: "/work false",
		`"-${git:work_tree}", "${cwd}"`: "/work false",
		`"-${git:work_tree}", "-/work"`: "p.toml:4:28: mounts.rw[1]: \"/work\" is mounted already by mounts.rw[0], at p.toml:4:7 (remove one of them)",
	} {
		p, err := Parse("p.toml", []byte("version = 1\nnamespaces = \"new\"\n[mounts]\nrw = ["+list+"]\n"), testVars())
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			for _, m := range p.Mounts {
				got += fmt.Sprintf("%s %v", m.Target, m.Optional)
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", list, got, want)
		}
	}
}

// Where the repository is another user's, an error has a cure, and an element that is left out is noted unless the work tree is shown.
func TestOthersRepository(t *testing.T) {
	vars := testVars()
	vars.Git = func(string) (string, error) { return "", &gitrepo.Others{WorkTree: "/p", Path: "/p/.git", UID: 20001} }
	const others = "/p/.git belongs to uid 20001, so the git repository at /p is ignored"
	for list, want := range map[string]string{
		`"${git:work_tree}"`: "p.toml:4:7: mounts.rw[0]: ${git:work_tree}: " + others + ` (write "/p" in place of the variable)`,
		`"${git:dir}"`:       "p.toml:4:7: mounts.rw[0]: ${git:dir}: " + others + " (write the value in place of the variable)",
		`"/x", "-${git:work_tree}", "-${git:dir}"`: "mounts.rw[1]: " + others + ` (cd /p, or show it read-only: mounts.ro = ["/p"])`,
		`"/p", "-${git:work_tree}"`:                ": ",
		`"/x"`:                                     ": ",
	} {
		p, err := Parse("p.toml", []byte("version = 1\nnamespaces = \"new\"\n[mounts]\nrw = ["+list+"]\n"), vars)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			key, text := p.LeftForOthers()
			got = key + ": " + text
		}
		if got != want {
			t.Errorf("%s: %s\nwant %s", list, got, want)
		}
	}
}
