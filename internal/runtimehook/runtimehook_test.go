package runtimehook_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// A build without the hooks launches as any other does, for a while, too. It has no portable image, and says so.
func TestWithoutHooks(t *testing.T) {
	u := nstest.Superuser(t)
	dir := u.TempDir(t)
	program := filepath.Join(dir, "nslaunch")
	build := exec.Command("go", "build", "-buildvcs=false", "-tags", "nolinkname", "-o", program, "github.com/nslaunch/nslaunch/cmd/nslaunch")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	nstest.MustRun(t, build)
	// It takes longer than a launcher waits before a resident replaces it.
	profile := u.WriteFile(t, filepath.Join(dir, "p.toml"), "version = 1\nnamespaces = \"new\"\ncommand = [\"sh\", \"-c\", \"sleep 0.3; echo process $$; exit 7\"]\n")
	if got := nstest.Run(t, u.Command(t, program, profile)); got.Status != 7 || got.Stdout != "process 2\n" || got.Stderr != "" {
		t.Errorf("%+v", got)
	}
	portable := u.Command(t, program, profile)
	portable.Env = append(portable.Env, "NSLAUNCH_IMAGE=portable")
	const want = "the sealed image cannot be executed (NSLAUNCH_IMAGE asks for it), and this build has no portable one"
	if got := nstest.Run(t, portable); got.Status != 125 || !strings.Contains(got.Stderr, want) {
		t.Errorf("%+v; want %q", got, want)
	}
	init := exec.Command(program, "3")
	init.Args[0] = "nslaunch-init"
	if got := nstest.Run(t, init); got.Status != 125 || got.Stderr != "nslaunch: child: this build has no portable image\n" {
		t.Errorf("as the image: %+v", got)
	}
}
