package records

import (
	"os"
	"path/filepath"
	"testing"
)

// What a record calls a log is a part of a file's name, and no path.
func TestLogPath(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	id, err := logID()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := logPath("web", id), filepath.Join(stateDir(), "log", "web."+id+".log"); got != want {
		t.Errorf("%q; want %q", got, want)
	}
	for _, id := range []string{"", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdef0", "/../../../../etc", "../x/0123456789a", "0123456789abcde\x00"} {
		if got := logPath("web", id); got != "" {
			t.Errorf("%q: %q", id, got)
		}
	}
}

// A launcher alone holds its log: what its command has of it does not count.
func TestLogIsHeld(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	d := testDir(t)
	r := running(t, "held")
	r.Detached = true
	if _, err := d.Add(r, false); err != nil {
		t.Fatal(err)
	}
	log, holds, err := r.CreateLog()
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	r.forgetLog()
	if _, err := os.Stat(r.Log); err != nil {
		t.Errorf("a log that is held is gone: %v", err)
	}
	holds.Close()
	r.forgetLog()
	if _, err := os.Stat(r.Log); !os.IsNotExist(err) {
		t.Errorf("a log that nobody holds is there: %v", err)
	}
}
