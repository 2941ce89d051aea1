package namespaces

import (
	"slices"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// utsNames are the names of this process's uts namespace.
func utsNames(t *testing.T) (host, domain string) {
	t.Helper()
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		t.Fatal(err)
	}
	return unix.ByteSliceToString(uts.Nodename[:]), unix.ByteSliceToString(uts.Domainname[:])
}

// A name that is not declared stays, and the host's own stay in any case.
func TestNames(t *testing.T) {
	host, domain := utsNames(t)
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct{ names, host, domain string }{
			{"", host, domain},
			{`hostname = "NewNamespace"`, "NewNamespace", domain},
			{`domainname = "lab"`, host, "lab"},
			{"hostname = \"a\"\ndomainname = \"b.example\"", "a", "b.example"},
		} {
			got := systest.SeenBy(t, u, systest.OwnProfile(u, "uts", test.names))
			if got.Hostname != test.host || got.Domainname != test.domain {
				t.Errorf("%q: %q and %q inside; want %q and %q", test.names, got.Hostname, got.Domainname, test.host, test.domain)
			}
			if h, d := utsNames(t); h != host || d != domain {
				t.Fatalf("the host is %q and %q now; it was %q and %q", h, d, host, domain)
			}
		}
	})
}

// Of a new network namespace there is lo alone, up and with its address unless
// it is to be down.
func TestLoopback(t *testing.T) {
	before := interfaces(t)
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for network, up := range map[string]bool{
			"":                     true,
			`network = "loopback"`: true,
			`network = "down"`:     false,
		} {
			got := systest.SeenBy(t, u, systest.OwnProfile(u, "net", network)).Interfaces
			if len(got) != 1 || got[0].Name != "lo" {
				t.Fatalf("%q: interfaces %v; want lo alone", network, got)
			}
			if slices.Contains(got[0].Flags, "up") != up || slices.Contains(got[0].Addresses, "127.0.0.1/8") != up {
				t.Errorf("%q: lo is %v; want up %v", network, got[0], up)
			}
		}
	})
	if after := interfaces(t); after != before {
		t.Errorf("the host's interfaces are\n%s\nthey were\n%s", after, before)
	}
}

// interfaces are those of this process, with their addresses.
func interfaces(t *testing.T) string {
	t.Helper()
	nstest.Require(t, nstest.Tools("ip"))
	return nstest.MustRun(t, nstest.Superuser(t).Command(t, "ip", "-brief", "address"))
}
