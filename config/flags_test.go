package config

import (
	"reflect"
	"testing"
)

func TestNew(t *testing.T) {
	p, err := New([]Setting{
		{"namespaces.net", "new", "--new"},
		{"namespaces.uts", "new", "--new"},
		{"hostname", "box", "--set"},
		{"hostname", "fox", "--set"},
		{"command", []string{"/bin/sleep", "60"}, "command"},
		{"process.keep_fds", []any{int64(4), 3}, "--set"},
		{"env.set", map[string]any{"A": "1", "B": "2"}, "--set"},
		{"env.set.B", false, "--set"},
		{"limits.timeout", "10m", "--timeout"},
	}, testVars())
	if err != nil {
		t.Fatal(err)
	}
	if p.File != "" || p.Name != "sleep" || p.Hostname != "fox" || !p.Namespaces.New(Net) || p.Namespaces.New(User) || p.Network != NetworkLoopback {
		t.Errorf("New = %+v", p)
	}
	if !reflect.DeepEqual(p.Process.KeepFDs, []int{3, 4}) || !reflect.DeepEqual(p.Env.Set, map[string]string{"A": "1"}) || !reflect.DeepEqual(p.Env.Unset, []string{"B"}) {
		t.Errorf("New = %+v, %+v", p.Process, p.Env)
	}
	for key, want := range map[string]string{
		"namespaces.net":   "--new: namespaces.net",
		"command.argv[1]":  "command: command.argv[1]",
		"env.set.A":        "--set: env.set.A",
		"limits.timeout":   "--timeout: limits.timeout",
		"namespaces.mount": "default: namespaces.mount",
		"process.init":     "default: process.init",
	} {
		if got := p.Origin(key).String(); got != want {
			t.Errorf("Origin(%s) = %q; want %q", key, got, want)
		}
	}
}

// A bare value and the keys of its table go together, in either order.
func TestNewMainKey(t *testing.T) {
	all := Setting{"namespaces", "new", "--new"}
	net := Setting{"namespaces.net", "host", "--host"}
	for _, settings := range [][]Setting{{all, net}, {net, all}} {
		p, err := New(settings, testVars())
		if err != nil {
			t.Fatal(err)
		}
		if p.Namespaces.New(Net) || !p.Namespaces.New(UTS) {
			t.Errorf("New(%v) = %v", settings, p.Namespaces)
		}
		if got := p.Origin("namespaces.uts").String(); got != "--new: namespaces.uts" {
			t.Errorf("Origin(namespaces.uts) = %s", got)
		}
	}
}

func TestNewErrors(t *testing.T) {
	for _, test := range []struct {
		settings []Setting
		want     string
	}{
		{[]Setting{{"namespaces.net", "nwe", "--new"}},
			`--new: namespaces.net: unknown value "nwe", want new, host, pid:N, sandbox:NAME or a path that starts with /, ./ or ../ (did you mean "new"?)`},
		{[]Setting{{"namespaces.nett", "new", "--new"}},
			`--new: namespaces.nett: unknown key "nett" in [namespaces] (did you mean "net"?)`},
		{[]Setting{{"hostname", "box", "--hostname"}},
			`--hostname: hostname: needs --new uts`},
		{[]Setting{{"idmap", "keep", "--map"}},
			`--map: idmap: needs --new user`},
		{[]Setting{{"proc.mode", "none", "--set"}},
			`--set proc.mode: needs --new mount`},
		{[]Setting{{"hostname.x", "box", "--set"}},
			`--set hostname: want a string, got a table`},
		{[]Setting{{"a..b", "box", "--set"}},
			`--set: not a key: "a..b"`},
		{[]Setting{{"version", int64(2), "--set"}},
			`--set version: unknown version 2, want 1 (write version = 1, or update nslaunch)`},
		{[]Setting{{"process.nice", true, "--nice"}, {"process.umask", "9", "--umask"}},
			"--umask: process.umask: want an octal number in a string, such as \"022\", at most \"777\", got \"9\"\n" +
				"--nice: process.nice: want an integer, got true"},
		{[]Setting{
			{"namespaces.user", "new", "--new"},
			{"idmap.mode", "root", "--map"},
			{"idmap.uid", []any{map[string]any{"inside": 0, "outside": 0}}, "--set"},
			{"idmap.gid", []any{map[string]any{"inside": 0, "outside": 0}}, "--set"},
		}, "--map: idmap.mode: cannot be combined with the lists uid and gid (remove idmap.mode, or the lists)"},
		{[]Setting{{"idmap.uid", []any{map[string]any{"inside": -1, "outside": 0}}, "--set"}, {"idmap.gid", "x", "--set"}, {"namespaces.user", "new", "--new"}},
			"--set idmap.uid[0].inside: want 0 to 4294967294, got -1\n--set idmap.gid: want an array of tables, got \"x\""},
	} {
		p, err := New(test.settings, testVars())
		if p != nil || err == nil || err.Error() != test.want {
			t.Errorf("New(%v) = %v, %v; want the error\n%s", test.settings, p, err, test.want)
		}
	}
}

// A flag's table is the caller's: New does not write to it.
func TestNewKeepsSettings(t *testing.T) {
	table := map[string]any{"A": "1"}
	settings := []Setting{{"env.set", table, "--set"}, {"env.set.B", "2", "--set"}}
	for range 2 {
		if _, err := New(settings, testVars()); err != nil {
			t.Fatal(err)
		}
	}
	if len(table) != 1 {
		t.Errorf("the table has become %v", table)
	}
}
