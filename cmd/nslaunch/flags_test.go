package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
)

func TestBindPaths(t *testing.T) {
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for v, want := range map[string]string{
		"/a:/b":                      "/a /b",
		"/a":                         "/a /a",
		"/a/:/b//c/":                 "/a/ /b/c",
		".":                          cwd + " " + cwd,
		"x:/b":                       cwd + "/x /b",
		"../x:/":                     cwd[:strings.LastIndexByte(cwd, '/')] + "/x /",
		"${env:HOME}:/b":             "${env:HOME} /b",
		"${env:HOME:-/a:b}/x:${cwd}": "${env:HOME:-/a:b}/x ${cwd}",
		"":                           "want SRC:DST, or SRC",
		":/b":                        "want SRC:DST, or SRC",
		"/a:":                        `want an absolute path inside the sandbox, got ""`,
		"/a:b":                       `want an absolute path inside the sandbox, got "b"`,
		"/a:/b:ro":                   "there are no options after DST: write --ro-bind /a:/b",
		"/a:/b:rw":                   "there are no options after DST: write --bind /a:/b",
		"/a:/b:Z":                    "there are no options after DST: write --bind /a:/b",
		"/a b:/c:ro":                 "there are no options after DST: write --ro-bind '/a b:/c'",
		"/a:/b:/c":                   `want one ":" between SRC and DST (a path with a ":" needs --set 'mounts."/DST".rw=/SRC')`,
	} {
		src, dst, err := bindPaths(v)
		got := src + " " + dst
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q; want %q", v, got, want)
		}
	}
}

// settingsOf are what flags come to in the language of profiles.
func settingsOf(t *testing.T, words ...string) []config.Setting {
	t.Helper()
	var r request
	fs := flag.NewFlagSet("run", flag.ContinueOnError)
	r.addFlags(fs)
	if err := fs.Parse(words); err != nil {
		t.Fatal(err)
	}
	return r.settings
}

func TestImpliedNamespaces(t *testing.T) {
	for line, want := range map[string]string{
		"--hostname x":                           "uts by --hostname, user for --hostname",
		"--bind /a --hostname x --tmpfs /b":      "mount by --bind, uts by --hostname, user for --bind",
		"--ro-bind /":                            "mount by --ro-bind, user for --ro-bind",
		"--network down":                         "net by --network, user for --network",
		"--proc new":                             "mount by --proc, pid by --proc, user for --proc",
		"--proc none":                            "mount by --proc, user for --proc",
		"-p --proc new":                          "mount by --proc, user for -p",
		"--new pid,mount --proc new":             "user for --new pid",
		"--mount-proc":                           "mount by --mount-proc, pid by --mount-proc, user for --mount-proc",
		"--proc host":                            "",
		"--idmap keep":                           "user by --idmap",
		"-n --map-root-user":                     "user by --map-root-user",
		"-n -U":                                  "",
		"-U --hostname x":                        "uts by --hostname",
		"-n -u":                                  "user for -n",
		"--new all --hostname x":                 "",
		"--join uts=pid:1 --hostname x":          "",
		"--join net=pid:1 --hostname x":          "uts by --hostname",
		"--timeout 5s --cwd / --name x":          "",
		"--setenv A=b --capabilities none":       "",
		"--set hostname=x":                       "",
		"--set namespaces.net=new":               "user for --set namespaces.net=new",
		"--set namespaces.user=host --new net":   "",
		"--set namespaces=new --hostname x":      "",
		"--set namespaces.uts=host --hostname x": "",
		"--new net --set namespaces.uts=host":    "user for --new net",
		"--propagation slave --terminal pty":     "mount by --propagation, user for --propagation",
		"--unsetenv A --var a=b --chdir /":       "",
	} {
		settings := settingsOf(t, strings.Fields(line)...)
		var all []string
		implied := impliedNamespaces(settings)
		for _, s := range implied {
			if s.Value != "new" {
				t.Errorf("%s: %+v", line, s)
			}
			all = append(all, strings.TrimPrefix(s.Key, "namespaces.")+" by "+s.From)
		}
		if s := needsUser(append(settings, implied...)); s.From != "" {
			all = append(all, "user for "+flagOf(s))
		}
		if got := strings.Join(all, ", "); got != want {
			t.Errorf("%s: got %q; want %q", line, got, want)
		}
	}
}

