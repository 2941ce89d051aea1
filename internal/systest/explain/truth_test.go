package explain

import (
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// marked is a pattern of an argument that no other process has. It does not match itself.
const marked = "98765[.]4321"

// try says which of its arguments are missing or cannot be changed. touch(1) tries that, as writing would change the machine of the test.
const try = `export LC_ALL=C
try() { for p; do [ -e "$p" ] || [ -L "$p" ] || echo "missing $p"; done; touch -c "$@" 2>&1; }
see() {
	if [ -d "$1" ]; then [ -z "$(ls -A "$1" 2>&1)" ] && echo "empty $1"; else [ "$(head -c1 "$1" 2>/dev/null | wc -c)" = 0 ] && echo "empty $1"; fi
}
`

// What explain says of a profile is what a sandbox of it can do: for every example that this machine can run, and every preset, and
// for profiles in which each kind of place is.
func TestTruth(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		examples, err := filepath.Glob("../../../examples/*.toml")
		if err != nil {
			t.Fatal(err)
		}
		ran, tried := 0, 0
		for _, file := range examples {
			text := systest.ReadFile(t, file)
			t.Run(filepath.Base(file), func(t *testing.T) {
				w := newWorld(t, u)
				u.WriteFile(t, filepath.Join(w.Dir, "p.toml"), text)
				ran++
				if w.hold(t, "./p.toml") {
					tried++
				}
			})
		}
		if ran == len(examples) && tried < 18 {
			t.Errorf("only %d examples can be explained here", tried)
		}
		for _, preset := range config.Presets() {
			t.Run(preset, func(t *testing.T) {
				if w := newWorld(t, u); !w.hold(t, preset) {
					t.Error("it cannot be explained")
				}
			})
		}
		for name, text := range ownProfiles() {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, u)
				w.Write(text)
				if !w.hold(t, "./p.toml") {
					t.Error("it cannot be explained")
				}
			})
		}
	})
}

// ownProfiles are profiles with what no example has.
func ownProfiles() map[string]string {
	const all = "namespaces = \"new\"\nidmap = \"keep\"\nproc = \"new\"\n"
	return map[string]string{
		"read-only host": all + "root = { readonly = true }\n[mounts]\ntmpfs = [\"/tmp\"]\nrw = [\"${cwd}\"]\nmasked = [\"${cwd}/secret\"]\n",
		"home hidden":    all + "[mounts]\n\"${home}\" = { type = \"tmpfs\" }\nrw = [\"${cwd}\"]\n",
		"overlays": all + "root = { overlay = \"tmpfs\" }\n[mounts]\n\"${cwd}\" = { type = \"overlay\", lower = [\"${cwd}\"] }\n" +
			"\"/mnt\" = { type = \"overlay\", lower = [\"/usr/share\"], dir = \"${state}/explain\", create = true }\n",
		"another path": all + "root = \"tmpfs\"\n[mounts]\nro = [\"/usr\", \"-/bin\", \"-/lib\", \"-/lib64\"]\n\"/work\" = { rw = \"${cwd}\" }\n" +
			"\"/note\" = { type = \"file\", content = \"text\" }\n\"/fixed\" = { type = \"file\", content = \"text\", readonly = true }\n",
		"no network at all": "namespaces = { user = \"new\", net = \"new\" }\nnetwork = \"down\"\n",
		"flags of a user":   "namespaces = { user = \"new\", mount = \"new\", pid = \"new\" }\nproc = \"none\"\n[process]\nno_new_privs = false\n",
	}
}

// hold compares what is said of a profile with a sandbox of it. It returns false if the profile cannot be run here.
func (w *world) hold(t *testing.T, profile string) bool {
	w.T = t
	flags := []string{"--set", "limits.timeout=infinity", "--set", "command.args=replace"}
	s, refused := w.explained(append(flags, profile, "--", "sh")...)
	if refused != "" {
		t.Log(refused)
		return false
	}
	outside := w.User.Command(t, "sleep", strings.ReplaceAll(marked, "[.]", "."))
	if err := outside.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = outside.Process.Kill(); _ = outside.Wait() }()

	script := try
	settings := []string{"/proc/sys/kernel/core_pattern", "/sys/kernel/rcu_expedited", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/unified/cgroup.procs"}
	var all []string
	for _, p := range s.Places {
		all = append(all, "'"+p.Path+"'")
		if p.Access == "hidden" {
			script += "see '" + p.Path + "'\n"
		}
		settings = append(settings, p.Path+"/sys/kernel/core_pattern", p.Path+"/kernel/rcu_expedited", p.Path+"/cgroup.procs")
	}
	script += "try " + strings.Join(all, " ") + "\n"
	script += "id -u; id -g; [ -e " + w.home + "/secret ] && echo home; [ -e " + w.elsewhere + " ] && echo elsewhere\n" +
		"(echo x >" + w.Dir + "/marker) 2>/dev/null && echo marker\n" +
		"grep -E '^(CapEff|NoNewPrivs):' /proc/self/status; stat -L -c 'net %i' /proc/self/ns/net; grep -q 127.0.0.1 /proc/self/net/fib_trie && echo loopback\n" +
		"for f in '" + strings.Join(settings, "' '") + "'; do [ -e \"$f\" ] && (: >>\"$f\") 2>&- && echo settings; done\n" +
		"read -r pid rest </proc/self/stat && [ \"$pid\" = $$ ] && echo self && tr '\\0' '\\n' </proc/$$/environ | sed 's/^/env /'\n" +
		"cat /proc/[0-9]*/cmdline 2>/dev/null | grep -q " + marked + " && echo sees\ntrue\n"
	got := w.run(append([]string{"run"}, append(flags, profile, "--", "sh", "-c", script)...)...)
	if got.Status != 0 {
		t.Fatalf("it is explained and does not run: %+v", got)
	}
	lines := map[string]bool{}
	for line := range strings.Lines(got.Stdout) {
		lines[strings.TrimSpace(line)] = true
	}
	for _, p := range s.Places {
		w.place(t, p, s.User.HostUID, lines)
	}
	w.rest(t, s, lines)
	if t.Failed() {
		t.Logf("the sandbox says\n%s", got.Stdout)
	}
	return true
}

