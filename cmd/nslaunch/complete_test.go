package main

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// words are those of the offers, in order.
func offered(line ...string) []string {
	var all []string
	for _, o := range manual.Complete(commands, line[:len(line)-1], line[len(line)-1]) {
		all = append(all, o.Word)
	}
	return all
}

func TestComplete(t *testing.T) {
	t.Chdir("../../examples")
	for line, want := range map[string]string{
		"pl":                             "plan",
		"hel":                            "help hello.toml",
		"--na":                           "--name",
		"help ve":                        "version",
		"check he":                       "hello.toml",
		"check --json he":                "hello.toml",
		"check hello.toml ut":            "uts.toml",
		"check ../exam":                  "../examples/",
		"check ../examples/ut":           "../examples/uts.toml",
		"plan --sy":                      "--syscalls",
		"plan --propagation sl":          "slave slave+shared",
		"plan --propagation=sl":          "--propagation=slave --propagation=slave+shared",
		"run --new us":                   "user",
		"run --new user,ne":              "user,net",
		"run --new user,us":              "",
		"run --join p":                   "pid=",
		"run --join net,ut":              "net,uts=",
		"run --join al":                  "all=",
		"run --join pid=/":               ":files",
		"run --join pid=p":               "pid=pid:",
		"run --cwd ":                     ":files",
		"run --new net -- l":             ":files",
		"hello.toml ":                    ":files",
		"run hello.toml -":               ":files",
		"run --status-fd ":               "",
		"run --frob ":                    strings.Join(offered("run", "")[:1], ""),
		"ns --type ut":                   "uts",
		"ns --type net,ut":               "net,uts",
		"ns --output NS":                 "NS NSFS",
		"completion z":                   "zsh",
		"completion zsh ":                "",
		"plan --color n":                 "never",
		"version --log-format=j":         "--log-format=json",
		"unit --user hel":                "hello.toml",
		"unit --setenv A=b hel":          "hello.toml",
		"doctor he":                      "hello.toml",
		"plan --capabilities no":         "none",
		"plan --color=always --proc=hos": "--proc=host",
		"run --set limits.mem":           "limits.memory=",
		"run --set mounts.ro.":           "mounts.ro.add= mounts.ro.remove=",
		"run --set proc.mode=n":          "proc.mode=new proc.mode=none",
		"run --set=proc.mode=n":          "--set=proc.mode=new --set=proc.mode=none",
		"shell --set root.readonly=":     "root.readonly=true root.readonly=false",
		"run --var job=":                 "",
		"run --var job=7 he":             "hello.toml",
		"run --name ":                    "",
		"explain ut":                     "uts.toml",
		"explain --sv":                   "--svg",
		"show preset:b":                  "preset:base preset:build",
		"show --origin hello.toml hostn": "hostname",
		"preset:de":                      "preset:dev",
		"shell ut":                       "uts.toml",
		"exec --ns us":                   "user",
		"exec --terminal p":              "pty",
		"logs -":                         "--color --follow --lines --log-format --help",
		"stop --time ":                   "",
		"doctor --set proc.mode=h":       "proc.mode=host",
	} {
		got := strings.Join(offered(strings.Split(line, " ")...), " ")
		if line == "run --frob " && strings.HasPrefix(got, want) {
			continue
		}
		if got != want {
			t.Errorf("%q: got %q; want %q", line, got, want)
		}
	}
}

// Sandboxes complete by their names while they run.
func TestCompleteSandboxes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces.uts = \"new\"\nnamespaces.user = \"new\"\nname = \"completed\"\ncommand = [\"sleep\", \"1000\"]\n")
		lines := map[string]string{
			"exec com":                       name + "\tp.toml\n",
			"stop com":                       name + "\tp.toml\n",
			"stop other com":                 name + "\tp.toml\n",
			"stop --time 3s com":             name + "\tp.toml\n",
			"wait com":                       name + "\tp.toml\n",
			"logs -f com":                    name + "\tp.toml\n",
			"run --join uts=com":             "uts=" + name + "\tp.toml\n",
			"run --join=net,uts=com":         "--join=net,uts=" + name + "\tp.toml\n",
			"wait other com":                 "",
			"exec " + name + " -- complete":  ":files\n",
			"exec " + name + " no-such-file": ":files\n",
		}
		for line, want := range lines {
			if got := p.Must(append([]string{"__complete"}, strings.Split(line, " ")...)...); got != want {
				t.Errorf("%q: got %q; want %q", line, got, want)
			}
		}
		p.Must("stop", name)
		if got := p.Must("__complete", "exec", "com"); got != "" {
			t.Errorf("after its end: %q", got)
		}
	})
}

// Every command says what it is, and what its flags and arguments are.
func TestCommands(t *testing.T) {
	common := cli.CommonFlags()
	for c := range commands {
		if c.Examples == nil && c.Name != "help" && c.Name != "version" {
			t.Errorf("%s has no example", c.Name)
		}
		if c.Summary == "" || strings.HasSuffix(c.Summary, ".") {
			t.Errorf("%s: %q is no summary", c.Name, c.Summary)
		}
		flags := c.FlagSet()
		for _, f := range common {
			if flags.Lookup(f.Name) == nil {
				t.Errorf("%s has no --%s", c.Name, f.Name)
			}
		}
		for _, f := range c.FlagList() {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s --%s: %q is no usage", c.Name, f.Name, f.Usage)
			}
			if f.Value == "value" {
				t.Errorf("%s --%s has no word for its value", c.Name, f.Name)
			}
		}
		for i, a := range c.Args {
			if (a.Word == "") == (a.Words == nil) || (a.Kind == cli.Word) == (a.Words == nil) {
				t.Errorf("%s: nothing completes %s", c.Name, a)
			}
			if a.Many && i+1 < len(c.Args) {
				t.Errorf("%s: there is an argument after %s", c.Name, a)
			}
		}
	}
}
