package host

import (
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

func TestServiceOf(t *testing.T) {
	for cgroups, want := range map[string]Unit{
		"0::/\n":                                {},
		"0::/system.slice/web.service\n":        {"web.service", config.BusSystem},
		"0::/system.slice/web.service/worker\n": {"web.service", config.BusSystem},
		"0::/user.slice/user-1.slice/user@1.service/app.slice/a.service\n":    {"a.service", config.BusUser},
		"0::/user.slice/user-1.slice/user@1.service/app.slice/a.scope\n":      {},
		"0::/user.slice/user-1.slice/session-2.scope\n":                       {},
		"0::/user.slice/user-1.slice/user@1.service/app.slice\n":              {},
		"3:memory:/x.service\n1:name=systemd:/system.slice/b.service\n0::/\n": {"b.service", config.BusSystem},
		"1:name=systemd:/\n0::/system.slice/c.service\n":                      {"c.service", config.BusSystem},
		"3:memory:/x.service\n": {},
	} {
		if got := serviceOf(cgroups); got != want {
			t.Errorf("%q: got %v; want %v", cgroups, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for path, want := range map[string]string{
		"/run/user/1000/bus": "/run/user/1000/bus",
		"/tmp/a b,c;d=é":     "/tmp/a%20b%2cc%3bd%3d%c3%a9",
	} {
		got := escapeAddress(path)
		if got != want {
			t.Errorf("%q: got %q; want %q", path, got, want)
		}
		if back, err := unescapeAddress(got); back != path || err != nil {
			t.Errorf("%q: back came %q, %v", path, back, err)
		}
	}
	for _, bad := range []string{"%", "%2", "a%zz"} {
		if got, err := unescapeAddress(bad); err == nil {
			t.Errorf("%q: got %q; want an error", bad, got)
		}
	}
}

func TestReach(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	address := "unix:guid=00,path=" + escapeAddress(path)
	if err := reach(address + ";tcp:host=x"); err != nil {
		t.Errorf("bound: %v", err)
	}
	if err := unix.Close(fd); err != nil {
		t.Fatal(err)
	}
	if err := reach(address); err != unix.ECONNREFUSED {
		t.Errorf("nobody there any more: got %v; want ECONNREFUSED", err)
	}
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path + "-datagrams"}); err != nil {
		t.Fatal(err)
	}
	if err := reach(address + "-datagrams"); err != unix.EPROTOTYPE {
		t.Errorf("of another type: got %v; want EPROTOTYPE", err)
	}
	if err := reach("unix:path=" + path + "-none"); err != unix.ENOENT {
		t.Errorf("missing: got %v; want ENOENT", err)
	}
}