func TestKeepsProc(t *testing.T) {
	for line, want := range map[string]bool{
		"-p": true, "--new user,pid": true, "--set namespaces.pid=new": true, "-p -n --hostname x": true,
		"": false, "-n": false, "-p -m": false, "--new all": false, "-p --mount-proc": false, "-p --proc host": false,
		"-p --tmpfs /x": false, "--set namespaces=new": false, "--join pid=pid:1": false,
	} {
		settings := settingsOf(t, strings.Fields(line)...)
		if got := keepsProc(append(settings, impliedNamespaces(settings)...)); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// Each example of the documentation is as it says.
func TestDocsFlags(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| flags | the same in a profile |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	t.Setenv("A", "of the caller")
	vars := config.CallerVars()
	tree := func(settings []config.Setting) string {
		settings = append(settings, impliedNamespaces(settings)...)
		r, err := config.Resolve("", vars, append(settings, config.Setting{Key: "command", Value: []string{"true"}, From: "command line"})...)
		if err != nil {
			t.Error(err)
			return ""
		}
		tree, _ := r.Tree()
		return fmt.Sprint(tree)
	}
	examples := 0
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(row, "| \n"), " | ")
		var want []config.Setting
		for setting := range strings.SplitSeq(strings.Trim(cells[1], "`"), "` `") {
			key, value, _ := strings.Cut(setting, " = ")
			s := config.Setting{Key: key, Value: config.Text(strings.Trim(value, `"`)), From: "-"}
			if value == "false" {
				s.Value = false
			}
			want = append(want, s)
		}
		for _, flags := range strings.Split(strings.ReplaceAll(cells[0], "` `", " "), ", ") {
			examples++
			if got, want := tree(settingsOf(t, strings.Fields(strings.ReplaceAll(strings.Trim(flags, "`"), "-nu", "-n -u"))...)), tree(want); got != want {
				t.Errorf("%s: got\n%s\nwant\n%s", flags, got, want)
			}
		}
	}
	if examples < 20 {
		t.Errorf("%d examples", examples)
	}
}

// Of two flags for one target the later counts.
func TestLaterMount(t *testing.T) {
	settings := settingsOf(t, "--bind", "/a:/x", "--tmpfs", "/y", "--ro-bind", "/b:/x/")
	if got := fmt.Sprint(settings); got != `[{mounts."/y" map[type:tmpfs] --tmpfs} {mounts."/x" map[ro:/b] --ro-bind}]` {
		t.Error(got)
	}
}

// An ordinary user needs no more flags than root, and sees once why there is a user namespace.
func TestUserNamespaceNote(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		note := ""
		if !u.IsRoot() {
			note = fmt.Sprintf("nslaunch: note: uid %d needs a user namespace for -u, and is root in it (add -r to hide this note, or -c to keep your ids)\n", u.UID)
		}
		got := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", "-u", "--hostname", "fox", "--tmpfs", "/mnt", "--", "sh", "-c", "hostname; ls -A /mnt; id -u"))
		if got.Status != 0 || got.Stdout != "fox\n0\n" || got.Stderr != note {
			t.Errorf("%+v; want the note %q", got, note)
		}
		for flag, id := range map[string]int{"-r": 0, "-c": u.UID} {
			got := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", flag+"un", "--hostname", "fox", "--", "sh", "-c", "hostname; id -u"))
			if want := fmt.Sprintf("fox\n%d\n", id); got.Status != 0 || got.Stdout != want || got.Stderr != "" {
				t.Errorf("%s: %+v; want %q", flag, got, want)
			}
		}
	})
}
