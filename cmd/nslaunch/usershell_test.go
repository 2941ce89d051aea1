package main

import (
	"os"
	"path"
	"testing"

	"github.com/nslaunch/nslaunch/internal/passwd"
)

// A SHELL that is not an absolute path would be another program in each directory. The entry in /etc/passwd then counts.
func TestCallersShell(t *testing.T) {
	t.Setenv("SHELL", "/usr/bin/zsh")
	if got := callersShell(); got != (userShell{"/usr/bin/zsh", "SHELL"}) {
		t.Errorf("with SHELL: %+v", got)
	}
	entry := passwd.ByID(os.Getuid()).Shell
	for _, value := range []string{"", "bash", "./bash"} {
		t.Setenv("SHELL", value)
		got := callersShell()
		if !path.IsAbs(got.path) || got.source == "SHELL" || got.path != entry && got.path != everyShell {
			t.Errorf("with SHELL=%q and %q in /etc/passwd: %+v", value, entry, got)
		}
	}
	if got := shellIn([]string{"HOME=/", "SHELL=/bin/fish"}); got.path != "/bin/fish" {
		t.Errorf("with SHELL in the sandbox: %+v", got)
	}
}
