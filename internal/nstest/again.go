package nstest

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const againVariable = "NSTEST_AGAIN"

// Again is a command of u that runs the same test once more, in a process of
// its own: there it can be another user, or in other namespaces, or do what
// can't be undone. Inside tells the two apart:
//
//	if !nstest.Inside(t) {
//		cmd := nstest.Again(t, u)
//		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS
//		nstest.RunAgain(t, cmd)
//		return
//	}
//
// Cloneflags, not Unshareflags: Go makes / private after the latter.
func Again(t testing.TB, u User) *exec.Cmd {
	t.Helper()
	parts := strings.Split(t.Name(), "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	// The binary as such: its directory may be out of u's reach.
	cmd := u.Command(t, "/proc/self/exe", "-test.run="+strings.Join(parts, "/"), "-test.count=1", "-test.v")
	cmd.Env = append(cmd.Env, againVariable+"="+t.Name(), "NSLAUNCH_REQUIRE="+os.Getenv("NSLAUNCH_REQUIRE"))
	return cmd
}

// RunAgain runs what Again has made. The test ends here as it does there:
// it fails or is skipped, with the output from there, or goes on.
func RunAgain(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	result := Run(t, cmd)
	switch {
	case strings.Contains(result.Stdout, "--- SKIP: "+t.Name()+" "):
		Skip(t, "skipped inside:\n%s", result.Stdout)
	case result.Status != 0 || !strings.Contains(result.Stdout, "--- PASS: "+t.Name()+" "):
		t.Fatalf("inside, status %d:\n%s%s", result.Status, result.Stdout, result.Stderr)
	}
}

// Inside reports whether t runs in a command made by Again.
func Inside(t testing.TB) bool { return os.Getenv(againVariable) == t.Name() }
