package config

import (
	"strings"
	"testing"
)

// A number with a point is one also on a command line, where its key is no string.
func TestSetPoint(t *testing.T) {
	p, err := Parse("p.toml", []byte("version = 1\n"), Vars{},
		Setting{"limits.cpu", Text("1.5"), FromSet}, Setting{"hostname", Text("1.5"), FromSet}, Setting{"namespaces.uts", Text("new"), FromSet})
	if err != nil || p.Hostname != "1.5" || p.Limits.cpu == nil || p.Limits.cpu.Text != "150%" {
		t.Errorf("%+v, %v", p, err)
	}
}

// What is wrong with a limit is said of the value that was written, not of a list that it could have been.
func TestSetRlimit(t *testing.T) {
	for value, want := range map[string]string{"unlimited": `got "unlimited", or "infinity" for no limit`, "-1": `got -1`, "1,2,3": `got "1,2,3"`} {
		_, err := Parse("p.toml", []byte("version = 1\n"), Vars{}, Setting{"limits.rlimits.core", Text(value), FromSet})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", value, err, want)
		}
	}
}

// Quotes around a whole value are those of TOML only where the text with its quotes is wrong.
func TestSetQuoted(t *testing.T) {
	p, err := Parse("p.toml", []byte("version = 1\nnamespaces = \"new\"\n"), Vars{Cwd: "/w"},
		Setting{"root", Text(`"./x"`), FromSet}, Setting{"env.set.A", Text(`"a"`), FromSet})
	if err != nil || p.Root.Mode != RootPath || p.Root.Path != "/w/x" || p.Env.Set["A"] != `"a"` {
		t.Errorf("%+v, %v", p, err)
	}
}

// A hint with a variable can be pasted into a shell, which does not replace it.
func TestSetVariableHint(t *testing.T) {
	for key, want := range map[string]string{"mounts.rw": `(did you mean '${home}/x'?)`, "process.cwd": `(did you mean '${home}/x'?)`} {
		_, err := Parse("p.toml", []byte("version = 1\n"), Vars{}, Setting{key, Text("~/x"), FromSet})
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v; want %s", key, err, want)
		}
	}
}
