package main

import (
	"errors"
	"os"
	"path"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/internal/passwd"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

// everyShell is the shell of a sandbox that does not have the user's.
const everyShell = "/bin/sh"

// userShell is the shell that runs where no command is given.
type userShell struct {
	path   string
	source string // where the path is from, for messages
}

// callersShell returns the shell of the caller: $SHELL, or else that of the entry in /etc/passwd.
func callersShell() userShell {
	if s := os.Getenv("SHELL"); path.IsAbs(s) {
		return userShell{s, "SHELL"}
	}
	s := passwd.ByID(os.Getuid()).Shell
	if base := path.Base(s); !path.IsAbs(s) || base == "nologin" || base == "false" { // the user has no shell
		s = everyShell
	}
	return userShell{s, "your shell in /etc/passwd"}
}

// shellIn returns the shell of a running sandbox: SHELL in the environment of its command, or else the caller's.
func shellIn(env []string) userShell {
	for _, v := range env {
		if s, ok := strings.CutPrefix(v, "SHELL="); ok && s != "" {
			return userShell{s, "SHELL of the sandbox"}
		}
	}
	return callersShell()
}

// argv returns the command that runs the shell.
func (s userShell) argv() []string { return []string{s.path} }

// instead returns a plan that runs /bin/sh, after a plan that runs this shell failed because the sandbox does not have it. It
// returns nil if the launch failed for another reason, or if the command is not a shell: then s is nil.
func (s *userShell) instead(v *cli.Voice, plan *launcher.Plan, err error) *launcher.Plan {
	var failed *launcher.StepError
	if s == nil || s.path == everyShell || !errors.As(err, &failed) || !failed.Missing && !failed.NotExecutable {
		return nil
	}
	other, err := launcher.WithCommand(plan, []string{everyShell})
	if err != nil {
		return nil
	}
	why := "which the sandbox does not have"
	if failed.NotExecutable {
		why = "which cannot be executed in the sandbox"
	}
	v.Notef("%s is %s, %s: %s runs instead", s.source, quote.Word(s.path), why, everyShell)
	return other
}
