// Package commands tests the command line: what the commands print, and that bad profiles and hostile names do no
// harm.
package commands

import (
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts of testdata/script run the real binary, an idea each.
func TestScripts(t *testing.T) {
	nstest.Require(t, nstest.Namespaces("user", "mnt", "pid", "uts", "net"))
	bin := filepath.Dir(nstest.Nslaunch(t))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("SHELL", "/bin/sh")
			return nil
		},
	})
}
