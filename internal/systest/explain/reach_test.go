package explain

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// What leads out of a sandbox by devices, sockets and files of processes is said.
func TestReach(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		systest.MakeDirs(t, w.home+"/.gnupg")
		u.Own(t, w.home+"/.gnupg")
		explained := func(text string) *summary {
			t.Helper()
			w.Write(text)
			s, refused := w.explained("./p.toml", "--", "true")
			if refused != "" {
				t.Fatal(refused)
			}
			return s
		}
		if s := explained(noRoot + "\"/x\" = { rw = \"/dev\", options = [\"dev\"] }\n"); !strings.Contains(s.gap("devices"), "/dev") {
			t.Errorf("/dev at another path: %+v", s.NotProtected)
		}
		if s := explained(noRoot + "\"/x\" = { rw = \"/dev\" }\n"); s.gap("devices") != "" {
			t.Errorf("without devices: %+v", s.NotProtected)
		}
		if s := explained("namespaces = { user = \"new\", mount = \"new\" }\n"); !strings.Contains(s.gap("devices"), "/dev") {
			t.Errorf("the host's root: %+v", s.NotProtected)
		}
		if s := explained(noRoot + "\"/x\" = { ro = \"" + w.home + "/.gnupg\" }\n"); !strings.Contains(s.gap("sockets"), w.home+"/.gnupg") {
			t.Errorf("well-known sockets: %+v", s.NotProtected)
		}
		if s := explained(noRoot + "\"/x\" = { ro = \"/proc/1\" }\n"); s.Processes.Sees != "host" || s.gap("processes") == "" {
			t.Errorf("a process: %+v", s.Processes)
		}
	})
}

// A home directory that the host has at a second path is not called hidden where a profile shows that path.
func TestSecondNameInProfile(t *testing.T) {
	w := newWorld(t, nstest.Superuser(t))
	second := filepath.Join(t.TempDir(), "h")
	if err := errors.Join(os.Mkdir(second, 0o700), unix.Mount(w.home, second, "", unix.MS_BIND, "")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(second, 0) })
	for _, source := range []string{second, filepath.Dir(second)} {
		w.Write(noRoot + "\"/x\" = { ro = \"" + source + "\" }\n")
		if s, refused := w.explained("./p.toml", "--", "true"); refused != "" || s.Home.Access != "read" || s.gap("home") == "" {
			t.Errorf("%s: %s %+v", source, refused, s)
		}
	}
}

// Mounts that reach the host are said, of a profile and of a sandbox.
func TestSharedMounts(t *testing.T) {
	w := newWorld(t, nstest.Superuser(t))
	if err := unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""); err != nil {
		t.Fatal(err)
	}
	for propagation, want := range map[string]bool{"shared": true, "slave": false, "slave+shared": false} {
		w.Write("name = \"shares\"\ncommand = [\"sleep\", \"300\"]\nnamespaces = { mount = \"new\" }\npropagation = \"" + propagation + "\"\n")
		if got := w.run("run", "--detach", "./p.toml"); got.Status != 0 {
			t.Fatalf("%+v", got)
		}
		for _, of := range []string{"./p.toml", "shares"} {
			if s, refused := w.explained(of); refused != "" || (s.gap("mounts") != "") != want {
				t.Errorf("%s of %s: %s %+v", propagation, of, refused, s)
			}
		}
		w.run("stop", "shares")
	}
}

// A namespace that a sandbox shares with another is not called its own.
func TestJoinedRuns(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		w.Write("name = \"first\"\ncommand = [\"sleep\", \"300\"]\nnamespaces = { user = \"new\", net = \"new\", ipc = \"new\" }\n")
		if got := w.run("run", "--detach", "./p.toml"); got.Status != 0 {
			t.Fatalf("%+v", got)
		}
		defer w.run("stop", "first")
		if got := w.run("run", "--detach", "--name", "second", "--join", "user,net,ipc=first", "--", "sleep", "300"); got.Status != 0 {
			t.Fatalf("%+v", got)
		}
		defer w.run("stop", "second")
		for name, want := range map[string]string{"first": "own", "second": "joined"} {
			s, refused := w.explained(name)
			if refused != "" || s.Namespaces["net"] != want || s.Network.Of != want || s.Processes.IPC != want || (s.gap("joined") != "") != (want == "joined") {
				t.Errorf("%s: %s %+v", name, refused, s)
			}
		}
	})
}
