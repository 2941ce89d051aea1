package config

import (
	"os"
	"testing"
)

// A fact that nobody knows is a problem of who uses it.
func TestUnknownFacts(t *testing.T) {
	for _, name := range []string{"home", "user", "cwd", "profile_dir", "state"} {
		_, err := Parse("p", []byte("version = 1\ncommand = [\"${"+name+"}\"]"), Vars{})
		if want := "p:2:12: command[0]: ${" + name + "} is not known here"; err == nil || err.Error() != want {
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
		d := newDecoder("p.toml", testVars())
		got, ok := d.expand(value{key: "name"}, text)
		if !ok || got != want {
			t.Errorf("expand(%q) = %q, %v, %v; want %q", text, got, ok, d.errs, want)
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
