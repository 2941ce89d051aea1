package explain

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// noRoot is a sandbox with a root of its own. It has the host's programs.
const noRoot = "namespaces = \"new\"\nproc = \"new\"\nroot = \"tmpfs\"\n[mounts]\nro = [\"/usr\", \"-/bin\", \"-/lib\", \"-/lib64\"]\n"

func (s *summary) gap(id string) string {
	for _, g := range s.NotProtected {
		if g.ID == id {
			return g.Text
		}
	}
	return ""
}

// What is open is not called closed: the home directory and the host's processes can be visible at another path.
func TestOpen(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		socket := filepath.Join(w.home, "project", "socket")
		listener, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		explained := func(text string, flags ...string) *summary {
			t.Helper()
			w.Write(text)
			s, refused := w.explained(append(flags, "./p.toml", "--", "true")...)
			if refused != "" {
				t.Fatal(refused)
			}
			return s
		}
		if s := explained(noRoot); s.Home == nil || s.Home.Access != "hidden" || s.Processes.Sees != "own" || s.gap("home")+s.gap("processes")+s.gap("sockets") != "" {
			t.Errorf("without more: %+v", s)
		}
		if s := explained(noRoot + "\"/mnt\" = { type = \"overlay\", lower = [\"/usr\", \"${home}\"] }\n"); s.Home.Access != "write" || s.gap("home") == "" {
			t.Errorf("the lower layer of an overlay: %+v", s.Home)
		}
		if s := explained(noRoot + "\"/mnt\" = { ro = \"/proc\" }\n"); s.Processes.Sees != "host" || s.gap("processes") == "" {
			t.Errorf("/proc at another path: %+v", s.Processes)
		}
		if s := explained(noRoot + "\"/mnt\" = { ro = \"" + socket + "\" }\n"); !strings.Contains(s.gap("sockets"), socket) {
			t.Errorf("a socket: %+v", s.NotProtected)
		}
		if s := explained(noRoot + "\"/mnt\" = { rw = \"/dev/ptmx\", options = [\"dev\"] }\n"); !strings.Contains(s.gap("devices"), "ptmx") {
			t.Errorf("a device: %+v", s.NotProtected)
		}
		if s := explained("namespaces = { user = \"new\" }\nidmap = \"none\"\n"); s.User.HostUID == nil || *s.User.HostUID != int64(u.UID) || (s.gap("root") != "") != (u.UID == 0) {
			t.Errorf("no map: %+v", s.User)
		}
		if s := explained("namespaces = \"new\"\nproc = \"new\"\nroot = { overlay = \"tmpfs\" }\n"); !s.HostFiles || s.Home.Access == "hidden" || s.gap("home") == "" {
			t.Errorf("a throw-away root: %v, %+v", s.HostFiles, s.Home)
		}
		real := w.home
		w.home = filepath.Join(u.TempDir(t), "link")
		if err := os.Symlink(real, w.home); err != nil {
			t.Fatal(err)
		}
		if s := explained(noRoot + "\"" + real + "\" = { ro = \"" + real + "\" }\n"); s.Home.Access != "read" || s.gap("home") == "" {
			t.Errorf("a link to the home directory: %+v", s.Home)
		}
	})
}

// Nothing is known of the files and ids of namespaces that a sandbox joins, so nothing is called hidden.
func TestJoinedIsOpen(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		w.Write("name = \"joined\"\ncommand = [\"sleep\", \"300\"]\nnamespaces = { user = \"new\", mount = \"new\" }\n")
		if got := w.run("run", "--detach", "./p.toml"); got.Status != 0 {
			t.Fatalf("%+v", got)
		}
		defer w.run("stop", "joined")
		join := []string{"--join", "user,mount=joined", "--", "true"}
		if s, refused := w.explained(join...); refused != "" || s.Home != nil || s.User.HostUID != nil {
			t.Errorf("%s %+v", refused, s)
		}
		got := w.run(append([]string{"explain"}, join...)...)
		for _, wrong := range []string{"your home directory", "all other files of the host", "nobody on the host", "none on the host"} {
			if strings.Contains(got.Stdout, wrong) {
				t.Errorf("%q in\n%s", wrong, got.Stdout)
			}
		}
	})
}

// A home directory that the host has mounted at a shorter path, too, is visible in a sandbox that runs.
func TestSecondName(t *testing.T) {
	w := newWorld(t, nstest.Superuser(t))
	if err := errors.Join(os.Mkdir("/run/h", 0o700), unix.Mount(w.home, "/run/h", "", unix.MS_BIND, "")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(unix.Unmount("/run/h", 0), os.Remove("/run/h")) })
	w.Write("name = \"named\"\ncommand = [\"sleep\", \"300\"]\n" + noRoot + "\"${home}\" = { ro = \"${home}\" }\n")
	if got := w.run("run", "--detach", "./p.toml"); got.Status != 0 {
		t.Fatalf("%+v", got)
	}
	defer w.run("stop", "named")
	s, refused := w.explained("named")
	if refused != "" {
		t.Fatal(refused)
	}
	if s.Home.Access != "read" || !slices.ContainsFunc(s.Places, func(p place) bool { return p.Path == w.home && p.Source == w.home }) {
		t.Errorf("%+v, %+v", s.Home, s.Places)
	}
}

// A command that can change mounts is not kept from what they make read-only or hide, and explain says so of it alone.
func TestCoversAreLifted(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for capabilities, lifts := range map[string]bool{"keep": true, "none": false} {
			w := newWorld(t, u)
			w.Write("process.capabilities = \"" + capabilities + "\"\n" + noRoot + "\"/x\" = { ro = \"" + w.home + "\" }\n")
			s, refused := w.explained("./p.toml", "--", "true")
			if refused != "" || (s.gap("covers") != "") != lifts {
				t.Errorf("%s: %s %+v", capabilities, refused, s)
			}
			got := w.run("run", "./p.toml", "--", "sh", "-c", "mount -o remount,bind,rw /x; echo x >/x/marker")
			if _, err := os.Stat(filepath.Join(w.home, "marker")); (err == nil) != lifts || (got.Status == 0) != lifts {
				t.Errorf("%s: %v, %+v", capabilities, err, got)
			}
		}
	})
}
