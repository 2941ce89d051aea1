package exec

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// idsOf is a profile whose user namespace has the ids of an ordinary user.
func idsOf(u nstest.User) string {
	return fmt.Sprintf("version = 1\nnamespaces = { user = \"new\", uts = \"new\" }\nidmap = { uid = [{ inside = 0, outside = %d }], gid = [{ inside = 0, outside = %d }] }\n", u.UID, u.GID)
}

// However a user namespace is named, root leaves its supplementary groups outside.
func TestEntryDropsGroupsByName(t *testing.T) {
	root, u := nstest.Superuser(t), nstest.Ordinary(t)
	const name, show = "groups-dropped", "cat /etc/shadow >/dev/null 2>&1 && echo read; grep ^Groups: /proc/self/status | tr -s '\\t ' ' '"
	profile := root.WriteFile(t, root.TempDir(t)+"/p.toml", idsOf(u))
	nslaunch := func(words ...string) *exec.Cmd { return root.Command(t, nstest.Nslaunch(t), words...) }
	nstest.MustRun(t, nslaunch("run", "--detach", "--name", name, profile, "sleep", "1000"))
	defer func() {
		nstest.Run(t, root.Command(t, nstest.Nslaunch(t), "stop", name))
		nstest.Run(t, root.Command(t, nstest.Nslaunch(t), "wait", name))
	}()
	h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = { user = \"new\" }\n", "cat"))
	path := fmt.Sprintf("/proc/%d/ns/user", h.PID)
	byPath := root.WriteFile(t, root.TempDir(t)+"/path.toml", fmt.Sprintf("version = 1\nnamespaces = { user = %q }\n", path))
	byName := root.WriteFile(t, root.TempDir(t)+"/name.toml", "version = 1\nnamespaces = { user = \"sandbox:"+name+"\" }\n")
	grouped := func(words ...string) nstest.Result {
		return nstest.Run(t, root.Command(t, "setpriv", append([]string{"--groups", "root,disk,shadow", "--"}, words...)...))
	}
	for _, words := range [][]string{
		{"exec", name}, {"run", "--join", "user=" + path, "--"}, {"run", "--join", "user=sandbox:" + name, "--"}, {"run", byPath, "--"}, {"run", byName, "--"},
	} {
		got := grouped(append(append([]string{nstest.Nslaunch(t)}, words...), "sh", "-c", show)...)
		if got.Status != 0 || strings.TrimSpace(got.Stdout) != "Groups:" {
			t.Errorf("%q: %+v", words, got)
		}
	}
	// The control: setns(2) alone keeps them.
	if got := grouped("nsenter", "--user="+path, "--preserve-credentials", "sh", "-c", show); !strings.Contains(got.Stdout, "read") {
		t.Errorf("without: %+v", got)
	}
}

// A group may keep its members from a file that all others can read. Who cannot put the group down, keeps it on the way into a
// sandbox, however that is named.
func TestEntryKeepsNegativeGroup(t *testing.T) {
	root, u := nstest.Superuser(t), nstest.Ordinary(t)
	const group, name = 4242, "negative-group"
	file := root.WriteFile(t, root.TempDir(t)+"/file", "secret\n")
	if err := os.Chown(file, 0, group); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o705); err != nil {
		t.Fatal(err)
	}
	member := func(words ...string) *exec.Cmd {
		cmd := u.Command(t, words[0], words[1:]...)
		cmd.SysProcAttr.Credential.Groups = []uint32{group}
		return cmd
	}
	profile := u.WriteFile(t, u.TempDir(t)+"/p.toml", "version = 1\nnamespaces = { user = \"new\" }\n")
	nstest.MustRun(t, member(nstest.Nslaunch(t), "run", "--detach", "--name", name, profile, "sleep", "1000"))
	defer func() {
		nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "stop", name))
		nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "wait", name))
	}()
	h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = { user = \"new\" }\n", "cat"))
	path := fmt.Sprintf("/proc/%d/ns/user", h.PID)
	for _, words := range [][]string{
		{"exec", name}, {"exec", fmt.Sprint(h.PID)}, {"run", "--join", "user=sandbox:" + name, "--"}, {"run", "--join", "user=" + path, "--"}, {"run", profile, "--"},
	} {
		script := append(append([]string{nstest.Nslaunch(t)}, words...), "sh", "-c", "echo in; cat "+file)
		if got := nstest.Run(t, member(script...)); got.Stdout != "in\n" || !strings.Contains(got.Stderr, "Permission denied") {
			t.Errorf("%q: %+v", words, got)
		}
		// The control: who is no member reads it, in the same way.
		if got := nstest.Run(t, u.Command(t, script[0], script[1:]...)); got.Stdout != "in\nsecret\n" {
			t.Errorf("%q, without: %+v", words, got)
		}
	}
}
