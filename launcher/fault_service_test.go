package launcher

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/compile"
	"github.com/nslaunch/nslaunch/launcher/internal/diagnose"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
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

// Of the steps of a notification's socket, its place may fail as that of any mount does.
func TestSocketAdvice(t *testing.T) {
	for _, c := range []struct {
		call  string
		errno unix.Errno
		cause string
	}{
		{"bind", unix.EOVERFLOW, "what is made there would belong to an id that is not mapped in the sandbox"},
		{"bind", unix.EACCES, ""},
		{"move_mount", unix.ENOENT, "/run/n is not what it was when the plan was made"},
		{"openat2", unix.EACCES, "a directory above /run/n is closed to the sandbox's ids"},
		{"mknodat", unix.EEXIST, "since the plan was made, something was put there"},
		{"mknodat", unix.EROFS, "the file system there is read-only"},
		{"open_tree", unix.EPERM, ""},
	} {
		f := diagnose.Failure{Errno: c.errno, Call: c.call}
		d := f.Tree(step.PlaceSocket{At: step.MountPoint{Path: "/run/n"}})
		cause, cure := d.Cause, d.Cure.Format
		if cause != c.cause || (cure == "") != (cause == "") {
			t.Errorf("%s gives %v: cause %q, cure %q; want cause %q", c.call, c.errno, cause, cure, c.cause)
		}
	}
}
