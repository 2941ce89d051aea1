package config

import (
	"testing"
)

func TestOrigin(t *testing.T) {
	p, err := Parse("p.toml", []byte(`version = 1
proc = "new"
command = ["a", "b"]
namespaces = { all = "new", net = "host" }

[idmap]
setgroups = "deny"

[process]
keep_fds = [3, 4]

[env.set]
HOME = "/"
`), testVars())
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"version":             "p.toml:1:1: version",
		"proc":                "p.toml:2:1: proc",
		"proc.mode":           "p.toml:2:1: proc.mode", // what the bare value stands for
		"command.argv[1]":     "p.toml:3:1: command.argv[1]",
		"namespaces.pid":      "p.toml:4:16: namespaces.pid", // from all
		"namespaces.net":      "p.toml:4:29: namespaces.net",
		"idmap":               "p.toml:6:2: idmap",
		"idmap.mode":          "default: idmap.mode", // the table is there, and not the key
		"idmap.uid[0].inside": "default: idmap.uid[0].inside",
		"idmap.setgroups":     "p.toml:7:1: idmap.setgroups",
		"process.init":        "default: process.init",
		"process.keep_fds[1]": "p.toml:10:16: process.keep_fds[1]",
		"env.set.HOME":        "p.toml:13:1: env.set.HOME",
		"env.inherit":         "default: env.inherit",
		"propagation":         "default: propagation",
		"":                    "default: ",
	} {
		if got := p.Origin(key).String(); got != want {
			t.Errorf("Origin(%s) = %q; want %q", key, got, want)
		}
	}
}

// With a bare value all kinds come from it.
func TestOriginShorthand(t *testing.T) {
	p, err := Parse("p.toml", []byte("version = 1\nnamespaces = \"new\"\nidmap = \"keep\"\n"), testVars())
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"namespaces.uts": "p.toml:2:1: namespaces.uts",
		"idmap.mode":     "p.toml:3:1: idmap.mode",
	} {
		if got := p.Origin(key).String(); got != want {
			t.Errorf("Origin(%s) = %q; want %q", key, got, want)
		}
	}
	if o := new(Profile).Origin("process.uid"); !o.Pos.IsZero() {
		t.Errorf("Origin in an empty profile = %v", o)
	}
}
