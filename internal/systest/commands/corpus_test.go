package commands

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// corpus has the bad profiles of package config, with what is said of each.
const corpus = "../../../config/testdata/bad"

// corpusCommand is a command that runs among the bad profiles, with the
// variables that they were written against.
func corpusCommand(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = corpus
	return cmd
}

func badProfiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(corpus, "*.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 120 {
		t.Fatalf("%d bad profiles; want at least 120", len(paths))
	}
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = filepath.Base(p)
	}
	return names
}

func wanted(t *testing.T, profile string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(corpus, strings.TrimSuffix(profile, ".toml")+".err"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each bad profile is refused by check with exactly its text and status 1.
func TestCheckBadProfiles(t *testing.T) {
	nslaunch := nstest.Nslaunch(t)
	for _, name := range badProfiles(t) {
		r := nstest.Run(t, corpusCommand(nslaunch, "check", name))
		if want := wanted(t, name); r.Stdout != want || r.Stderr != "" || r.Status != 1 {
			t.Errorf("check %s: status %d; want 1\nstdout: %s\nwant:   %s\nstderr: %s", name, r.Status, r.Stdout, want, r.Stderr)
		}
	}
}

// setUp is what no run of a bad profile may do: clone, enter or mount
// anything, or start a child.
var setUp = regexp.MustCompile(`CLONE_NEW|setns\(|unshare\(|mount\(|fsopen\(|memfd_create\(|sethostname\(|execve\(.*execve\(`)

// Run refuses each of them with the same text and status 125, and nothing at all has happened.
func TestRunBadProfiles(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Tools("strace"))
	nslaunch := nstest.Nslaunch(t)
	for _, name := range badProfiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trace := filepath.Join(t.TempDir(), "trace")
			r := nstest.Run(t, corpusCommand("strace", "-f", "-qq", "-o", trace,
				"-e", "trace=clone,clone3,fork,vfork,unshare,setns,mount,fsopen,memfd_create,sethostname,execve",
				nslaunch, "run", name))
			var want strings.Builder
			for line := range strings.Lines(wanted(t, name)) {
				want.WriteString("nslaunch: error: " + line)
			}
			if r.Stderr != want.String() || r.Stdout != "" || r.Status != 125 {
				t.Errorf("run: status %d; want 125\nstderr: %s\nwant:   %s\nstdout: %s", r.Status, r.Stderr, want.String(), r.Stdout)
			}
			if bad := setUp.FindString(traced(t, trace)); bad != "" {
				t.Errorf("run: there is %q in\n%s", bad, traced(t, trace))
			}
		})
	}
}

func traced(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The control: the same trace of a good profile shows what the test looks for.
func TestRunGoodProfileIsTraced(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Tools("strace"))
	trace := filepath.Join(t.TempDir(), "trace")
	nstest.MustRun(t, exec.Command("strace", "-f", "-qq", "-o", trace,
		"-e", "trace=clone,unshare,mount,memfd_create,execve",
		nstest.Nslaunch(t), "run", "--new", "mount", "--", "true"))
	if !setUp.MatchString(traced(t, trace)) {
		t.Errorf("nothing found in\n%s", traced(t, trace))
	}
}
