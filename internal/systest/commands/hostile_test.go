package commands

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// hostileNames are names that would change what a terminal shows, or add a line to it.
var hostileNames = map[string]string{
	"cursor":    "e\x1b[1A\x1b[2K",
	"newline":   "e\n 1  launcher  default    start the stage",
	"return":    "e\r 1  launcher",
	"bidi":      "e\u202egnp",
	"isolate":   "e\u2066x\u2069",
	"no width":  "e\u200b\ufeff\u2060",
	"no glyph":  "e\u3164\u115f\u2800",
	"c1":        "e\u009b2K\u0085",
	"separator": "e\u2028x",
	"tag":       "e\U000e0041",
	"delete":    "e\x7f\x08",
	"not utf-8": "e\xff\xc2",
}

var paints = regexp.MustCompile("\x1b\\[[0-9;]*m")

// forged returns the characters of a text that could forge it, for who looks at a terminal.
func forged(text string) []string {
	var all []string
	if !utf8.ValidString(text) {
		all = append(all, "not UTF-8")
	}
	for _, r := range text {
		blank := r == '\u2800' || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		if r != '\n' && (blank || !unicode.IsPrint(r)) && r != utf8.RuneError {
			all = append(all, fmt.Sprintf("%U", r))
		}
	}
	return all
}

// hostileRun runs a command and demands that nothing in its output can forge a line, and that it has as many
// lines as with a harmless name.
type hostileRun struct {
	t    *testing.T
	name string // that is hostile
}

