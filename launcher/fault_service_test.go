package launcher

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/compile"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
)

// A name that is as long as a socket's can be is none too long in the scratch tmpfs.
func TestLongestSocket(t *testing.T) {
	const longest = 107 // and a NUL; see unix(7)
	text := "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\nroot = \"tmpfs\"\nservice = { notify = \"command\" }\n[mounts]\n"
	for range 12 { // what is in the scratch tmpfs has numbers
		text += "\"/f" + strings.Repeat("x", strings.Count(text, "\n")) + "\" = { type = \"file\", content = \"\" }\n"
	}
	p, err := config.Parse("p.toml", []byte(text), config.CallerVars())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", "/"+strings.Repeat("n", longest-1))
	h, err := host.Probe(p)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := compile.Compile(p, h, []string{"no-such-command"})
	if err != nil {
		t.Fatal(err)
	}
	if err := failed(t, plan); !err.Missing {
		t.Errorf("got %v; want that the command is not found", err)
	}
}
