package explain

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// environment compares the names of variables with those that the command has, if its /proc has itself.
func (w *world) environment(t *testing.T, s *summary, lines map[string]bool) {
	t.Helper()
	outside := append(w.Command().Env, "HOME="+w.home)
	var has, said []string
	for line := range lines {
		if v, ok := strings.CutPrefix(line, "env "); ok {
			name, _, _ := strings.Cut(v, "=")
			has = append(has, name)
			if slices.Contains(s.Environment.Inherited, name) && !slices.Contains(outside, v) {
				t.Errorf("%s is not inherited: %q", name, v)
			}
		}
	}
	said = slices.Concat(s.Environment.Inherited, s.Environment.Set)
	slices.Sort(has)
	slices.Sort(said)
	if lines["self"] && !slices.Equal(has, said) {
		t.Errorf("it has the variables %q, and explain says %q", has, said)
	}
}

// Variables and descriptors that a command has from the caller are shown, of a profile and of a sandbox of it. No value is.
func TestInherited(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		w.Write("name = \"inherits\"\ncommand = [\"sleep\", \"300\"]\nnamespaces = \"new\"\nproc = \"new\"\nprocess.keep_fds = [3]\n" +
			"env = { inherit = [\"PRIVATE_*\", \"LANG\"], set = { OWN = \"x\" } }\n")
		run := func(args ...string) nstest.Result {
			file, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			cmd := w.Command(args...)
			cmd.Env = append(cmd.Env, "HOME="+w.home, "PRIVATE_KEY=s3cret", "LANG=C")
			cmd.ExtraFiles = []*os.File{file}
			return nstest.Run(t, cmd)
		}
		planned := run("explain", "./p.toml")
		for _, want := range []string{"environment    inherits LANG, PRIVATE_KEY from you; sets OWN, PATH\n",
			"what the descriptors that it inherits lead to: 3\n", "your variables PRIVATE_KEY: it can read their values\n"} {
			if !strings.Contains(planned.Stdout, want) {
				t.Errorf("no %q in %+v", want, planned)
			}
		}
		if got := run("run", "--detach", "./p.toml"); got.Status != 0 {
			t.Fatalf("%+v", got)
		}
		defer w.run("stop", "inherits")
		running := run("explain", "inherits")
		for _, want := range []string{"environment    had at its start LANG, OWN, PATH, PRIVATE_KEY\n", "what the descriptors that it inherits lead to: 3\n"} {
			if !strings.Contains(running.Stdout, want) {
				t.Errorf("no %q in %+v", want, running)
			}
		}
		s, refused := w.explained("inherits")
		if refused != "" || !slices.Equal(s.Descriptors, []int{3}) {
			t.Errorf("%s %+v", refused, s)
		} else if names, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.PID)); err != nil || len(names) != 4 || filepath.Base(names[3]) != "3" {
			t.Errorf("it has the descriptors %q, %v", names, err)
		}
		for _, form := range [][]string{{"--json", "./p.toml"}, {"--svg", "./p.toml"}, {"--all", "./p.toml"}, {"--json", "inherits"}} {
			if got := run(append([]string{"explain"}, form...)...); got.Status != 0 || strings.Contains(got.Stdout, "s3cret") {
				t.Errorf("%q: %+v", form, got)
			}
		}
	})
}

// Groups of the caller are called kept only if it has any, and have a number only where the sandbox has one. Both are so in the sandbox.
func TestGroups(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		mapped, unmapped := "no other groups", []string{} // root drops those that it cannot map
		if !u.IsRoot() {
			mapped, unmapped = "keeps your other groups on the host", []string{"65534"}
		}
		for _, test := range []struct {
			profile string
			groups  []uint32 // of the caller, without its own
			want    string
			inside  []string // what id -G says, without the own
		}{
			{"namespaces = \"host\"\n", nil, "no other groups", nil},
			{"namespaces = \"host\"\n", []uint32{27, 100}, "other groups 27, 100", []string{"27", "100"}},
			{"namespaces = { user = \"new\" }\nidmap = \"keep\"\n", nil, "no other groups", nil},
			{"namespaces = { user = \"new\" }\nidmap = \"root\"\n", []uint32{27}, mapped, unmapped},
		} {
			w.Write(test.profile)
			as := func(args ...string) string {
				cmd := w.Command(args...)
				if cmd.SysProcAttr == nil {
					cmd.SysProcAttr = &syscall.SysProcAttr{}
				}
				cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID), Groups: append([]uint32{uint32(u.GID)}, test.groups...)}
				return nstest.MustRun(t, cmd)
			}
			_, text, _ := strings.Cut(as("explain", "./p.toml", "--", "true"), "runs as ")
			if text = strings.Join(strings.Fields(text), " "); !strings.Contains(text, "; "+test.want+" ") {
				t.Errorf("%s: no %q in %s", test.profile, test.want, text)
			}
			inside := strings.Fields(as("run", "./p.toml", "--", "id", "-G"))
			if !slices.Equal(inside[1:], test.inside) {
				t.Errorf("%s: the groups inside are %q", test.profile, inside)
			}
		}
	})
}