// place compares a place with what a try of it came to.
func (w *world) place(t *testing.T, p place, uid *int64, lines map[string]bool) {
	is := func(result string) bool { return lines[result+" "+p.Path] }
	denied, readonly := false, false
	for line := range lines {
		if strings.HasPrefix(line, "touch: ") && strings.Contains(line, "'"+p.Path+"': ") {
			readonly = strings.HasSuffix(line, ": Read-only file system")
			denied = !readonly
		}
	}
	own := strings.HasPrefix(p.Path, "/dev") || strings.HasPrefix(p.Path, "/proc")
	switch {
	case p.Shows == "device", p.Shows == "socket", is("missing") && own:
	case is("missing"):
		t.Errorf("%+v is not there", p)
	case p.Access == "hidden":
		if !is("empty") {
			t.Errorf("%+v can be seen", p)
		}
	case p.Access == "read":
		if !readonly {
			t.Errorf("%+v can be written to, or not because of that", p)
		}
	case p.Access != "write":
		t.Errorf("%+v has no access", p)
	case readonly:
		t.Errorf("%+v is read-only", p)
	case denied && p.Shows == "host" && (uid == nil || *uid != int64(w.User.UID)): // it is another user
	case denied && p.Shows == "host":
		if cmd := w.User.Command(t, "touch", "-c", p.Source); nstest.Run(t, cmd).Status == 0 {
			t.Errorf("%+v can be written to outside, and not inside", p)
		}
	case denied && !own:
		t.Errorf("%+v cannot be written to", p)
	}
}

// rest compares all that is not said of places.
func (w *world) rest(t *testing.T, s *summary, lines map[string]bool) {
	want := func(what string, got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("%s: the sandbox says %v, explain %v", what, got, want)
		}
	}
	want("the home directory is shown", lines["home"], s.Home != nil && s.Home.Path == w.home && s.Home.Access != "hidden" || s.shows(w.home+"/secret"))
	want("a file elsewhere is shown", lines["elsewhere"], s.shows(w.elsewhere))
	project := s.around(w.Dir)
	_, err := os.Stat(filepath.Join(w.Dir, "marker"))
	want("a file in the project is kept", err == nil, lines["marker"] && project.Kept && project.Changes == "" && s.shows(w.Dir))
	if id := s.User.HostUID; s.shows(w.Dir) && id != nil && *id == int64(w.User.UID) {
		want("the project can be written to", lines["marker"], project.Access == "write")
	}
	if id := s.User.UID; id == nil || !lines[fmt.Sprint(*id)] {
		t.Errorf("the uid is not %v", id)
	}
	if id := s.User.GID; id == nil || !lines[fmt.Sprint(*id)] {
		t.Errorf("the gid is not %v", id)
	}
	if id := s.User.HostUID; lines["marker"] && err == nil && id != nil {
		uid, _ := systest.Owner(t, filepath.Join(w.Dir, "marker"))
		if int64(uid) != *id {
			t.Errorf("what it writes is owned by %d, and it is %d on the host", uid, *id)
		}
	}
	if s.Processes.Sees == "none" {
		return // nothing more can be asked
	}
	want("it sees a process of the host", lines["sees"], s.Processes.Sees == "host")
	want("loopback is up", lines["loopback"], s.Network.Of == "host" || s.Network.Loopback)
	net := systest.NamespacesOf(t, "/proc/self")[config.Net]
	want("the network is the host's", lines[fmt.Sprintf("net %d", net)], s.Network.Of == "host")
	want("no_new_privs is set", lines["NoNewPrivs:\t1"], s.User.NoNewPrivs)
	if uid := s.User.HostUID; uid == nil || *uid == 0 {
		want("the kernel's settings can be written to", lines["settings"], s.gap("settings") != "")
	} else if s.gap("settings") != "" || lines["settings"] && s.gap("cgroups") == "" {
		t.Errorf("it can write to settings: %v, and explain says %q", lines["settings"], s.gap("settings")+s.gap("cgroups"))
	}
	w.environment(t, s, lines)
	for line := range lines {
		if value, ok := strings.CutPrefix(line, "CapEff:\t"); ok {
			set, err := strconv.ParseUint(value, 16, 64)
			if err != nil || bits.OnesCount64(set) != len(s.User.Capabilities) {
				t.Errorf("it has the capabilities %s, and explain says %v", value, s.User.Capabilities)
			}
		}
	}
}
