package diagnose

import (
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// A command that only a shell would run: what it is, and the line to write.
func TestUnsplit(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct{ argv, action, want string }{
			{`"npm install"`, `'npm install'`, "\"npm install\" is one string with a space, and no program has that name\n  try: command = [\"npm\", \"install\"]"},
			{`"npm install", "a b"`, `'npm install' 'a b'`, "\"npm install\" is one string with a space, and no program has that name\n  try: command = [\"npm\", \"install\", \"a b\"]"},
			{`"ls | wc -l"`, `'ls | wc -l'`, "\"ls | wc -l\" is one string with a space, and no program has that name\n  try: command = [\"sh\", \"-c\", \"ls | wc -l\"]"},
			{`"~/bin/x"`, `'~/bin/x'`, "\"~/bin/x\" starts with ~, which only a shell replaces\n  try: write \"${home}/bin/x\" in the profile"},
			{`"$HOME/bin/x"`, `'$HOME/bin/x'`, "\"$HOME/bin/x\" starts with $HOME, which only a shell replaces\n  try: write \"${home}/bin/x\" in the profile"},
			{`"/no dir/x"`, `'/no dir/x'`, "there is no file \"/no dir/x\" in the sandbox\n  try: correct the path, or install what is missing"},
		} {
			trouble{
				profile: "version = 1\nnamespaces = { user = \"new\" }\ncommand = [" + test.argv + "]\n",
				status:  127,
				want:    "p.toml:3:1: command: step #, execute " + test.action + " with LANG PATH TERM: ENOENT\n  " + test.want,
			}.check(t, u)
		}
	})
}