func (h hostileRun) wants(what string, cmd *exec.Cmd, shows bool) string {
	h.t.Helper()
	got := nstest.Run(h.t, cmd)
	text := paints.ReplaceAllString(got.Stdout+got.Stderr, "")
	if bad := forged(strings.ReplaceAll(text, "\t", "")); bad != nil {
		h.t.Errorf("%s: the output has %v:\n%q", what, bad, text)
	}
	if strings.Contains(text, h.name) {
		h.t.Errorf("%s: the output has the name as it is: %q", what, text)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, " 1  launcher  default    start the stage") && strings.Contains(h.name, "\n") {
			h.t.Errorf("%s: the name has added a line:\n%s", what, text)
		}
	}
	if shows && !strings.Contains(text, "e$") && !strings.Contains(text, `e\`) && !strings.Contains(text, "$'e") {
		h.t.Errorf("%s: the output does not show the name: %q", what, text)
	}
	return got.Stdout
}

// What names are called, whoever chose them, cannot forge what nslaunch prints.
func TestHostileNames(t *testing.T) {
	u := nstest.Ordinary(t)
	nstest.CheckNothingLeft(t)
	for what, name := range hostileNames {
		t.Run(what, func(t *testing.T) {
			h := hostileRun{t, name}
			p := systest.NewWorkplace(t, u)
			valid := utf8.ValidString(name) // else it cannot stand in a profile
			host := filepath.Join(p.Dir, name)
			if err := os.Mkdir(host, 0o755); err != nil {
				t.Fatal(err)
			}
			u.Own(t, host)
			text := `"x"`
			if valid {
				text = config.TOMLValue(name)
			}
			inner := text[1 : len(text)-1]

			// A file system: the profile's own name, and the directory it is in.
			profile := filepath.Join(host, name+".toml")
			u.WriteFile(t, profile, fmt.Sprintf(`version = 1
command = ["/usr/bin/sh", "-c", "sleep 77", "%s"]
root = "tmpfs"
[namespaces]
user = "new"
mount = "new"
pid = "new"
[mounts]
"/tmp/%[1]s" = { type = "tmpfs" }
ro = ["/usr", "-/bin", "-/lib", "-/lib64"]
"/mnt" = { ro = "${env:HOSTILE:-/etc}" }
"/opt/%[1]s" = { type = "symlink", to = "%[1]s" }
"/srv" = { type = "file", content = "%[1]s" }
[env]
inherit = []
[env.set]
X = "%[1]s"
`, inner))
			command := func(args ...string) *exec.Cmd {
				cmd := p.Command(args...)
				cmd.Env = append(cmd.Env, "HOSTILE="+host)
				return cmd
			}
			h.wants("plan", command("plan", profile), true)
			h.wants("plan, drawn", command("--color", "always", "plan", profile), true)
			h.wants("plan --json", command("plan", "--json", profile), true)
			h.wants("plan --syscalls", command("plan", "--syscalls", profile), true)
			h.wants("check", command("check", "--host", profile), false)
			h.wants("check --json", command("check", "--host", "--json", profile), false)
			h.wants("unit", command("unit", "--user", profile), false)
			h.wants("unit --json", command("unit", "--user", "--json", profile), false)
			if what == "cursor" || what == "newline" { // it tries a lot else
				h.wants("doctor", command("doctor", profile), true)
			}
			h.wants("shell", command("shell", profile), false)
			h.wants("completion", command("__complete", "run", p.Dir+"/"), false)
			for _, args := range [][]string{{"show", profile}, {"show", "--origin", profile}} {
				shown := h.wants(strings.Join(args[:len(args)-1], " "), command(args...), valid)
				u.WriteFile(t, p.Dir+"/shown.toml", shown)
				if !valid {
					continue // a variable whose value is not UTF-8 is refused
				}
				if again := nstest.Run(t, command("show", "shown.toml")); again.Status != 0 || again.Stdout != p.Must("show", "shown.toml") {
					t.Errorf("%s prints what is no profile: %+v", args, again)
				}
			}
			h.wants("show --json", command("show", "--json", "--origin", profile), valid)

			// Errors: of a profile, of the machine, of a step, of a flag, of the command line.
			wrong := u.WriteFile(t, filepath.Join(host, "wrong.toml"), fmt.Sprintf("version = 1\nroot = %q\n\"%s\" = 1\n[limits]\n\"%[2]s\" = \"%[2]s\"\n[mounts]\n\"/x\" = { ro = \"/%[2]s\" }\n", "tmpfs", inner))
			h.wants("check with problems", command("check", wrong), true)
			h.wants("check with problems, --json", command("check", "--json", wrong), true)
			missing := u.WriteFile(t, filepath.Join(host, "missing.toml"), fmt.Sprintf("version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\n[mounts]\n\"/mnt\" = { ro = \"/%s\" }\n\"/opt\" = { ro = \"${env:HOSTILE}/no\" }\n", inner))
			h.wants("check --host with problems", command("check", "--host", missing), true)
			h.wants("no profile", command("plan", host+"/no.toml"), true)
			h.wants("an unknown sandbox", command("exec", name, "true"), true)
			h.wants("an unknown log", command("logs", name), true)
			h.wants("a bad flag", command("run", "--"+name, "true"), true)
			h.wants("a bad value", command("run", "--timeout", name, "--", "true"), true)
			h.wants("a bad --set", command("show", "--set", name+"="+name, profile), true)
			h.wants("no command", command("run", "--new", "user", "--", name), true)
			h.wants("no command, JSON", command("--log-format", "json", "run", "--new", "user", "--", "./"+name), true)
			h.wants("a directory as command", command("run", "--new", "user", "--", host), true)

			// A process, and its namespaces.
			sleeper := u.Command(t, "unshare", "-Ur", "bash", "-c", `echo; exec -a "$0" sleep 77`, name)
			sleeper.Stdout = nil
			if err := sleeper.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() }()
			systest.Until(t, func() bool {
				line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", sleeper.Process.Pid))
				return strings.HasPrefix(string(line), name+"\x00")
			})
			h.wants("ns", command("ns"), true)
			h.wants("ns --json", command("ns", "--json"), true)

			// A record: of a sandbox with such a command, and a file that is none.
			started := strings.TrimSpace(nstest.MustRun(t, command("run", "--detach", "--name", "held", profile)))
			u.WriteFile(t, filepath.Join(p.Records(), name+".json"), "{}\n")
			h.wants("ps", command("ps"), true)
			h.wants("ps --json", command("ps", "--json"), true)
			h.wants("completion of a sandbox", command("__complete", "stop", ""), false)
			h.wants("stop", command("stop", name), true)
			if err := os.Remove(filepath.Join(p.Records(), name+".json")); err != nil {
				t.Fatal(err)
			}
			p.Must("stop", started)
		})
	}
	// The control: printed as they are, these names have what a terminal acts on, or two lines.
	for what, name := range hostileNames {
		if forged(name) == nil && !strings.Contains(name, "\n") {
			t.Errorf("%s is harmless", what)
		}
	}
	p := systest.NewWorkplace(t, u)
	p.Write(`[env.set]
X = "\u001b[2K"
`)
	// A script gets a value as it is, a terminal does not.
	if got := p.Must("show", "./p.toml", "env.set.X"); got != "\x1b[2K\n" {
		t.Errorf("a script gets %q", got)
	}
	term := u.StartTerminal(t, p.Command("show", "./p.toml", "env.set.X"))
	term.Expect(`"\u001b[2K"`)
	term.Wait()
}
