package main_test

import (
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// Each shell completes what is typed, and runs it: what it prints cannot have been typed.
func TestCompletionInShells(t *testing.T) {
	nstest.Require(t, nstest.Tools("bash", "zsh", "fish"))
	nslaunch := nstest.Nslaunch(t)
	for _, shell := range []struct {
		name, load, prompt string
		argv               []string
	}{
		{"bash", "PS1='rea''dy> '; source <(nslaunch completion bash)", "ready> ", []string{"bash", "--norc", "--noprofile", "-i"}},
		{"zsh", "PROMPT='rea''dy> '; autoload -Uz compinit; compinit -u -D; source <(nslaunch completion zsh)", "ready> ",
			[]string{"zsh", "-f", "-i"}},
		{"fish", "function fish_prompt; echo -n 'rea''dy> '; end; nslaunch completion fish | source", "ready> ",
			[]string{"fish", "--no-config", "-i"}},
	} {
		t.Run(shell.name, func(t *testing.T) {
			u := nstest.Superuser(t)
			dir := u.TempDir(t)
			u.WriteFile(t, filepath.Join(dir, "profile.toml"), "version = 1\ncommand = [\"true\"]\n")
			u.WriteFile(t, filepath.Join(dir, "wrong.toml"), "version = 2\n")
			u.WriteFile(t, filepath.Join(dir, "other.text"), "")
			cmd := u.Command(t, shell.argv[0], shell.argv[1:]...)
			cmd.Dir = dir
			cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(nslaunch)+":/usr/bin:/bin", "HOME="+dir, "TERM=vt100")
			term := u.StartTerminal(t, cmd)
			term.Send(shell.load + "\r")
			term.Expect(shell.prompt)
			for _, typed := range []struct{ keys, prints string }{
				{"nslaunch ver\t\r", ", go1."},                                            // a command
				{"nslaunch version --js\t\r", "\"version\": "},                            // a flag
				{"nslaunch check wr\t\r", "wrong.toml:1:11: "},                            // a profile as an argument
				{"nslaunch plan --colo\t nev\t prof\t\r", "  execute true"},               // a value, and after it a profile
				{"nslaunch plan --propagation=unb\t\r", "make / unbindable"},              // a value after =
				{"nslaunch plan --set netw\tdo\t prof\t\r", "needs --set namespaces.net"}, // a key, and its value
				{"nslaunch run --new user,ut\t-- echo 4''2\r", "42"},                      // on a list
				{"nslaunch help ve\t\r", "usage: nslaunch version"},                       // a command as an argument
				{"nslaunch prof\t\r", shell.prompt},                                       // a profile as a command
			} {
				term.Send(typed.keys)
				term.Expect(typed.prints)
				if typed.prints != shell.prompt {
					term.Expect(shell.prompt)
				}
			}
		})
	}
}
