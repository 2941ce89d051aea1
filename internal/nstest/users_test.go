package nstest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestUsers(t *testing.T) {
	if n := len(Ordinary(t).SubUIDs); n == 0 {
		t.Error("the ordinary user has no subordinate ids")
	}
	if n := len(Bare(t).SubUIDs); n != 0 {
		t.Errorf("the bare user has %d ranges of subordinate ids", n)
	}
}

func TestCommandRunsAsUser(t *testing.T) {
	t.Setenv("NSTEST_LEAK", "1")
	EachUser(t, func(t *testing.T, u User) {
		got := MustRun(t, u.Command(t, "sh", "-c", "id -u; id -g; id -G; touch made; echo $HOME $NSTEST_LEAK"))
		want := fmt.Sprintf("%d\n%d\n%d\n%s\n", u.UID, u.GID, u.GID, u.Home)
		if !u.IsRoot() && got != want || u.IsRoot() && !strings.HasPrefix(got, "0\n0\n") {
			t.Errorf("got %q; want %q", got, want)
		}
	})
}

func TestRunTellsStatusFromSignal(t *testing.T) {
	u := Superuser(t)
	for _, test := range []struct {
		script string
		want   Result
	}{
		{"echo a; echo b >&2; exit 3", Result{"a\n", "b\n", 3, 0}},
		{"exit 143", Result{"", "", 143, 0}},
		{"kill -TERM $$", Result{"", "", 143, syscall.SIGTERM}},
	} {
		if got := Run(t, u.Command(t, "sh", "-c", test.script)); got != test.want {
			t.Errorf("%s: %+v; want %+v", test.script, got, test.want)
		}
	}
}

func TestTreesAreReachable(t *testing.T) {
	u := Ordinary(t)
	secret := t.TempDir()
	if err := os.MkdirAll(filepath.Join(secret, "a/b"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(secret, "a/b/c"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	tree := u.CopyTree(t, secret)
	if got := MustRun(t, u.Command(t, "cat", filepath.Join(tree, "a/b/c"))); got != "text" {
		t.Errorf("got %q", got)
	}
}

func TestSubordinate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "subuid")
	if err := os.WriteFile(file, []byte("x:1:2\nann:100000:65536\n7:5:1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := subordinate(file, User{Name: "ann", UID: 7})
	if want := "[{100000 65536} {5 1}]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v; want %s", got, err, want)
	}
	if got, err := subordinate(file+"-", User{}); err != nil || got != nil {
		t.Errorf("missing file: %v, %v", got, err)
	}
}
