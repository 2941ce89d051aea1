package compile

import (
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
)

// A program that is repeated in the arguments is noted, and only where they are added to it alone.
func TestRepeatedProgram(t *testing.T) {
	for name, test := range map[string]struct {
		command string
		words   []string
		want    bool
	}{
		"repeated":         {`{ argv = ["npm"], args = "append" }`, []string{"npm", "ci"}, true},
		"arguments":        {`{ argv = ["npm"], args = "append" }`, []string{"ci"}, false},
		"replaced":         {`["npm"]`, []string{"npm", "ci"}, false},
		"a longer command": {`{ argv = ["sh", "-c", "exec $@"], args = "append" }`, []string{"sh"}, false},
	} {
		p, err := config.Parse("p.toml", []byte("version = 1\ncommand = "+test.command+"\n"), config.CallerVars())
		if err != nil {
			t.Fatal(err)
		}
		h, err := host.Probe(p)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := Compile(p, h, test.words)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		for _, n := range plan.Notes {
			if n.AtRun {
				got += n.Text
			}
		}
		want := ""
		if test.want {
			want = "the profile adds arguments to its command, so npm runs as npm npm (leave out the second npm)"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
