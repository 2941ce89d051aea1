package run

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// secret is in the environment of the launcher, as is its directory, and an
// open file: what process 1 of a sandbox must not give away.
const secret = "NSTEST_SECRET=nobody-may-read-this"

// initLeaks lists what process 1 gives of the host to one inside: dir is the
// launcher's directory and the start of the name of the file that it has open.
func initLeaks(r report.Report, dir string) []string {
	var leaks []string
	leak := func(what string, a report.Answer) { leaks = append(leaks, fmt.Sprintf("%s: %.200q", what, a.Value)) }
	i := r.Init
	for what, a := range map[string]report.Answer{"cwd": i.Cwd, "root": i.Root} {
		if a.Errno == "" && a.Value != "/" {
			leak(what, a)
		}
	}
	for what, a := range map[string]report.Answer{
		"files in cwd": i.CwdFiles, "cmdline": i.Cmdline, "maps": i.Maps, "environ": i.Environ, "exe": i.Exe, "comm": i.Comm,
	} {
		if strings.Contains(a.Value, dir) || strings.Contains(a.Value, "p.toml") || strings.Contains(a.Value, "NSTEST_SECRET") {
			leak(what, a)
		}
	}
	if i.Environ.Value != "" {
		leak("environ", i.Environ)
	}
	if i.Exe.Errno == "" && !strings.HasPrefix(i.Exe.Value, "/memfd:nslaunch") {
		leak("exe", i.Exe)
	}
	if f := strings.Split(i.Cmdline.Value, "\x00"); len(f) != 3 || f[0] != "nslaunch-init" {
		leak("cmdline", i.Cmdline)
	}
	for fd, a := range i.FDs {
		if a.Errno == "" && !strings.HasPrefix(a.Value, "socket:[") {
			leak("fd "+fd, a)
		}
	}
	if len(i.FDs) > 1 {
		leak("fds", i.FDList)
	}
	for name, a := range i.MapTargets {
		if a.Errno == "" && !strings.HasPrefix(a.Value, "/memfd:nslaunch") {
			leak("map_files "+name, a)
		}
	}
	for line := range strings.Lines(i.Maps.Value) {
		if at := strings.IndexByte(line, '/'); at >= 0 && !strings.HasPrefix(line[at:], "/memfd:nslaunch") {
			leak("maps", report.Answer{Value: line})
		}
	}
	for kind, a := range i.Namespaces {
		if own := fmt.Sprintf("%s:[%d]", kind, r.Namespaces[kind]); a.Errno == "" && a.Value != own {
			leak("namespace, not the sandbox's own "+own, a)
		}
	}
	slices.Sort(leaks)
	return leaks
}

// initLeaksOf runs words, which end in the probe, with all that is secret, and
// returns what process 1 gives away.
func initLeaksOf(t *testing.T, u nstest.User, profile string, words ...string) []string {
	t.Helper()
	cmd := u.Command(t, words[0], words[1:]...)
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
	file, err := os.Open(filepath.Join(cmd.Dir, "p.toml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd.Env = append(cmd.Env, secret)
	cmd.ExtraFiles = []*os.File{file}
	return initLeaks(nstest.ParseReport(t, nstest.MustRun(t, cmd)), cmd.Dir)
}

// Process 1 gives nothing of the host to root inside, however much of root
// that is.
func TestInitGivesNothingAway(t *testing.T) {
	for _, test := range []struct {
		name, namespaces string
		rootOnly         bool
	}{
		{"real root", `{ mount = "new", pid = "new" }`, true},
		{"real root, all but user", `{ all = "new", user = "host" }`, true},
		{"root of a user namespace", `"new"`, false},
		{"pid and mount", `{ user = "new", mount = "new", pid = "new" }`, false},
		{"joined user namespace", `{ user = "pid:HOLDER", net = "pid:HOLDER", mount = "new", pid = "new" }`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			nstest.EachUser(t, func(t *testing.T, u nstest.User) {
				if test.rootOnly && !u.IsRoot() {
					return
				}
				namespaces := test.namespaces
				if strings.Contains(namespaces, "HOLDER") {
					h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = \"new\"\ncommand = [\"cat\"]\n"))
					defer h.Release(t)
					namespaces = strings.ReplaceAll(namespaces, "HOLDER", fmt.Sprint(h.PID))
				}
				profile := "version = 1\nnamespaces = " + namespaces + "\nprocess = { no_new_privs = false }\n"
				for _, leak := range initLeaksOf(t, u, profile, nstest.Nslaunch(t), "p.toml", "--", nstest.Probe(t)) {
					t.Error(leak)
				}
			})
		})
	}
}

// What unshare makes process 1 gives it all: so the test would see it.
func TestInitGivesNothingAwayControl(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		words := []string{"unshare", "--fork", "--pid", "--mount-proc"}
		if !u.IsRoot() {
			words = append(words, "--user", "--map-root-user")
		}
		words = append(words, "sh", "-c", nstest.Probe(t)+"; exit $?")
		leaks := strings.Join(initLeaksOf(t, u, "", words...), "\n")
		for _, want := range []string{"cwd: ", "files in cwd: ", "environ: ", "cmdline: ", "exe: ", "fd 3: ", "maps: ", "map_files "} {
			if !strings.Contains("\n"+leaks, "\n"+want) && !(want == "map_files " && !u.IsRoot()) {
				t.Errorf("%s is not seen to be given away:\n%s", want, leaks)
			}
		}
	})
}
