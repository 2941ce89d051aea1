package meant

import (
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	known := []string{"run", "check", "ps", "stop", "exec"}
	for word, want := range map[string]string{
		"chekc": ` (did you mean "check"?)`,
		"Check": ` (did you mean "check"?)`,
		"list":  ` (did you mean "ps"?)`,
		"kill":  ` (did you mean "stop"?)`,
		"top":   ` (did you mean "ps"?)`,
		"rm":    " (nothing of a sandbox is left when it ends; nslaunch stop ends one that runs)",
		"pull":  " (nslaunch has no images: its root is a directory)",
		"docs":  "", // man is not among them
		"frob":  "",
		"":      "",
	} {
		if got := Command(word, known); got != want {
			t.Errorf("Command(%q) = %q, want %q", word, got, want)
		}
	}
}

// typed is a flag as a line has it: "--net=none" or "-v A B".
func typed(line string) Typed {
	name, rest, _ := strings.Cut(line, " ")
	name, value, assigned := strings.Cut(strings.TrimLeft(name, "-"), "=")
	if assigned {
		return Typed{Name: name, Args: []string{value}, Assigned: true}
	}
	return Typed{Name: name, Args: strings.Fields(rest)}
}

func TestFlag(t *testing.T) {
	known := []string{"set", "detach", "new", "hostname", "n", "bind", "ro-bind", "json", "join"}
	for line, want := range map[string]string{
		"--detatch":                      " (did you mean --detach?)",
		"--hostnam x":                    " (did you mean --hostname?)",
		"-v /a:/b":                       " (write --bind /a:/b)",
		"-v":                             " (write --bind SRC:DST)",
		"-v --detach":                    " (write --bind SRC:DST)",
		"-v=/a:/b:z,ro":                  " (write --ro-bind /a:/b)",
		"-e A=b":                         "", // --setenv is not among them
		"--env A=b":                      "", // nor is it --new
		"--net=host":                     " (write --set namespaces.net=host)",
		"--net none":                     " (write --new net)",
		"--unshare-user-try":             " (write --new user)",
		"--user 1000":                    " (write --set process.uid=1000)",
		"--user":                         " (write --new user)",
		"--user -- true":                 " (write --new user)",
		"--rm":                           " (leave it out: nothing of a sandbox is left when it ends)",
		"-z":                             "",
		"--symlink a /b":                 ` (write --new mount --set 'mounts."/b".type=symlink' --set 'mounts."/b".to=a')`,
		"--symlink a":                    ` (write --new mount --set 'mounts."PATH".type=symlink' --set 'mounts."PATH".to=a')`,
		`--dir /a"b`:                     ` (write --new mount --set 'mounts."PATH".type=dir')`,
		"--private=/a":                   ` (write --bind /a:"$HOME")`,
		"--private=/a;b":                 ` (write --bind DIR:"$HOME")`,
		"--read-only":                    " (write --new mount --set root.readonly=true)",
		"-t 7":                           " (write --join all=pid:7; leave out the short flags after it)",
		"-t 7 -n -m true":                " (write --join net,mount=pid:7; leave out the short flags after it)",
		"-t":                             " (leave it out: the command uses your terminal anyway)",
		"--boottime 100":                 " (write --new time --set time.boottime=+100s)",
		"--monotonic=-5":                 " (write --new time --set time.monotonic=-5s)",
		"-u true":                        "",
		"-i x.raw":                       " (nslaunch needs a directory as the root: --new all --bind DIR:/ --set dev=minimal)",
		"--map-users 0:5:1":              " (write it in a profile: idmap.uid = [{ inside = 0, outside = 1000, count = 1 }])",
		"--read-only=/etc":               " (write --ro-bind /etc)",
		"--mount type=bind,src=/a,dst=b": " (write --bind /a:b)",
		"--mount type=bind,src=/a":       " (nslaunch mounts what --bind, --ro-bind and --tmpfs name)",
		"--mount":                        " (write --new mount)",
		"--device /dev/a:/dev/b:r":       ` (write --bind /dev/a:/dev/b --set 'mounts."/dev/b".options=dev')`,
		"--unshare-":                     "",
		"--unshare-foo":                  "",
		"--rlimit-=1":                    "",
		"--ulimit nofile=-1":             "",
		"--stop-timeout -1":              "",
		"--overlay=:":                    ` (write it in a profile: mounts."/DST" = { type = "overlay", lower = ["/SRC"] })`,
		"-dit":                           " (write --detach)",
	} {
		if got, _ := Flag("run", typed(line), known); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
	if got, _ := Flag("version", typed("--rm"), []string{"json"}); got != "" {
		t.Errorf("a command without sandboxes: %q", got)
	}
	if got, _ := Flag("exec", typed("-d x"), []string{"ns"}); got != " (exec waits for its command: add & at the end of the line)" {
		t.Errorf("exec -d: %q", got)
	}
}

// What follows a flag is its value only if a hint has read it as one.
func TestFlagOwn(t *testing.T) {
	known := []string{"set", "new", "bind", "cwd", "join", "ro-bind"}
	for line, want := range map[string]int{
		"--rm -it":            0,
		"-it preset:dev":      0,
		"-v /a:/b -w /":       1,
		"-v=/a:/b -w /":       0,
		"--volume=/a:/b x":    0,
		"-D root -x":          1,
		"-D -x":               0,
		"-t 5 -n":             1,
		"--ro-bind-try /a /b": 2,
		"--bind-try /a /b -x": 2,
		"--uts host":          1,
		"--uts true":          0,
		"--frobnicate x -y":   0,
	} {
		if _, got := Flag("run", typed(line), known); got != want {
			t.Errorf("%s: %d, want %d", line, got, want)
		}
	}
}

// A row has something to write, or a note.
func TestRows(t *testing.T) {
	for _, f := range foreignFlags() {
		if (f.write == "" && f.as == nil) == (f.note == "") && f.names != "mount" {
			t.Errorf("%+v: want either what to write or a note", f)
		}
		if strings.Contains(f.write, "  ") || strings.HasSuffix(f.note, ".") {
			t.Errorf("%+v", f)
		}
	}
}
