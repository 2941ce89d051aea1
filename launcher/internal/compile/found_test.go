package compile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
)

// Whatever a profile says, the compiler asks for nothing that the probe has not looked at.
func FuzzProbed(f *testing.F) {
	n := 0
	for _, pattern := range []string{"../../../config/testdata/good/*.toml", "../../../examples/*.toml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
			n++
		}
	}
	if n < 60 {
		f.Fatalf("%d profiles: too few", n)
	}
	for _, name := range config.Presets() {
		f.Add([]byte("version = 1\nextends = \"" + name + "\"\n"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := config.Parse("f.toml", text, config.CallerVars())
		if err != nil {
			return
		}
		h, err := host.Probe(p)
		if err != nil {
			return
		}
		if _, err := Compile(p, h, []string{"true"}); isNotProbed(err) {
			t.Error(err)
		}
	})
}

// What was not looked at is an error, and none of the profile.
func TestNotProbed(t *testing.T) {
	p, err := config.Parse("p.toml", []byte("version = 1\ncommand = [\"true\"]\nnamespaces = \"new\"\nmounts.\"/mnt\".ro = \"/srv\"\n"), config.CallerVars())
	if err != nil {
		t.Fatal(err)
	}
	for _, forget := range []func(h *host.Host){
		func(h *host.Host) { delete(h.Files, "/srv") },
		func(h *host.Host) { delete(h.Targets, "/mnt") },
	} {
		h, err := host.Probe(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Compile(p, h, nil); err != nil {
			t.Fatalf("with all: %v", err)
		}
		forget(h)
		if _, err := Compile(p, h, nil); !isNotProbed(err) {
			t.Errorf("got %v; want a NotProbedError", err)
		}
	}
}

func isNotProbed(err error) bool {
	var e *host.NotProbedError
	return errors.As(err, &e)
}
