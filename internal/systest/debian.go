package systest

import (
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// DebianArchive is a Debian system as a tar archive, which setup.sh has made.
const DebianArchive = "/var/cache/nslaunch-test/debian.tar"

// MappedID is what an id inside is outside.
func MappedID(u nstest.User, idmap string, id int) int {
	switch {
	case idmap == "subid":
		return u.SubUIDs[0].Start + id
	case id == 0:
		return u.UID
	}
	return u.SubUIDs[0].Start + id - 1
}

// Owner is whose a file is.
func Owner(t *testing.T, path string) (uid, gid int) {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatal(err)
	}
	return int(st.Uid), int(st.Gid)
}
